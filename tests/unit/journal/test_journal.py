"""The journal keeps what it acknowledged, and nothing else, through every way to die."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from calltally.call_batch import (
    CALL_COLUMNS,
    Conflict,
    Correction,
    Erasure,
    NameUpdate,
    Outcome,
    Refusal,
    RejectedSample,
    Rejection,
)
from calltally.dictionary import DictionaryValue, Kind
from calltally.errors import DamagedDataError
from calltally.journal.durable_mark import DurableMark
from calltally.journal.frame import Frame
from calltally.journal.framing import END
from calltally.journal.journal import Journal, JournalFailedError
from calltally.packed_texts import PackedTexts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def a_frame(status: int = 200, calls: int = 2) -> Frame:
    columns = np.zeros(calls, CALL_COLUMNS)
    columns["status"] = status
    return Frame(received_ms=1_700_000_000_000, calls=columns)


def appended(folder: Path, *frames: Frame, file_bytes: int = 2**26) -> int:
    """Writes frames with a journal of their own and returns the last position."""
    journal = Journal(folder, file_bytes=file_bytes)
    for frame in frames:
        assert journal.durable.wait(journal.append(frame), timeout=10)
    journal.close()
    return journal.appended


def positions(folder: Path, after: int = 0) -> list[int]:
    journal = Journal(folder, after=after)
    try:
        return [position for position, _ in journal.reader(after).read(10**9)]
    finally:
        journal.close()


def only_file(folder: Path) -> Path:
    (path,) = folder.glob("*.frames")
    return path


def test_a_frame_comes_back_as_it_was_appended(folder: Path) -> None:
    frame = Frame(
        received_ms=1_700_000_000_123,
        calls=np.ones(3, CALL_COLUMNS),
        paths=PackedTexts.of(["", "/users/17", "/größe"]),
        values=[DictionaryValue(Kind.ROUTE, 1, 7, "/users/{id}", derived=True)],
        outcomes=[Outcome(1, 19_675, 5, 3, 1, 0, 1)],
        conflicts=[Conflict(1, 1_700_000_000_123, 2**64 - 1, 1, b'{"id":"a"}')],
        names=[NameUpdate(Kind.CLIENT, "acme", "c-1", "Billing")],
        rejections=[Rejection(1, 19_675, "time.too_late", 1)],
        samples=[RejectedSample(1, 1_700_000_000_123, "time.too_late", "time", "is too old", b'{"id":"b"}')],
        refusals=[Refusal(1, 19_675, "busy", 2)],
        correction=Correction(1, 1_700_000_000_123, "ann", "sent in error", "cancel", "{}", 1, 0, 0),
        erasure=Erasure(Kind.USER, 1, "u-1", "erased-1", 1_700_000_000_123, "ann", "asked to"),
    )
    journal = Journal(folder)

    position = journal.append(frame)

    assert journal.durable.wait(position, timeout=10)
    ((read_position, read),) = journal.reader(0).read(10**9)
    assert read_position == position == 1
    assert read.calls.tolist() == frame.calls.tolist()
    assert (read.received_ms, read.values) == (frame.received_ms, frame.values)
    assert read.paths.texts() == ["", "/users/17", "/größe"]
    assert (read.outcomes, read.conflicts, read.names) == (frame.outcomes, frame.conflicts, frame.names)
    assert (read.rejections, read.samples, read.refusals) == (
        frame.rejections,
        frame.samples,
        frame.refusals,
    )
    assert (read.correction, read.erasure) == (frame.correction, frame.erasure)
    journal.close()


def test_positions_go_on_after_a_restart(folder: Path) -> None:
    appended(folder, a_frame(), a_frame())

    last = appended(folder, a_frame())

    assert last == 3
    assert positions(folder) == [1, 2, 3]


def test_a_reader_keeps_its_place_across_files(folder: Path) -> None:
    journal = Journal(folder, file_bytes=1)
    reader = journal.reader(0)
    seen = []
    for _ in range(5):
        assert journal.durable.wait(journal.append(a_frame()), timeout=10)
        seen.append([position for position, _ in reader.read(10**9)])
    journal.close()

    assert seen == [[1], [2], [3], [4], [5]]
    assert len(list(folder.glob("*.frames"))) == 5


def test_a_reader_stops_once_enough_calls_have_gathered(folder: Path) -> None:
    appended(folder, *[a_frame(calls=10) for _ in range(4)])
    journal = Journal(folder)
    reader = journal.reader(0)

    batches = [[position for position, _ in reader.read(15)] for _ in range(3)]
    journal.close()

    assert batches == [[1, 2], [3, 4], []]


def test_frames_larger_than_one_read_come_back_between_small_ones(folder: Path) -> None:
    sizes = [2, 30_000, 1, 12_000, 300_000, 3]
    last = appended(folder, *(a_frame(200 + n, size) for n, size in enumerate(sizes)))
    journal = Journal(folder, after=0)

    frames = journal.reader(0).read(10**9)

    assert [position for position, _ in frames] == list(range(1, last + 1))
    assert [len(frame.calls) for _, frame in frames] == sizes
    assert [set(frame.calls["status"].tolist()) for _, frame in frames] == [{200 + n} for n in range(6)]
    journal.close()


def test_passing_frames_are_those_that_are_read(folder: Path) -> None:
    appended(folder, *(a_frame(200 + n, 1 + n % 7 * 1000) for n in range(40)), file_bytes=300_000)
    journal = Journal(folder, after=0)

    reader = journal.reader(3)
    passed = [
        (position, frame.calls.tobytes()) for _ in range(20) for position, frame in reader.passing(10_000)
    ]

    read = [(position, frame.calls.tobytes()) for position, frame in journal.reader(3).read(10**9)]
    assert len(read) == 37
    assert passed == read
    assert reader.position == 40
    journal.close()


def test_a_reader_goes_on_where_somebody_stopped_taking_frames(folder: Path) -> None:
    appended(folder, *(a_frame(200 + n) for n in range(5)))
    journal = Journal(folder, after=0)
    reader = journal.reader(0)

    for position, _ in reader.passing(10**9):
        if position == 2:
            break

    assert [position for position, _ in reader.passing(10**9)] == [3, 4, 5]
    journal.close()


def test_files_that_the_store_holds_are_dropped_and_the_last_one_stays(folder: Path) -> None:
    appended(folder, *[a_frame() for _ in range(4)], file_bytes=1)
    journal = Journal(folder, after=2)

    journal.drop_through(2)

    assert [position for position, _ in journal.reader(2).read(10**9)] == [3, 4]
    journal.drop_through(4)
    journal.close()
    assert len(list(folder.glob("*.frames"))) == 1
    assert appended_after(folder, 4) == 5


def appended_after(folder: Path, after: int) -> int:
    journal = Journal(folder, after=after)
    position = journal.append(a_frame())
    journal.close()
    return position


def every_cut(folder: Path) -> Iterator[int]:
    whole = only_file(folder).stat().st_size
    return iter(range(whole // 2 + 1, whole))


def test_a_tail_torn_at_any_byte_is_cut_off_and_what_was_before_it_stays(folder: Path) -> None:
    appended(folder, a_frame(), a_frame())
    data = only_file(folder).read_bytes()
    found = set()
    for size in every_cut(folder):
        only_file(folder).write_bytes(data[:size])
        DurableMark(folder, 1).close()
        found.add(tuple(positions(folder)))

    assert found == {(1,)}
    assert appended(folder, a_frame()) == 2
    assert positions(folder) == [1, 2]


def test_a_byte_flipped_anywhere_in_a_tail_that_no_mark_proves_is_refused(folder: Path) -> None:
    appended(folder, a_frame(), a_frame())
    data = bytearray(only_file(folder).read_bytes())
    for place in range(len(data) // 2, len(data) - END.size):
        data[place] ^= 0x40
        only_file(folder).write_bytes(data)
        DurableMark(folder, 1).close()
        with pytest.raises(DamagedDataError, match="may have been acknowledged"):
            Journal(folder)
        data[place] ^= 0x40


def test_what_a_killed_process_wrote_is_made_safe_before_it_counts(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    appended(folder, a_frame(), a_frame())
    synced: list[Path] = []
    sync = os.fsync

    def watched_sync(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", watched_sync)
    assert appended(folder, a_frame(), file_bytes=1) == 3

    assert synced[0] == min(folder.glob("*.frames")).resolve()


def test_damage_to_what_was_acknowledged_is_refused_and_nothing_is_changed(folder: Path) -> None:
    appended(folder, a_frame(), a_frame(), a_frame())
    data = bytearray(only_file(folder).read_bytes())
    data[40] ^= 1
    only_file(folder).write_bytes(data)

    with pytest.raises(DamagedDataError, match="broken at byte 0"):
        Journal(folder)

    assert only_file(folder).read_bytes() == bytes(data)


def test_a_missing_file_between_others_is_refused(folder: Path) -> None:
    appended(folder, *[a_frame() for _ in range(3)], file_bytes=1)
    sorted(folder.glob("*.frames"))[1].unlink()

    with pytest.raises(DamagedDataError, match="gap"):
        Journal(folder)


def test_a_store_older_than_the_journal_is_refused(folder: Path) -> None:
    appended(folder, *[a_frame() for _ in range(3)], file_bytes=1)
    min(folder.glob("*.frames")).unlink()

    with pytest.raises(DamagedDataError, match="the store holds only up to 0"):
        Journal(folder, after=0)


def test_a_journal_that_ends_before_the_store_begins_anew_behind_it(folder: Path) -> None:
    appended(folder, a_frame())

    position = appended_after(folder, 10)

    assert position == 11
    assert positions(folder, after=10) == [11]


def test_after_a_failed_sync_nothing_is_acknowledged_any_more(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[Exception] = []
    journal = Journal(folder, on_failure=failures.append)
    monkeypatch.setattr(os, "fdatasync", _broken_disk)

    position = journal.append(a_frame())

    with pytest.raises(JournalFailedError, match="Input/output error"):
        journal.durable.wait(position, timeout=10)
    monkeypatch.undo()
    with pytest.raises(JournalFailedError):
        journal.append(a_frame())
    assert len(failures) == 1
    journal.close()


def _broken_disk(_: int) -> None:
    raise OSError(5, "Input/output error")


async def test_everyone_who_waits_is_released_by_one_sync(folder: Path) -> None:
    journal = Journal(folder)
    expected = [journal.append(a_frame()) for _ in range(100)]

    for position in reversed(expected):
        await journal.durable.reached(position)

    assert journal.durable.position == 100
    journal.close()
