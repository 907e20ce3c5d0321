"""The books agree with one another, whatever is booked while they are read."""

import pytest

from calltally.call_batch import Outcome, Rejection
from calltally.errors import BusyError
from calltally.query.outcome_report import read_outcomes
from calltally.store.memory.memory_store import MemoryUsageStore
from tests.call_batches import a_call, batch_of


class BusyStore(MemoryUsageStore):
    """Books another rejected call between any two questions, so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.apply(batch_of(self, a_call()))
        self.times = times

    def rejections(self, organization: str) -> dict[int, dict[str, int]]:
        found = super().rejections(organization)
        if self.times:
            self.times -= 1
            batch = batch_of(self, outcomes=[Outcome(1, 7, 1, 0, 0, 0, 1)])
            batch.rejections.append(Rejection(1, 7, "time.too_late", 1))
            self.apply(batch)
        return found


def test_reasons_add_up_to_what_was_rejected() -> None:
    books = read_outcomes(BusyStore(3), "acme")

    assert books.verdicts[7] == (3, 0, 0, 0, 3)
    assert books.rejections[7] == {"time.too_late": 3}


def test_books_that_never_stand_still_are_told_to_be_busy() -> None:
    with pytest.raises(BusyError):
        read_outcomes(BusyStore(1000), "acme")
