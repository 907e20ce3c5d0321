"""The applier divides the journal into batches and determines when a checkpoint is due."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from calltally.apply.applier import Applier
from calltally.call_batch import CALL_COLUMNS, Erasure, NameUpdate
from calltally.dictionary import DictionaryValue, Kind
from calltally.journal.frame import Frame
from calltally.journal.journal import Journal
from calltally.store.memory.memory_store import MemoryUsageStore

ACME = DictionaryValue(Kind.ORGANIZATION, 0, 1, "acme", False)
ERASURE = Erasure(Kind.USER, 1, "ann", "erased-1", 0, "owner", "asked")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal")
    yield journal
    journal.close()


def append(journal: Journal, *frames: Frame) -> None:
    for frame in frames:
        journal.append(frame)
    assert journal.durable.wait(journal.appended, timeout=10)


def calls(count: int) -> Frame:
    columns = np.zeros(count, CALL_COLUMNS)
    columns["organization"] = 1
    return Frame(0, calls=columns, values=[ACME])


def test_an_erasure_is_the_last_of_its_batch(journal: Journal) -> None:
    store = MemoryUsageStore()
    store.dictionary.load([ACME])
    erased: list[tuple[object, ...]] = []
    applier = Applier(journal, store, erase_elsewhere=lambda *erasure: erased.append(erasure))
    append(journal, calls(2), Frame(0, erasure=ERASURE), calls(1), Frame(0, erasure=ERASURE))

    reached = []
    while applier.apply_batch():
        reached.append(store.position)

    assert reached == [2, 4]
    assert erased == [(Kind.USER, "acme", "ann", "erased-1")] * 2


def test_a_checkpoint_is_due_after_enough_calls_and_no_more_once_it_was_taken(journal: Journal) -> None:
    applier = Applier(journal, MemoryUsageStore(), checkpoint_calls=20, checkpoint_seconds=1e9)
    append(journal, calls(4))
    applier.apply_batch()
    assert not applier.checkpoint_is_due

    append(journal, calls(1))
    applier.apply_batch()
    assert applier.checkpoint_is_due

    applier.checkpoint()
    assert not applier.checkpoint_is_due


def test_a_checkpoint_is_due_after_a_while_only_when_something_was_rolled(journal: Journal) -> None:
    applier = Applier(journal, MemoryUsageStore(), checkpoint_calls=10**9, checkpoint_seconds=0.0)
    assert not applier.checkpoint_is_due

    append(journal, calls(1))
    applier.apply_batch()

    assert applier.checkpoint_is_due


def test_a_name_that_was_erased_does_not_come_back_from_the_tail(journal: Journal) -> None:
    store = MemoryUsageStore()
    store.dictionary.load([ACME])
    named: list[str] = []
    applier = Applier(journal, store, record_names=lambda names: named.extend(name.id for _, name in names))
    frame = Frame(0, names=[NameUpdate(Kind.ACCOUNT, "acme", "before", "Ann")])
    append(journal, frame, Frame(0, erasure=ERASURE))
    append(journal, Frame(0, names=[NameUpdate(Kind.ACCOUNT, "acme", "behind", "Bob")]))
    applier.apply_batch()
    named.clear()

    applier._record_ahead([(1, frame.names[0])])
    assert named == []

    assert applier.unstored() is not None
    assert named == ["behind"]
