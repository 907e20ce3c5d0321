"""Batching of requests for the ordered step."""

import asyncio
from bisect import bisect
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from itertools import accumulate, zip_longest
from typing import Any, NamedTuple, TypeVar

from calltally.clock import Clock
from calltally.ingest.body_decoder import BodyDecoder
from calltally.ingest.call_slices import SLICE, CheckedSlice
from calltally.ingest.identity_lookup import IdentityLookup
from calltally.ingest.line_slices import LineSlice
from calltally.ingest.ordered_step import OrderedStep
from calltally.ingest.receipt import CallVerdict, Receipt
from calltally.ingest.round_robin import RoundRobin
from calltally.ingest.sender import Sender
from calltally.journal.progress import Progress

MOST_IN_FRAME = 10_000
"""The most calls of one frame; they block the event loop for some milliseconds."""


_Item = TypeVar("_Item")


class BatchKey(NamedTuple):
    """Lines with equal keys are decoded together."""

    sender: Sender
    max_call_bytes: int


@dataclass(slots=True, eq=False)
class _Pending:
    """Some calls of one request: checked slices, or lines still to be decoded.

    ``taken`` resolves to the journal position, once durable if ``is_last``; to None if lines were declined.
    """

    organization: str
    received: int
    receipt: Receipt
    taken: "asyncio.Future[int | None]"
    is_last: bool
    slices: list[CheckedSlice] = field(default_factory=list)
    lines: bytes = b""
    key: BatchKey | None = None

    def tell(self, told: list[CallVerdict], received: int) -> None:
        self.receipt.accepted += received - len(told)
        if told:
            self.receipt.add(told)


class Batcher:
    """Combines the calls that arrive within one iteration of the event loop into as few frames as fit.

    Lines of several requests for one organization are decoded and judged like one body, each request's in
    order. If that is more than one step's work, organizations take turns (round robin), so that none waits
    for all of another's calls. Belongs to one event loop.
    """

    def __init__(
        self,
        step: OrderedStep,
        clock: Clock,
        durable: Progress,
        lookup: IdentityLookup,
        decoder: BodyDecoder,
        round_robin: RoundRobin,
    ) -> None:
        self._durable = durable
        self._step = step
        self._clock = clock
        self._lookup = lookup
        self._decoder = decoder
        self._round_robin = round_robin
        self._pending: list[_Pending] = []
        self._running: set[asyncio.Task[None]] = set()

    async def take(
        self, organization: str, slices: list[CheckedSlice], receipt: Receipt, *, last: bool
    ) -> None:
        """Judge checked slices and fill the receipt; the last slice of a request is also made durable.

        Raises `JournalFailedError` if it is unknown whether they are on disk.
        """
        received = sum(slice_.received for slice_ in slices)
        if await self._enqueue(_Pending(organization, received, receipt, _future(), last, slices)) is None:
            raise AssertionError("checked slices are never declined")

    async def take_lines(
        self, lines: bytes, received: int, sender: Sender, max_call_bytes: int, receipt: Receipt
    ) -> bool:
        """The same for the lines of a request; False, without any effect, if native code declined them."""
        key = BatchKey(sender, max_call_bytes)
        pending = _Pending(sender.organization, received, receipt, _future(), True, lines=lines, key=key)
        return await self._enqueue(pending) is not None

    def _enqueue(self, pending: _Pending) -> "asyncio.Future[int | None]":
        self._pending.append(pending)
        if len(self._pending) == 1:
            self._start(self._run())
        return pending.taken

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self) -> None:
        pending, self._pending = self._pending, []
        for members in _frames(_by_turns(pending, lambda member: member.organization)):
            try:
                await self._take(members)
            except Exception as error:  # noqa: BLE001 - it is raised in all waiters
                _fail(members, error)

    async def _take(self, members: list[_Pending]) -> None:
        """Process some requests, in one frame if it is not much work."""
        shares: list[tuple[CheckedSlice, list[_Pending]]] = []
        together: dict[BatchKey, list[_Pending]] = {}
        for member in members:
            shares += [(slice_, [member]) for slice_ in member.slices]
            if member.key is not None:
                together.setdefault(member.key, []).append(member)
        for key, several in together.items():
            shares += self._decoded(several, key)
        if shares:
            position = await self._judge(_by_turns(shares, lambda share: share[0].sender))
            taken = [member for member in members if not member.taken.done()]
            _settle([member for member in taken if not member.is_last], position)
            self._start(self._settle_when_durable([m for m in taken if m.is_last], position))

    async def _judge(self, shares: list[tuple[CheckedSlice, list[_Pending]]]) -> int:
        """Judge slices, in several frames if they are much work; returns the position of the last frame."""
        while True:
            slices = [slice_ for slice_, _ in shares]
            await self._round_robin.turn(slices[0].sender)
            await self._lookup.look_up(slices)
            step = self._step.take(slices, self._clock.now_ms())
            for (slice_, sharing), told in zip(shares, step.told, strict=False):
                _tell(slice_, sharing, told)
            shares = shares[len(step.told) :]
            if not shares:
                return step.position

    async def _settle_when_durable(self, members: list[_Pending], position: int) -> None:
        """Wait once for all requests of a frame."""
        try:
            await self._durable.reached(position)
        except Exception as error:  # noqa: BLE001 - it is raised in all waiters
            _fail(members, error)
        else:
            _settle(members, position)

    def _decoded(
        self, members: list[_Pending], key: BatchKey
    ) -> Iterator[tuple[CheckedSlice, list[_Pending]]]:
        """The decoded lines of one organization's requests, in few slices; declined ones are reported at
        once."""
        for some in _chunks(members, SLICE):
            received = sum(member.received for member in some)
            lines = b"\n".join([member.lines for member in some])
            calls = self._decoder.native(
                lines, LineSlice(0, len(lines), received), key.sender, key.max_call_bytes
            )
            if calls is not None:
                yield CheckedSlice(key.sender.organization, received, calls), some
            elif len(some) > 1:
                for member in some:
                    yield from self._decoded([member], key)
            elif not some[0].taken.done():
                some[0].taken.set_result(None)


