"""Checks, de-duplicates and journals calls, and tells their sender what became of them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from calltally.auth.caller import Caller
from calltally.clock import DAY_MS, Clock
from calltally.control.permissions import ANY_ORGANIZATION
from calltally.errors import BusyError
from calltally.ingest.batcher import MOST_IN_FRAME, Batcher, BatchKey
from calltally.ingest.call_rules import Admission, Fault
from calltally.ingest.call_slices import CheckedSlice, DecodedCalls, JudgeableCalls, RejectedCall, Stored
from calltally.ingest.calls_body import CallsBody
from calltally.ingest.cutting import LineSlice
from calltally.ingest.identities.stored_identities import StoredIdentities
from calltally.ingest.kernel import KernelCalls, decode_slice
from calltally.ingest.loop_turns import LoopTurns
from calltally.ingest.ordered_step import OrderedStep
from calltally.ingest.prepared_calls import prepare
from calltally.ingest.receipt import Receipt, Verdict
from calltally.journal.journal import Journal

_WEIGHT_NEAR_BOUNDS = 10
"""How many calls of a frame one counts for whose texts must be looked at, which takes so much longer."""

_FEW_CALLS = 128
_FEW_BYTES = 65_536
"""Bodies up to these are decoded together with those of other requests."""


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """How far from now a call's time may lie, and how much may wait to become durable."""

    future_ms: int = 5 * 60_000
    late_ms: int = 35 * DAY_MS
    max_queued_bytes: int = 256 * 2**20


