"""Looks up evicted identities of calls in the store."""

import asyncio
from concurrent.futures import Executor

from calltally.ingest.call_slices import CheckedSlice, JudgeableCalls, Stored
from calltally.ingest.identities.stored_identities import StoredIdentities
from calltally.ingest.ordered_step import OrderedStep


class IdentityLookup:
    """Sets ``stored`` of the slices that need it, off the event loop.

    Live calls are rarely of days from which identities were evicted, and then nothing is looked up.
    """

    def __init__(self, step: OrderedStep, stored: StoredIdentities, executor: Executor) -> None:
        self._step = step
        self._stored = stored
        self._executor = executor

    async def look_up(self, slices: list[CheckedSlice]) -> None:
        """Look up the evicted identities of every slice in the store, as of this moment."""
        while (asked := self._step.forgotten).position > 0:
            before_ms = self._stored.needed_before_ms(asked)
            old = [
                (slice_, slice_.calls)
                for slice_ in slices
                if slice_.calls is not None and slice_.calls.earliest_ms < before_ms
            ]
            if not old:
                return
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(
                self._executor, self._find, [calls for _, calls in old], asked.position, before_ms
            )
            if self._step.forgotten == asked:
                for (slice_, _), stored in zip(old, found, strict=True):
                    slice_.stored = stored
                return

    def _find(self, calls: list[JudgeableCalls], up_to_position: int, before_ms: int) -> list[Stored]:
        return [self._stored.find(each, up_to_position, before_ms) for each in calls]
