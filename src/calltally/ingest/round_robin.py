"""Time of the event loop, given to organizations in turn."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable

_MOST_AT_A_TIME = 16
_SECONDS = 0.012
"""How much work is done between two looks at what the network brought: so many pieces at most, and fewer
where so many would take longer than this of a processor. What is done at one time is judged together, so
fewer would cost more."""

_LONGEST_IS_FORGOTTEN = 0.95
"""The time that a piece may take is the longest lately, which counts so much less after each turn."""


class RoundRobin:
    """Spreads pieces of work over the turns of the event loop, organizations in turn (round robin).

    Of what is ready at one time the event loop would do everything, and nothing else meanwhile: whoever sends
    most would have most of it. Belongs to one event loop.
    """

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        self._clock = clock
        self._queues: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._longest = _SECONDS / _MOST_AT_A_TIME
        self._begun = 0
        self._began_at = 0.0
        self._is_scheduled = False

    async def turn(self, organization: str) -> None:
        """Returns once one piece of the organization's work may be done, before the next ``await``."""
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
        """A new turn of the loop: those who wait go on, one of each organization after the other."""
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
            if not turn.done():  # whoever waited may have gone
                turn.set_result(None)
                self._begin()
