"""The tail tells what is durable and not in the store, and reads it only once."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from calltally.apply.tail import Names, Tail
from calltally.call_batch import CALL_COLUMNS, NameUpdate
from calltally.dictionary import Kind
from calltally.journal.frame import Frame
from calltally.journal.journal import Journal
from calltally.journal.journal_reader import JournalReader, Place
from calltally.unstored_calls import FIELDS


class Journalled:
    """A journal with a tail, and a store's reader that takes frames when it is told to."""

    def __init__(self, folder: Path, most_calls: int = 100) -> None:
        self.journal = Journal(folder, file_bytes=1)
        self.reader: JournalReader = self.journal.reader(0)
        self.stored = Place(0)
        self.named: list[Names] = []
        self.tail = Tail(self.journal, lambda: self.stored, self.named.append, most_calls)

    def append(self, *statuses: int, names: list[NameUpdate] | None = None) -> None:
        """One frame with a call for each status."""
        calls = np.zeros(len(statuses), CALL_COLUMNS)
        calls["status"] = statuses
        self.journal.append(Frame(0, calls=calls, names=names or []))
        assert self.journal.durable.wait(self.journal.appended, timeout=10)

    def store(self, frames: int) -> None:
        """Has the store take some frames."""
        for _, _frame in zip(range(frames), self.reader.passing(10**9), strict=False):
            pass
        self.stored = self.reader.place

    def told(self) -> list[tuple[int, int]] | None:
        """The position and the status of each call of the tail."""
        calls = self.tail.calls()
        if calls is None:
            return None
        return list(zip(calls.columns["position"].tolist(), calls.columns["status"].tolist(), strict=True))


@pytest.fixture
def journalled(tmp_path: Path) -> Iterator[Journalled]:
    made = Journalled(tmp_path / "journal")
    yield made
    made.journal.close()


def test_every_field_that_counts_depend_on_is_told(journalled: Journalled) -> None:
    calls = np.zeros(1, CALL_COLUMNS)
    for number, name in enumerate(FIELDS, 1):
        calls[name] = number
    journalled.journal.append(Frame(0, calls=calls))
    assert journalled.journal.durable.wait(1, timeout=10)

    found = journalled.tail.calls()

    assert found is not None
    assert {name: column.tolist() for name, column in found.columns.items()} == {
        "position": [1],
        **{name: [number] for number, name in enumerate(FIELDS, 1)},
    }


def test_what_became_durable_since_is_read_on_and_what_was_told_stays_as_it_was(tmp_path: Path) -> None:
    journalled = Journalled(tmp_path / "journal", most_calls=10_000)
    journalled.append(200, 201)
    before = journalled.tail.calls()
    for status in range(300, 360):
        journalled.append(*[status] * 100)

    told = journalled.told()

    assert before is not None
    assert before.columns["status"].tolist() == [200, 201]
    expected = [(position, 298 + position) for position in range(2, 62) for _ in range(100)]
    assert told == [(1, 200), (1, 201), *expected]
    journalled.journal.close()


def test_what_the_store_took_is_let_go(journalled: Journalled) -> None:
    journalled.append(200, 201)
    journalled.append(202)
    assert journalled.told() == [(1, 200), (1, 201), (2, 202)]

    journalled.store(1)
    assert journalled.told() == [(2, 202)]

    journalled.store(1)
    assert journalled.told() == []


def test_files_that_were_dropped_since_somebody_asked_are_not_missed(journalled: Journalled) -> None:
    journalled.append(200)
    assert journalled.told() == [(1, 200)]
    for status in (201, 202, 203):
        journalled.append(status)
    journalled.store(3)
    journalled.journal.drop_through(3)

    assert journalled.told() == [(4, 203)]


def test_files_that_are_dropped_amid_reading_leave_it_to_the_store(journalled: Journalled) -> None:
    journalled.append(200)
    journalled.append(201)
    for file in journalled.journal.folder.glob("*.frames"):
        file.rename(file.with_suffix(".gone"))

    assert journalled.told() is None

    for file in journalled.journal.folder.glob("*.gone"):
        file.rename(file.with_suffix(".frames"))
    assert journalled.told() == [(1, 200), (2, 201)]


def test_more_calls_than_are_kept_are_left_to_the_store(journalled: Journalled) -> None:
    for _ in range(3):
        journalled.append(*[200] * 50)
    assert journalled.told() is None

    journalled.store(1)
    assert journalled.told() == [*[(2, 200)] * 50, *[(3, 200)] * 50]


def test_names_are_recorded_once_they_are_come_across(journalled: Journalled) -> None:
    name = NameUpdate(Kind.SOURCE, "acme", "s", "Source")
    journalled.append(200)
    journalled.append(200, names=[name])

    journalled.tail.calls()
    journalled.tail.calls()

    assert journalled.named == [[(2, name)]]
