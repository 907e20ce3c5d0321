"""A start tells torn from damaged, believes the mark, and passes over what the store holds."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from calltally.call_batch import CALL_COLUMNS
from calltally.errors import DamagedDataError
from calltally.journal.durable_mark import FILE_NAME as MARK
from calltally.journal.durable_mark import DurableMark, read_mark
from calltally.journal.frame import Frame, encode_frame
from calltally.journal.framing import END
from calltally.journal.journal import Journal
from calltally.journal.journal_files import file_for, files_of, frames_in
from calltally.journal.recovery import recover
from calltally.journal.recovery_log import FILE_NAME as RECOVERIES
from calltally.journal.recovery_log import Recovery, RecoveryKind, RecoveryLog
from tests.support.seeds import luck, numpy_luck

NOW_MS = 1_700_000_000_000
GROUPS = ((1, 0), (2, 1), (3, 1), (4, 1), (5, 4), (6, 5), (7, 5))
"""Positions, and what was durable when they were written: four group commits, the last of 6 and 7."""

LAST = 7


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is changed in so many ways that nothing is synced meanwhile."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    (tmp_path / "journal").mkdir()
    return tmp_path / "journal"


def frame_of(position: int, durable: int, calls: int = 1) -> bytes:
    chance = numpy_luck(position)
    rows = chance.integers(1, 255, calls * CALL_COLUMNS.itemsize, np.uint8).view(CALL_COLUMNS)
    return b"".join(encode_frame(Frame(NOW_MS, rows), position, durable))


FRAMES = [frame_of(*group) for group in GROUPS]
DATA = b"".join(FRAMES)
STARTS = [sum(map(len, FRAMES[:number])) for number in range(LAST + 1)]


def laid_out(folder: Path, data: bytes, marked: int | None) -> None:
    """The folder with one file and a mark, and nothing else."""
    for path in folder.iterdir():
        path.unlink()
    file_for(folder, 1).write_bytes(data)
    if marked is not None:
        DurableMark(folder, marked).close()


def flipped(place: int) -> bytes:
    data = bytearray(DATA)
    data[place] ^= 1 << place % 8
    return bytes(data)


def found(folder: Path, after: int) -> list[int]:
    """The positions behind one that a start finds."""
    recovered = recover(folder, after, NOW_MS)
    positions = [
        header.position
        for first, path in files_of(folder)
        for header, _ in frames_in(path, first)
        if header.position > after
    ]
    assert recovered.last == max([after, *positions])
    return positions


def recoveries(folder: Path) -> list[tuple[RecoveryKind, int, int]]:
    return [(one.kind, one.first_position, one.last_position) for one in RecoveryLog(folder).read().latest]


def position_at(place: int) -> int:
    return sum(start <= place for start in STARTS)


def needs(place: int) -> bool:
    """Whether the calls of a frame cannot be read without a byte: they can without the end marker."""
    return place < STARTS[position_at(place)] - END.size


def test_after_a_kill_damage_to_anything_that_the_store_lacks_is_refused(folder: Path) -> None:
    for after in (0, 2, LAST):
        for place in range(0, len(DATA), 3):
            laid_out(folder, flipped(place), LAST)
            if position_at(place) > after and needs(place):
                with pytest.raises(DamagedDataError, match=f"position {position_at(place)}, within calls"):
                    recover(folder, after, NOW_MS)
                assert file_for(folder, 1).read_bytes() == flipped(place)
                assert not (folder / RECOVERIES).exists()
            else:
                assert found(folder, after) == list(range(after + 1, LAST + 1)), place


def test_what_the_store_holds_is_passed_over_and_written_down(folder: Path) -> None:
    for after in (3, LAST):
        for place in filter(needs, range(0, STARTS[3], 5)):
            laid_out(folder, flipped(place), LAST)

            assert found(folder, after) == list(range(after + 1, LAST + 1))

            broken = position_at(place)
            assert recoveries(folder) == [(RecoveryKind.PASSED_OVER, broken, broken)]
            Journal(folder, after=after).close()
            assert found(folder, after) == list(range(after + 1, LAST + 1))
            assert len(recoveries(folder)) == (1 if after < LAST else 2)


def test_everything_may_be_damaged_that_the_store_holds(folder: Path) -> None:
    chance = luck("cuts")
    for _ in range(200):
        laid_out(folder, chance.randbytes(len(DATA)), LAST)

        assert found(folder, LAST) == []
        assert recoveries(folder) == [(RecoveryKind.PASSED_OVER, 1, LAST)]

    journal = Journal(folder, after=LAST)
    position = journal.append(Frame(NOW_MS))
    assert journal.durable.wait(position, timeout=60)
    assert [position for position, _ in journal.reader(LAST).read(10)] == [LAST + 1]
    journal.close()


def test_damage_in_one_file_does_not_hide_the_next(folder: Path) -> None:
    laid_out(folder, flipped(STARTS[0] + 60)[: STARTS[3]], LAST)
    file_for(folder, 4).write_bytes(DATA[STARTS[3] :])

    assert found(folder, 3) == [4, 5, 6, 7]
    with pytest.raises(DamagedDataError, match="broken at byte 0"):
        recover(folder, 0, NOW_MS)


@pytest.mark.parametrize("marked", [LAST, 5, 1, 0, None])
def test_a_file_that_ends_at_any_byte_is_torn_unless_that_was_acknowledged(
    folder: Path, marked: int | None
) -> None:
    for size in range(STARTS[4] - 3, len(DATA)):
        laid_out(folder, DATA[:size], marked)
        whole = sum(end <= size for end in STARTS[1:])
        if (marked or 0) > whole:
            with pytest.raises(DamagedDataError, match="within calls that were acknowledged"):
                recover(folder, 0, NOW_MS)
        else:
            assert found(folder, 0) == list(range(1, whole + 1))


@pytest.mark.parametrize("marked", [5, 1, 0, None])
def test_a_bit_that_flips_where_a_power_cut_lost_the_mark_is_no_torn_write(
    folder: Path, marked: int | None
) -> None:
    for place in range(0, len(DATA), 3):
        laid_out(folder, flipped(place), marked)
        if needs(place):
            with pytest.raises(DamagedDataError, match="the journal is damaged"):
                recover(folder, 0, NOW_MS)
        else:
            assert found(folder, 0) == list(range(1, LAST + 1))


def test_sectors_that_were_never_written_are_cut_off_with_all_that_follows(folder: Path) -> None:
    """A power cut in the midst of a group commit leaves any sectors of it."""
    sizes = (40, 3, 200, 1, 90)
    frames = [frame_of(1, 0), *(frame_of(2 + number, 1, calls) for number, calls in enumerate(sizes))]
    whole, data = len(frames[0]), b"".join(frames)
    ends = [sum(map(len, frames[: number + 1])) for number in range(len(frames))]
    chance = luck("damage")
    cut = 0
    for _ in range(300):
        left = bytearray(data[: chance.choice((len(data), chance.randrange(whole, len(data))))])
        lost = len(left)
        for start in range(whole - whole % 512, len(left), 512):
            if chance.random() < 0.1:
                begin, end = max(start, whole), min(start + 512, len(left))
                left[begin:end] = bytes(end - begin)
                lost = min(lost, begin)
        laid_out(folder, bytes(left), chance.choice((0, 1, None)))

        expected = sum(end <= lost for end in ends)
        assert found(folder, 0)[:expected] == list(range(1, expected + 1))
        assert len(found(folder, 0)) - expected in (0, 1)  # one of which only the end marker was lost
        kinds = [kind for kind, _, _ in recoveries(folder)]
        cut += RecoveryKind.CUT_OFF in kinds
    assert cut > 200


def test_the_mark_tells_the_last_position_that_was_set(folder: Path) -> None:
    mark = DurableMark(folder, 3)
    for position in (4, 7, 8):
        mark.set(position)
        reading = read_mark(folder)
        assert reading is not None
        assert (reading.position, reading.damage) == (position, "")
    mark.close()


def test_a_damaged_mark_loses_at_most_the_last_group_and_says_so(folder: Path) -> None:
    mark = DurableMark(folder, 3)
    mark.set(5)
    mark.set(7)
    mark.close()
    content = (folder / MARK).read_bytes()
    for place in (*range(30), *range(4096, 4126)):
        changed = bytearray(content)
        changed[place] ^= 1 << place % 8
        (folder / MARK).write_bytes(changed)
        reading = read_mark(folder)
        assert reading is not None
        assert reading.position in (5, 7)
        assert reading.position == 7 or reading.damage


@pytest.mark.parametrize("content", [b"", b"CTM1", bytes(8192), b"\xff" * 8192])
def test_a_mark_that_cannot_be_read_stops_no_start_and_is_written_down(folder: Path, content: bytes) -> None:
    laid_out(folder, DATA, LAST)
    (folder / MARK).write_bytes(content)

    assert found(folder, 0) == list(range(1, LAST + 1))
    assert recoveries(folder) == [(RecoveryKind.MARK_DAMAGED, 0, 0)]


def test_a_journal_without_its_mark_says_so(folder: Path) -> None:
    laid_out(folder, DATA, None)

    assert found(folder, 0) == list(range(1, LAST + 1))
    assert recoveries(folder) == [(RecoveryKind.MARK_DAMAGED, 0, 0)]


def test_a_journal_without_files_lacks_what_the_mark_says(folder: Path) -> None:
    DurableMark(folder, 5).close()

    with pytest.raises(DamagedDataError, match=r"up to position 5: all of .* is missing"):
        recover(folder, 4, NOW_MS)
    assert recover(folder, 5, NOW_MS).last == 5


def test_the_mark_is_written_before_anybody_is_answered(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(folder)
    at_answers: list[tuple[int, int]] = []
    advance = journal.durable.advance

    def watched(position: int) -> None:
        reading = read_mark(folder)
        at_answers.append((position, reading.position if reading else -1))
        advance(position)

    monkeypatch.setattr(journal.durable, "advance", watched)
    for _ in range(5):
        assert journal.durable.wait(journal.append(Frame(NOW_MS)), timeout=60)
    journal.close()

    assert at_answers == [(position, position) for position in range(1, 6)]


def test_the_log_keeps_the_latest_recoveries_and_counts_the_others(folder: Path) -> None:
    log = RecoveryLog(folder)
    for start in range(0, 450, 3):
        log.add([a_recovery(number) for number in range(start, start + 3)])

    read = log.read()
    assert (read.earlier, read.unreadable) == (250, 0)
    assert [one.first_position for one in read.latest] == list(range(250, 450))


def test_a_line_of_the_log_that_was_damaged_is_counted(folder: Path) -> None:
    log = RecoveryLog(folder)
    log.add([a_recovery(number) for number in range(5)])
    content = log.path.read_bytes()
    for place in range(len(content) - 1):
        changed = bytearray(content)
        changed[place] ^= 1 << place % 8
        log.path.write_bytes(changed)
        read = log.read()
        assert len(read.latest) >= 3
        assert read.unreadable >= 1


def test_the_log_goes_into_another_folder_where_there_is_one(folder: Path, tmp_path: Path) -> None:
    RecoveryLog(folder).copy_to(tmp_path)
    assert not (tmp_path / RECOVERIES).exists()
    RecoveryLog(folder).add([a_recovery(1)])

    RecoveryLog(folder).copy_to(tmp_path)

    assert RecoveryLog(tmp_path).read() == RecoveryLog(folder).read()
    shutil.rmtree(folder)


def a_recovery(position: int) -> Recovery:
    return Recovery(
        RecoveryKind.CUT_OFF, "2026-03-15T12:00:00+00:00", "1.frames", 10, 20, position, position, "torn"
    )
