"""Accepts the calls of requests and reports their verdicts to the senders."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from calltally.clock import Clock
from calltally.errors import BusyError
from calltally.ingest.batcher import MOST_IN_FRAME, Batcher
from calltally.ingest.body_decoder import BodyDecoder
from calltally.ingest.call_slices import CheckedSlice, DecodedCalls
from calltally.ingest.calls_body import CallsBody
from calltally.ingest.line_slices import LineSlice
from calltally.ingest.ordered_step import OrderedStep
from calltally.ingest.receipt import Receipt, Verdict
from calltally.ingest.round_robin import RoundRobin
from calltally.ingest.sender import Sender
from calltally.journal.journal import Journal

_WEIGHT_NEAR_BOUNDS = 10
"""The weight of a call whose texts must be checked, relative to other calls."""

_FEW_CALLS = 128
_FEW_BYTES = 65_536
"""Bodies up to these bounds are decoded together with those of other requests."""

MAX_QUEUED_BYTES = 256 * 2**20


class Intake:
    """Accepts calls from every route. All calls of a request are judged in order.

    `take_body` returns only when everything it judged, and the first copy of every duplicate, is on disk. A
    request of many slices yields to others in between. Runs on one event loop. ``totals`` counts the verdicts
    since the start, ``refusals`` the requests that were refused entirely, by reason.
    """

    def __init__(
        self,
        decoder: BodyDecoder,
        batcher: Batcher,
        step: OrderedStep,
        journal: Journal,
        clock: Clock,
        round_robin: RoundRobin,
        *,
        max_queued_bytes: int = MAX_QUEUED_BYTES,
        refuse: Callable[[], BusyError | None] = lambda: None,
        throttle: Callable[[str, int], float] = lambda _organization, _calls: 0.0,
    ) -> None:
        """Refuses requests while more than ``max_queued_bytes`` are waiting for the disk.

        ``refuse`` returns why nothing may be received at present, if so; ``throttle`` returns how many
        seconds a number of calls of an organization must wait.
        """
        self._decoder = decoder
        self._batcher = batcher
        self._step = step
        self._journal = journal
        self._clock = clock
        self._round_robin = round_robin
        self._max_queued_bytes = max_queued_bytes
        self._refuse = refuse
        self._throttle = throttle
        self.totals = dict.fromkeys(Verdict, 0)
        self.refusals: Counter[str] = Counter()

    @property
    def queue_is_full(self) -> bool:
        """Whether too many bytes are waiting to be written to the disk."""
        return self._journal.queued_bytes > self._max_queued_bytes

    async def take(
        self, sender: Sender, slices: Sequence[DecodedCalls], *, list_duplicates: bool = True
    ) -> Receipt:
        """The same as `take_body` for calls that were decoded elsewhere."""
        self._refuse_when_full()
        checked = (self._decoder.checked(sender, slice_) for slice_ in slices)
        receipt = Receipt(lists_duplicates=list_duplicates)
        return await self._take_checked(sender.organization, checked, len(slices), receipt)

    async def take_body(self, sender: Sender, body: CallsBody, *, list_duplicates: bool = True) -> Receipt:
        """Count the calls of a body.

        Cuts the body into slices unless that was done. Raises what that raises; `BusyError`, before anything
        was accepted, if senders must slow down; and `JournalFailedError` if it is unknown whether the calls
        are on disk.
        """
        if body.slices is None:
            body.cut()
        self._refuse_when_full()
        receipt = Receipt(lists_duplicates=list_duplicates)
        slices = body.slices or ()
        if len(slices) == 1 and _is_small(slices[0]):
            await self._take_few(sender, body, slices[0], receipt)
            return self._counted(receipt)
        checked = self._decoder.checked_lines(sender, body, slices)
        return await self._take_checked(sender.organization, checked, len(slices), receipt)

    async def _take_few(self, sender: Sender, body: CallsBody, few: LineSlice, receipt: Receipt) -> None:
        """Small requests need no turn of their own, so that they are judged together."""
        await self._wait_for_room(sender.organization, few.received)
        lines = body.lines[few.start : few.end]
        if await self._batcher.take_lines(lines, few.received, sender, body.max_call_bytes, receipt):
            return
        checked = self._decoder.checked(sender, body.decoded(few, 0))
        await self._batcher.take(sender.organization, [checked], receipt, last=True)

    def refused(self, organization: str, reason: str) -> None:
        """Record a request of an organization that was refused entirely, by a short name of the reason.

        It reaches the journal within a second, so a crash loses at most the refusals of the last second.
        """
        self.refusals[reason] += 1
        self._step.refuse(organization, reason, self._clock.now_ms())

    def _refuse_when_full(self) -> None:
        if self.queue_is_full:
            raise BusyError("too many calls wait to be written to disk", retry_after=1)
        if refusal := self._refuse():
            raise refusal

    async def _wait_for_room(self, organization: str, calls: int) -> None:
        """Wait for the disk and for counting: a request that has begun is not refused half-way."""
        if seconds := self._throttle(organization, calls):
            await asyncio.sleep(seconds)
        while self.queue_is_full:
            await self._journal.durable.reached(self._journal.durable.position + 1)

    async def _take_checked(
        self, organization: str, slices: Iterator[CheckedSlice], count: int, receipt: Receipt
    ) -> Receipt:
        """Process slices, each of which is decoded lazily."""
        gathered: list[CheckedSlice] = []
        size = weight = 0
        for left in reversed(range(count)):
            await self._round_robin.turn(organization)
            slice_ = next(slices)
            gathered.append(slice_)
            size += slice_.received
            if left:
                heavy = not self._step.surely_holds(slice_)
                weight += slice_.received * (_WEIGHT_NEAR_BOUNDS if heavy else 1)
            if not left or weight >= MOST_IN_FRAME:
                await self._wait_for_room(organization, size)
                await self._batcher.take(organization, gathered, receipt, last=not left)
                gathered, size, weight = [], 0, 0
        return self._counted(receipt)

    def _counted(self, receipt: Receipt) -> Receipt:
        self.totals[Verdict.ACCEPTED] += receipt.accepted
        self.totals[Verdict.DUPLICATE] += receipt.duplicate
        self.totals[Verdict.CONFLICT] += receipt.conflict
        self.totals[Verdict.REJECTED] += receipt.rejected
        return receipt


def _is_small(slice_: LineSlice) -> bool:
    return slice_.received <= _FEW_CALLS and slice_.end - slice_.start <= _FEW_BYTES
