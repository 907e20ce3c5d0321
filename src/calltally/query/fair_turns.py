"""Round-robin scheduling of organizations over a limited number of places."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from calltally.errors import BusyError
from calltally.shares import Shares

_RETRY_AFTER = 2


class FairTurns:
    """Gives ``places`` to organizations round robin, each at most the share that `Shares` allows.

    At most ``waiting`` requests of one organization may wait, in order; ``None`` means any number. Belongs to
    one event loop.
    """

    def __init__(self, places: int, *, waiting: int | None = None) -> None:
        self._places = Shares(places)
        self._most_waiting = waiting
        self._queues: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self.refused = 0

    @property
    def taken(self) -> int:
        """The number of occupied places."""
        return self._places.held

    @property
    def waiting(self) -> int:
        """The number of waiting requests."""
        return sum(map(len, self._queues.values()))

    @asynccontextmanager
    async def turn(self, organization: str) -> AsyncIterator[None]:
        """Wait for a place and occupy it within the context; see `begin`."""
        await self.begin(organization)
        try:
            yield
        finally:
            self.end(organization)

    async def begin(self, organization: str) -> None:
        """Wait until the organization has one more place, which `end` releases.

        Raises `BusyError` if too many of its requests are waiting.
        """
        queue = self._queues.get(organization)
        if queue is None:
            if self._places.take(organization, 1):
                return
            queue = self._queues[organization] = deque()
        elif self._most_waiting is not None and len(queue) >= self._most_waiting:
            self.refused += 1
            text = f"{len(queue)} queries of this organization are already waiting; retry later"
            raise BusyError(text, retry_after=_RETRY_AFTER)
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.end(organization)
            else:
                self._leave(organization, turn)
            raise

    def end(self, organization: str) -> None:
        """Release one of the organization's places, to the next organization in turn."""
        self._places.give_back(organization, 1)
        while (following := self._next()) is not None:
            queue = self._queues[following]
            turn = queue.popleft()
            if queue:
                self._queues.move_to_end(following)
            else:
                del self._queues[following]
            if turn.done():  # its caller was just cancelled
                self._places.give_back(following, 1)
            else:
                turn.set_result(None)

    def _next(self) -> str | None:
        """Give a place to the first organization in turn that may have one more; returns the organization."""
        return next((waiting for waiting in self._queues if self._places.take(waiting, 1)), None)

    def _leave(self, organization: str, turn: "asyncio.Future[None]") -> None:
        queue = self._queues.get(organization, deque())
        if turn in queue:
            queue.remove(turn)
            if not queue:
                del self._queues[organization]
