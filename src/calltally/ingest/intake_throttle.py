"""How quickly calls may come in while counting is behind them."""

import time
from collections.abc import Callable

_SLOWEST = 20_000
"""Calls a second that come in even while none are counted; what the disk may hold bounds those."""

_MOST_FULL = 2.0
_LATEST = 0.3
"""How much of the counting rate is what it was since the last note."""

_AWAITED = 8
"""While somebody waits for an answer, calls may be behind by this part of what they may be otherwise."""


class IntakeThrottle:
    """Lets calls in without a wait until counting is ``free`` calls behind, then more and more slowly.

    Where counting is ``most`` calls behind, as many come in as are counted, and it falls no further behind.
    Each organization that waits has an equal part of that, so that one that sends little waits for nearly
    nothing beside one that sends all it can; the requests of one share its queue. Belongs to one event loop.
    """

    def __init__(self, free: int, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._free = free
        self._most = most
        self._clock = clock
        self._fullness = 0.0
        self._rate = 0.0
        self._noted = 0, clock()
        self._next: dict[str, float] = {}  # when an organization's next calls may come in

    def note(self, appended: int, behind: int, *, awaited: bool) -> None:
        """So many calls came in since the start, of which so many are not counted; to be told a few times a
        second.
        """
        counted, now = appended - behind, self._clock()
        before, then = self._noted
        if now > then:
            latest = max(counted - before, 0) / (now - then)
            self._rate += (latest - self._rate) * _LATEST
            self._noted = counted, now
        part = _AWAITED if awaited else 1
        fullness = (behind * part - self._free) / (self._most - self._free)
        self._fullness = min(max(fullness, 0.0), _MOST_FULL)
        self._next = {organization: at for organization, at in self._next.items() if at > now}

    def seconds(self, organization: str, calls: int) -> float:
        """How long so many calls of an organization have to wait before they come in."""
        if not self._fullness:
            return 0.0
        now = self._clock()
        began = max(now, self._next.get(organization, now))
        self._next[organization] = began
        waiting = sum(at >= now for at in self._next.values())
        at = began + calls * waiting * self._fullness / max(self._rate, _SLOWEST)
        self._next[organization] = at
        return at - now
