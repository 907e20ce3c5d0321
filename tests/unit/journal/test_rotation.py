"""The journal's files can be ended on demand, and it knows how much of it is still needed."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from calltally.journal.journal import Journal, JournalFailedError
from calltally.journal.journal_files import files_of
from calltally.journal.unsafe_bytes import UnsafeBytes
from tests.unit.journal.test_journal import a_frame


def names(folder: Path) -> list[int]:
    return [first for first, _ in files_of(folder)]


def test_after_a_rotation_everything_before_can_be_dropped(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(a_frame())
    last = journal.append(a_frame())

    journal.rotate()
    journal.drop_through(last)

    assert names(tmp_path) == [3]
    assert journal.durable.position == 2
    assert journal.durable.wait(journal.append(a_frame(404)), timeout=10)
    journal.close()


def test_a_reader_goes_on_behind_a_rotation(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    reader = journal.reader(0)
    journal.append(a_frame())
    journal.rotate()
    assert [position for position, _ in reader.read(100)] == [1]
    journal.drop_through(1)

    journal.durable.wait(journal.append(a_frame()), timeout=10)

    assert [position for position, _ in reader.read(100)] == [2]
    journal.close()


def test_rotating_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.rotate()
    journal.append(a_frame())
    journal.rotate()
    journal.rotate()

    assert names(tmp_path) == [1, 2]
    journal.close()


def test_a_journal_opens_again_after_a_rotation(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(a_frame())
    journal.rotate()
    journal.drop_through(1)
    journal.close()

    journal = Journal(tmp_path, after=1)
    assert journal.append(a_frame()) == 2
    journal.close()
    journal = Journal(tmp_path, after=1)
    assert [position for position, _ in journal.reader(1).read(100)] == [2]
    journal.close()


def test_a_closed_journal_is_not_rotated(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.close()

    with pytest.raises(JournalFailedError):
        journal.rotate()


def test_unsafe_bytes_are_those_no_checkpoint_covers() -> None:
    unsafe = UnsafeBytes(5, 1000)
    unsafe.add(6, 70_000)
    unsafe.add(7, 10)
    unsafe.add(8, 10)

    assert unsafe.size == 71_020
    unsafe.cover(4)
    assert unsafe.size == 71_020
    unsafe.cover(6)
    assert unsafe.size == 20
    unsafe.cover(7)
    assert unsafe.size == 20
    unsafe.cover(8)
    assert unsafe.size == 0


def test_a_journal_counts_what_it_holds_from_its_start(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    last = journal.append(a_frame())
    journal.durable.wait(last, timeout=10)
    size = journal.unsafe_bytes
    journal.close()
    assert size == sum(path.stat().st_size for _, path in files_of(tmp_path)) > 0

    journal = Journal(tmp_path)
    assert journal.unsafe_bytes == size
    journal.drop_through(last)
    assert journal.unsafe_bytes == 0
    journal.close()


def test_each_sync_is_observed_in_the_histogram(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)
    durations = iter([0.0, 0.0005, 0.0, 0.002, 0.0, 7.0])
    monkeypatch.setattr(
        "calltally.journal.journal.time", SimpleNamespace(perf_counter=lambda: next(durations))
    )
    for _ in range(3):
        journal.durable.wait(journal.append(a_frame()), timeout=10)
    journal.close()

    (histogram,) = journal.sync_seconds.collect()
    counts = {sample.labels["le"]: sample.value for sample in histogram.samples if "le" in sample.labels}
    assert [counts[bound] for bound in ("0.0005", "0.001", "0.0025", "2.5", "+Inf")] == [1, 1, 2, 2, 3]
    assert journal.longest_sync_seconds == 7.0
