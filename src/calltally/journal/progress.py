"""A position that only rises, with waiting."""

import asyncio
import threading
from collections import deque


class Progress:
    """Waits until a position has been reached, or fails once `fail` was called.

    `advance` and `fail` may be called from any thread. Waiters on one event loop are released together.
    """

    def __init__(self, position: int = 0) -> None:
        self._position = position
        self._failure: Exception | None = None
        self._ended = False
        self._changed = threading.Condition()
        self._waiters: deque[tuple[int, asyncio.Future[None], asyncio.AbstractEventLoop]] = deque()

    @property
    def position(self) -> int:
        return self._position

    @property
    def failure(self) -> Exception | None:
        return self._failure

    @property
    def awaited(self) -> bool:
        """Whether there are waiters for a position that is not reached yet."""
        return bool(self._waiters)

    def advance(self, position: int) -> None:
        with self._changed:
            self._position = position
            reached = [waiter for waiter in self._waiters if waiter[0] <= position]
            if reached:
                self._waiters = deque(waiter for waiter in self._waiters if waiter[0] > position)
            self._changed.notify_all()
        _settle(reached, None)

    def fail(self, failure: Exception) -> None:
        """Raise this error in every present and future waiter."""
        with self._changed:
            self._failure = failure
            waiters, self._waiters = list(self._waiters), deque()
            self._changed.notify_all()
        _settle(waiters, failure)

    def end(self) -> None:
        """Declare that the position no longer rises; threads stop waiting for it."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    async def reached(self, position: int) -> None:
        """Wait until the position is reached; raises the failure if that happens first."""
        if self._position >= position:
            return
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with self._changed:
            if self._failure is not None:
                raise self._failure
            if self._position >= position:
                return
            self._waiters.append((position, future, loop))
        await future

    def wait(self, position: int, timeout: float | None = None) -> bool:
        """The same for a thread; False on timeout, or if the position no longer rises."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._position >= position or self._failure is not None or self._ended, timeout
            )
            if self._failure is not None and self._position < position:
                raise self._failure
            return self._position >= position


def _settle(
    waiters: list[tuple[int, asyncio.Future[None], asyncio.AbstractEventLoop]], failure: Exception | None
) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for _, future, loop in waiters:
        by_loop.setdefault(loop, []).append(future)
    for loop, futures in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle_on_loop, futures, failure)


def _settle_on_loop(futures: list[asyncio.Future[None]], failure: Exception | None) -> None:
    for future in futures:
        if future.done():
            continue
        if failure is None:
            future.set_result(None)
        else:
            future.set_exception(failure)
