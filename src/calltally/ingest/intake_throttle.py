"""Backpressure: limits the rate of received calls while counting lags."""

import time
from collections.abc import Callable

_SLOWEST = 20_000
"""Calls per second that are accepted even while none are counted; disk limits bound those."""

_MOST_FULL = 2.0
_LATEST = 0.3
"""The weight of the latest measurement in the counting rate."""

_AWAITED = 8
"""While a query waits, the allowed lag is this fraction of the usual one."""


class IntakeThrottle:
    """Admits calls without delay up to a lag of ``free`` uncounted calls, then more and more slowly.

    At a lag of ``most`` calls, as many are admitted as are counted, and the lag grows no further. Each
    waiting organization gets an equal part of that rate, so that one that sends little waits for nearly
    nothing next to one that sends all it can; the requests of one organization share its queue. Belongs to
    one event loop.
    """

    def __init__(self, free: int, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._free = free
        self._most = most
        self._clock = clock
        self._fullness = 0.0
        self._rate = 0.0
        self._noted = 0, clock()
        self._next: dict[str, float] = {}  # when an organization's next calls are admitted

    def note(self, appended: int, behind: int, *, awaited: bool) -> None:
        """Report the calls received since the start and those not yet counted; to be called a few times per
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
        """The seconds that a number of an organization's calls must wait before they are admitted."""
        if not self._fullness:
            return 0.0
        now = self._clock()
        began = max(now, self._next.get(organization, now))
        self._next[organization] = began
        waiting = sum(at >= now for at in self._next.values())
        at = began + calls * waiting * self._fullness / max(self._rate, _SLOWEST)
        self._next[organization] = at
        return at - now