class Intake:
    """The way in for every door. All calls of a request are judged in their order.

    `take_body` returns only when everything it judged, and the first copy of every duplicate, is on disk. A
    request of many slices lets others in between. Runs on one event loop. ``totals`` counts the verdicts that
    were given since the start, ``refusals`` the requests that were refused as a whole, by reason, and
    ``by_kernel`` and ``by_reference`` the calls that each of them decoded.
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
        pace: Callable[[str, int], float] = lambda _organization, _calls: 0.0,
        use_kernel: bool = False,
    ) -> None:
        """``refuse`` says whether nothing may come in at present, and why, ``pace`` how long so many calls
        of an organization have to wait; a kernel must be installed to be used.
        """
        self._step = step
        self._journal = journal
        self._stored = stored
        self._clock = clock
        self._executor = executor
        self._limits = limits
        self._refuse = refuse
        self._pace = pace
        self._use_kernel = use_kernel
        self._loop_turns = LoopTurns()
        self._turns = Batcher(
            step, clock, journal.durable, self._look_up, self._decode_together, self._loop_turns
        )
        self.by_kernel = 0
        self.by_reference = 0
        self.totals = dict.fromkeys(Verdict, 0)
        self.refusals: Counter[str] = Counter()

    @property
    def uses_kernel(self) -> bool:
        return self._use_kernel

    async def take(
        self, caller: Caller, slices: Sequence[DecodedCalls], *, backfill: bool, list_duplicates: bool = True
    ) -> Receipt:
        """The same as `take_body` for calls that were decoded elsewhere."""
        self._refuse_when_full()
        checked = (self._checked(caller, slice_, backfill) for slice_ in slices)
        return await self._take_checked(
            caller.organization, checked, len(slices), Receipt(lists_duplicates=list_duplicates)
        )

    async def take_body(
        self, caller: Caller, body: CallsBody, *, backfill: bool, list_duplicates: bool = True
    ) -> Receipt:
        """Counts calls that the caller sent, who must have been allowed to; the kernel decodes what it takes.

        Cuts the body if nobody did. Raises what that raises, `BusyError` before anything was taken when
        senders must slow down, and `JournalFailedError` when it is unknown whether the calls are on disk.
        """
        if body.slices is None:
            body.cut(by_kernel=self._use_kernel)
        self._refuse_when_full()
        receipt = Receipt(lists_duplicates=list_duplicates)
        slices = body.slices or ()
        if len(slices) == 1 and _is_small(slices[0]):
            await self._take_few(caller, body, slices[0], receipt, backfill=backfill)
            return self._counted(receipt)
        checked = self._checked_lines(caller, body, slices, backfill)
        return await self._take_checked(caller.organization, checked, len(slices), receipt)

    async def _take_few(
        self, caller: Caller, body: CallsBody, few: LineSlice, receipt: Receipt, *, backfill: bool
    ) -> None:
        """Small requests wait for no turn of their own, so that they are judged together."""
        await self._wait_for_room(caller.organization, few.received)
        if self._use_kernel:
            terms = BatchKey(caller.organization, backfill, body.max_call_bytes)
            if await self._turns.take_lines(body.lines[few.start : few.end], few.received, terms, receipt):
                return
        checked = self._checked(caller, body.decoded(few, 0), backfill)
        await self._turns.take(caller.organization, [checked], receipt, last=True)

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

    async def _wait_for_room(self, organization: str, calls: int) -> None:
        """What has begun is not refused half-way: it waits for the disk instead, and for counting."""
        if seconds := self._pace(organization, calls):
            await asyncio.sleep(seconds)
        while self._journal.queued_bytes > self._limits.max_queued_bytes:
            await self._journal.durable.reached(self._journal.durable.position + 1)

    async def _take_checked(
        self, organization: str, slices: Iterator[CheckedSlice], count: int, receipt: Receipt
    ) -> Receipt:
        """Takes so many slices, each of which is decoded when it is asked for."""
        gathered: list[CheckedSlice] = []
        size = weight = 0
        for left in reversed(range(count)):
            await self._loop_turns.turn(organization)
            slice_ = next(slices)
            gathered.append(slice_)
            size += slice_.received
            if left:
                heavy = not self._step.surely_holds(slice_)
                weight += slice_.received * (_WEIGHT_NEAR_BOUNDS if heavy else 1)
            if not left or weight >= MOST_IN_FRAME:
                await self._wait_for_room(organization, size)
                await self._turns.take(organization, gathered, receipt, last=not left)
                gathered, size, weight = [], 0, 0
        return self._counted(receipt)

    def _counted(self, receipt: Receipt) -> Receipt:
        self.totals[Verdict.ACCEPTED] += receipt.accepted
        self.totals[Verdict.DUPLICATE] += receipt.duplicate
        self.totals[Verdict.CONFLICT] += receipt.conflict
        self.totals[Verdict.REJECTED] += receipt.rejected
        return receipt

    def _checked(self, caller: Caller, slice_: DecodedCalls, backfill: bool) -> CheckedSlice:
        """A slice that the reference decoded."""
        self.by_reference += slice_.received
        admission = self._admission(caller.organization, backfill, caller.may(ANY_ORGANIZATION))
        prepared, faults = prepare(slice_.calls, slice_.indexes, admission, self._step.identity_key)
        rejected = slice_.unreadable + _with_calls(faults, slice_)
        return CheckedSlice(caller.organization, slice_.received, prepared, rejected)

    def _checked_lines(
        self, caller: Caller, body: CallsBody, slices: Sequence[LineSlice], backfill: bool
    ) -> Iterator[CheckedSlice]:
        """A body's slices as far as the kernel takes them; the reference checks the others."""
        terms = BatchKey(caller.organization, backfill, body.max_call_bytes)
        first = 0
        for slice_ in slices:
            calls = None
            if self._use_kernel and not body.is_long(slice_):
                calls = self._decoded(body.lines, slice_, terms, first)
            if calls is not None:
                yield CheckedSlice(caller.organization, slice_.received, calls)
            else:
                yield self._checked(caller, body.decoded(slice_, first), backfill)
            first += slice_.received

    def _decode_together(self, lines: bytes, received: int, terms: BatchKey) -> KernelCalls | None:
        return self._decoded(lines, LineSlice(0, len(lines), received), terms)

    def _decoded(self, data: bytes, lines: LineSlice, terms: BatchKey, first: int = 0) -> KernelCalls | None:
        """A slice's calls by the kernel, None when it declines them; calls of sealed days are declined."""
        calls = decode_slice(
            data,
            lines,
            self._admission(terms.organization, terms.backfill, open_from_ms=self._step.open_from_ms),
            self._step.identity_key,
            max_call_bytes=terms.max_call_bytes,
            derive_routes=not self._step.has_route_patterns,
            first=first,
        )
        if calls is None or len(calls) != lines.received:
            return None
        self.by_kernel += len(calls)
        return calls

    def _admission(
        self, organization: str, backfill: bool, any_organization: bool = False, *, open_from_ms: int = 0
    ) -> Admission:
        now_ms = self._clock.now_ms()
        return Admission(
            organization=organization,
            any_organization=any_organization,
            earliest_ms=max(0 if backfill else now_ms - self._limits.late_ms, open_from_ms),
            latest_ms=now_ms + self._limits.future_ms,
            backfill=backfill,
        )

    async def _look_up(self, slices: list[CheckedSlice]) -> None:
        """Lets slices know what the store holds of identities that were let go, as of now.

        Live calls hardly ever are of days of which something was let go, and wait for nothing then.
        """
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


def _is_small(slice_: LineSlice) -> bool:
    return slice_.received <= _FEW_CALLS and slice_.end - slice_.start <= _FEW_BYTES


def _with_calls(faults: list[tuple[int, Fault]], slice_: DecodedCalls) -> list[RejectedCall]:
    """The faults of a slice with the calls that have them."""
    if not faults:
        return []
    calls = dict(zip(slice_.indexes, slice_.calls, strict=True))
    return [RejectedCall(index, fault, calls[index]) for index, fault in faults]