def _settle(members: list[_Pending], position: int) -> None:
    for member in members:
        if not member.taken.done():
            member.taken.set_result(position)


def _fail(members: list[_Pending], error: Exception) -> None:
    for member in members:
        if not member.taken.done():
            member.taken.set_exception(error)
            member.taken.exception()  # retrieved, since the sender may be disconnected


def _future() -> "asyncio.Future[int | None]":
    return asyncio.get_running_loop().create_future()


def _frames(pending: list[_Pending]) -> Iterator[list[_Pending]]:
    return _chunks(pending, MOST_IN_FRAME)


def _by_turns(items: list[_Item], organization: Callable[[_Item], str]) -> list[_Item]:
    """The items in round-robin order of organizations, in order within each."""
    queues: dict[str, list[_Item]] = {}
    for item in items:
        queues.setdefault(organization(item), []).append(item)
    if len(queues) == 1:
        return items
    rounds = zip_longest(*queues.values())
    return [item for round_ in rounds for item in round_ if item is not None]


def _chunks(pending: list[_Pending], most: int) -> Iterator[list[_Pending]]:
    """Consecutive items of at most ``most`` calls together, but at least one."""
    some: list[_Pending] = []
    size = 0
    for member in pending:
        if some and size + member.received > most:
            yield some
            some, size = [], 0
        some.append(member)
        size += member.received
    if some:
        yield some


def _tell(slice_: CheckedSlice, sharing: list[_Pending], told: list[CallVerdict]) -> None:
    """Distribute the verdicts on a slice to the requests that share it, with places in each request."""
    if len(sharing) == 1:
        sharing[0].tell(told, slice_.received)
        return
    starts = list(accumulate((member.received for member in sharing), initial=0))
    parts: list[list[CallVerdict]] = [[] for _ in sharing]
    for verdict in told:
        number = bisect(starts, verdict.index) - 1
        index = verdict.index - starts[number]
        parts[number].append(CallVerdict(index, verdict.verdict, verdict.field, verdict.reason))
    for member, part in zip(sharing, parts, strict=True):
        member.tell(part, member.received)
