"""The body of one request, between the connection that brings it and the door that asks for it."""

import asyncio
from typing import Protocol

from calltally.asgi import Message

_GATHERED = 2**20
_UNASKED = 256 * 1024
_UNANNOUNCED = 64 * 1024
"""Bytes gathered at a time: once `receive` was called, before that, and for bodies in chunks."""

_MOMENT = 0.05
"""The rest of a body is awaited for so many seconds before what has come is handed on without it."""

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class _Source(Protocol):
    """What a body asks of its connection."""

    def settle_reading(self) -> None:
        """Looks at ``is_full`` again."""

    def write(self, data: bytes) -> None: ...


class BodyBuffer:
    """ASGI's ``receive``: gathers what comes of a body and copies it once, when it is handed on.

    A body that says how long it is comes whole if it comes quickly and has no more than a mebibyte.
    """

    def __init__(self, source: _Source, *, announced: bool, expects_continue: bool) -> None:
        self.is_whole = False
        self.is_ready = False
        """Whether there is something to be handed on without waiting."""
        self.awaits_continue = expects_continue
        """Whether the client may be holding the body back until it is asked for."""
        self._source = source
        self._announced = announced
        self._room = _UNASKED if announced else _UNANNOUNCED
        self._parts: list[bytes | memoryview] = []
        self._size = 0
        self._is_closed = False
        self._came: asyncio.Event | None = None
        self._moment: asyncio.TimerHandle | None = None

    @property
    def is_full(self) -> bool:
        """Whether no more should come before this was handed on."""
        return self._size > self._room and not self.is_whole

    def add(self, part: bytes | memoryview, left: int | None, loop: asyncio.AbstractEventLoop) -> None:
        """Takes what has come, which must not change afterwards; ``left`` is None where that is unknown."""
        self.awaits_continue = False
        if self._is_closed:
            return
        self._parts.append(part)
        self._size += len(part)
        if left is None or (left and self._size > self._room):
            self._hand_on()
        elif left and self._moment is None:
            self._moment = loop.call_later(_MOMENT, self._hand_on)

    def finish(self) -> None:
        """The body is whole."""
        self.is_whole = True
        self.awaits_continue = False
        self._hand_on()

    def close(self) -> None:
        """The answer is complete or the client has gone: nothing more is handed on."""
        self._is_closed = True
        self._parts, self._size = [], 0
        self._hand_on()

    async def __call__(self) -> Message:
        """What ASGI says of ``receive``."""
        if not self._is_closed:
            if self.awaits_continue:
                self.awaits_continue = False
                self._source.write(_CONTINUE)
            if not self.is_ready:
                await self._wait()
            self.is_ready = False
        if self._is_closed:
            return {"type": "http.disconnect"}
        self._stop_waiting()
        body = b"".join(self._parts)
        self._parts, self._size = [], 0
        return {"type": "http.request", "body": body, "more_body": not self.is_whole}

    async def _wait(self) -> None:
        self._room = _GATHERED if self._announced else _UNANNOUNCED
        self._source.settle_reading()
        if self._came is None:
            self._came = asyncio.Event()
        self._came.clear()
        await self._came.wait()

    def _hand_on(self) -> None:
        self._stop_waiting()
        self.is_ready = True
        if self._came is not None:
            self._came.set()

    def _stop_waiting(self) -> None:
        if self._moment is not None:
            self._moment.cancel()
            self._moment = None
