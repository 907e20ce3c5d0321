"""A point in time at which something ends, that is moved often and seldom reached."""

import asyncio
from collections.abc import Callable


class Deadline:
    """Calls ``action`` once the seconds of the last `set` are over.

    Setting and clearing cost little: the loop's timer is left as it is while it fires early enough.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, action: Callable[[], None]) -> None:
        self._loop = loop
        self._action = action
        self._at: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        self._at = at = self._loop.time() + seconds
        if self._timer is None or self._timer.when() > at:
            self._arm(at)

    def clear(self) -> None:
        """Nothing ends for now."""
        self._at = None

    def close(self) -> None:
        """Nothing ends any more."""
        self._at = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(at, self._fire)

    def _fire(self) -> None:
        self._timer = None
        if self._at is None:
            return
        if self._loop.time() < self._at:
            self._arm(self._at)
        else:
            self._at = None
            self._action()
