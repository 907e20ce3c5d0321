"""When the store merges, and when it takes checkpoints meanwhile."""

import threading
import time
from collections.abc import Callable
from typing import cast

import pytest

from calltally.apply.compactor import Compactor, rest_after
from calltally.store.usage_store import UsageStore, Work


class Merging:
    """A store that has so many steps to do, and a note of everything that was asked of it."""

    def __init__(self, steps: int, failing: int = 0) -> None:
        self.asked: list[str] = []
        self.done = threading.Event()
        self._steps = steps
        self._failing = failing

    def compact(self) -> Work:
        if self._failing:
            self._failing -= 1
            self.asked.append("failed")
            raise MemoryError
        if self._steps:
            self._steps -= 1
            self.asked.append("step")
            return Work.SOME
        return Work.NONE

    def checkpoint(self) -> None:
        self.asked.append("checkpoint")
        if not self._steps and not self._failing:
            self.done.set()


@pytest.fixture
def worked_off() -> Callable[[Merging], list[str]]:
    def work_off(store: Merging) -> list[str]:
        compactor = Compactor(
            cast("UsageStore", store),
            lambda: time.monotonic() - 60,
            checkpoint=store.checkpoint,
            checkpoint_is_due=lambda: False,
            look_seconds=0.001,
            rest_seconds=0.001,
        )
        compactor.start()
        assert store.done.wait(10)
        compactor.stop()
        return store.asked

    return work_off


def test_a_checkpoint_follows_the_last_step(worked_off: Callable[[Merging], list[str]]) -> None:
    assert worked_off(Merging(2)) == ["step", "step", "checkpoint"]


def test_much_work_has_checkpoints_amid_it(worked_off: Callable[[Merging], list[str]]) -> None:
    asked = worked_off(Merging(9))

    assert asked == [*["step"] * 4, "checkpoint", *["step"] * 4, "checkpoint", "step", "checkpoint"]


def test_a_checkpoint_gives_room_before_a_step_that_failed_is_tried_again(
    worked_off: Callable[[Merging], list[str]],
) -> None:
    assert worked_off(Merging(1, failing=1)) == ["failed", "checkpoint", "step", "checkpoint"]


@pytest.mark.parametrize(
    ("work", "is_quiet", "rest"),
    [(Work.SOME, False, 0.5), (Work.SOME, True, 0.0), (Work.PRESSING, False, 0.0)],
)
def test_while_calls_come_in_it_rests_after_a_step_unless_the_work_is_pressing(
    work: Work, *, is_quiet: bool, rest: float
) -> None:
    assert rest_after(work, 0.5, is_quiet=is_quiet) == rest
