"""Checks, de-duplicates and journals calls, and tells their sender what became of them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from calltally.auth.caller import Caller
from calltally.auth.permissions import ANY_ORGANIZATION
from calltally.clock import Clock
from calltally.errors import BusyError
from calltally.ingest.call_rules import Admission, Fault
from calltally.ingest.decoded_calls import DecodedCalls
from calltally.ingest.ordered_step import OrderedStep
from calltally.ingest.prepared_calls import PreparedCalls, prepare
from calltally.ingest.receipt import CallVerdict, Receipt, Verdict
from calltally.ingest.rejected_call import RejectedCall
from calltally.ingest.stored_identities import StoredIdentities
from calltally.journal.journal import Journal

MILLISECONDS_PER_DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """How far from now a call's time may lie, and how much may wait to become durable."""

    future_ms: int = 5 * 60_000
    late_ms: int = 35 * MILLISECONDS_PER_DAY
    max_queued_bytes: int = 256 * 2**20


class Intake:
    """The way in for every door. All calls of a request are judged in their order.

    `take` returns only when everything it judged, and the first copy of every duplicate, is on disk. A
    request of many slices lets others in between. Runs on one event loop. ``totals`` counts the verdicts that
    were given since the start, ``refusals`` the requests that were refused as a whole, by reason.
    """

    def __init__(
        self,
        step: OrderedStep,
        journal: Journal,
        stored: StoredIdentities,
        clock: Clock,
        executor: Executor,
        *,
        limits: IntakeLimits = IntakeLimits(),
        refuse: Callable[[], BusyError | None] = lambda: None,
    ) -> None:
        """``refuse`` says whether nothing may come in at present, and why."""
        self._step = step
        self._journal = journal
        self._stored = stored
        self._clock = clock
        self._executor = executor
        self._limits = limits
        self._refuse = refuse
        self.totals = dict.fromkeys(Verdict, 0)
        self.refusals: Counter[str] = Counter()

    async def take(self, caller: Caller, slices: Iterable[DecodedCalls], *, backfill: bool) -> Receipt:
        """Counts calls that the caller sent; the caller must have been allowed to.

        Raises `BusyError` before anything was taken when senders must slow down, and `JournalFailedError`
        when it is unknown whether the calls are on disk.
        """
        self._refuse_when_full()
        receipt = Receipt()
        position = 0
        for slice_ in slices:
            await self._wait_for_room()
            position = await self._take_slice(caller, slice_, backfill, receipt)
            await asyncio.sleep(0)
        await self._journal.durable.reached(position)
        for verdict in Verdict:
            self.totals[verdict] += getattr(receipt, verdict)
        return receipt

    def refused(self, caller: Caller, reason: str) -> None:
        """Books a request that a door refused as a whole, by a short name of the reason.

        It reaches the journal within a second, so a crash loses the refusals of the last second at most.
        """
        self.refusals[reason] += 1
        self._step.refuse(caller.organization, reason, self._clock.now_ms())

    def _refuse_when_full(self) -> None:
        if self._journal.queued_bytes > self._limits.max_queued_bytes:
            raise BusyError("too many calls wait to be written to disk", retry_after=1)
        if refusal := self._refuse():
            raise refusal

    async def _wait_for_room(self) -> None:
        """What has begun is not refused half-way: it waits for the disk instead."""
        while self._journal.queued_bytes > self._limits.max_queued_bytes:
            await self._journal.durable.reached(self._journal.durable.position + 1)

    async def _take_slice(
        self, caller: Caller, slice_: DecodedCalls, backfill: bool, receipt: Receipt
    ) -> int:
        now_ms = self._clock.now_ms()
        admission = self._admission(caller, now_ms, backfill)
        prepared, faults = prepare(slice_.calls, slice_.indexes, admission, self._step.identity_seed)
        rejected = slice_.unreadable + _with_calls(faults, slice_)
        stored = await self._look_up(prepared) if prepared else None
        step = self._step.take(prepared, stored, slice_.received, rejected, caller.organization, now_ms)
        receipt.accepted += step.accepted
        verdicts = [CallVerdict(one.place, Verdict.REJECTED, *one.fault[1:]) for one in rejected]
        receipt.add(sorted(verdicts + step.verdicts, key=lambda verdict: verdict.index))
        return step.position

    def _admission(self, caller: Caller, now_ms: int, backfill: bool) -> Admission:
        return Admission(
            organization=caller.organization,
            any_organization=caller.may(ANY_ORGANIZATION),
            earliest_ms=0 if backfill else now_ms - self._limits.late_ms,
            latest_ms=now_ms + self._limits.future_ms,
            backfill=backfill,
        )

    async def _look_up(self, prepared: PreparedCalls) -> tuple[np.ndarray, np.ndarray] | None:
        """What the store knows of identities that memory has let go, as of now."""
        while (asked := self._step.forgotten_position) > 0:
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(self._executor, self._stored.find, prepared, asked)
            if self._step.forgotten_position == asked:
                return found
        return None


def _with_calls(faults: list[tuple[int, Fault]], slice_: DecodedCalls) -> list[RejectedCall]:
    """The faults of a slice with the calls that have them."""
    if not faults:
        return []
    calls = dict(zip(slice_.indexes, slice_.calls, strict=True))
    return [RejectedCall(index, fault, calls[index]) for index, fault in faults]
