"""Round-robin scheduling of organizations on the event loop."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable

_MOST_AT_A_TIME = 16
_SECONDS = 0.012
"""Work between two polls of the network: at most this many pieces, and fewer if they would take more
processor time than this. Pieces done together are judged together, so fewer would cost more."""

_LONGEST_IS_FORGOTTEN = 0.95
"""The estimated time of a piece is the longest recent one, decayed by this factor after each turn."""


class RoundRobin:
    """Spreads pieces of work over the iterations of the event loop, round robin over organizations.

    Without it the event loop would do all ready work at once, and the organization that sends most would get
    most of the time. Belongs to one event loop.
    """

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        self._clock = clock
        self._queues: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._longest = _SECONDS / _MOST_AT_A_TIME
        self._begun = 0
        self._began_at = 0.0
        self._is_scheduled = False

    async def turn(self, organization: str) -> None:
        """Wait until one piece of the organization's work may be done, before the next ``await``."""
        if self._begun < self._most() and not self._queues:
            self._begin()
            return
        turn = asyncio.get_running_loop().create_future()
        self._queues.setdefault(organization, deque()).append(turn)
        self._schedule()
        await turn

    def _most(self) -> int:
        return max(1, min(_MOST_AT_A_TIME, round(_SECONDS / self._longest)))

    def _begin(self) -> None:
        self._begun += 1
        self._schedule()

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            self._began_at = self._clock()
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        """A new iteration of the loop: release waiting work, one piece per organization in turn."""
        if self._begun:
            each = (self._clock() - self._began_at) / self._begun
            self._longest = max(each, self._longest * _LONGEST_IS_FORGOTTEN)
        self._is_scheduled, self._begun = False, 0
        most = self._most()
        while self._queues and self._begun < most:
            organization, queue = next(iter(self._queues.items()))
            turn = queue.popleft()
            if queue:
                self._queues.move_to_end(organization)
            else:
                del self._queues[organization]
            if not turn.done():  # its caller may have been cancelled
                turn.set_result(None)
                self._begin()
