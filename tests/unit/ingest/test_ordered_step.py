"""A step is taken as a whole, or it is the last one."""

from pathlib import Path

import pytest

from calltally.dictionary import Dictionary
from calltally.ingest.call_rules import Admission
from calltally.ingest.call_slices import CheckedSlice
from calltally.ingest.encoded_rows import RowEncoder
from calltally.ingest.identities.seen_ids import SeenIds
from calltally.ingest.ordered_step import OrderedStep
from calltally.ingest.prepared_calls import prepare
from calltally.ingest.routes import RouteNamer
from calltally.journal.journal import Journal, JournalFailedError
from tests.call_batches import a_call
from tests.support.identity_keys import KEY

NOW_MS = 1_773_144_000_000  # 2026-03-10T12:00:00Z


def a_slice(*ids: str) -> CheckedSlice:
    admission = Admission("acme", False, 0, NOW_MS + 1000, True)
    calls, faults = prepare([a_call(id=id_) for id_ in ids], list(range(len(ids))), admission, KEY)
    assert faults == []
    return CheckedSlice("acme", len(ids), calls)


def test_a_step_that_fails_half_way_is_the_last_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failures: list[Exception] = []
    journal = Journal(tmp_path, on_failure=failures.append)
    step = OrderedStep(journal, Dictionary(), SeenIds(2**20), RouteNamer(), KEY)
    step.take([a_slice("1")], NOW_MS)

    def broken(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(RowEncoder, "accept", broken)
        with pytest.raises(MemoryError):
            step.take([a_slice("2")], NOW_MS)

    assert [str(failure) for failure in failures] == ["a step failed half-way: MemoryError()"]
    with pytest.raises(JournalFailedError, match="half-way"):
        step.take([a_slice("2")], NOW_MS)
    journal.close()


def test_a_slice_whose_numbers_do_not_add_up_changes_nothing(tmp_path: Path) -> None:
    failures: list[Exception] = []
    journal = Journal(tmp_path, on_failure=failures.append)
    step = OrderedStep(journal, Dictionary(), SeenIds(2**20), RouteNamer(), KEY)
    wrong = a_slice("1")
    wrong.received = 2

    with pytest.raises(ValueError, match="2 calls were received, but 1 judged"):
        step.take([wrong], NOW_MS)

    assert (failures, journal.appended) == ([], 0)
    assert step.take([a_slice("1")], NOW_MS).told == [[]]
    journal.close()
