"""The body of one request, between the connection that brings it and the door that asks for it."""

import asyncio

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from calltally.api.bodies import Message

_GATHERED = 2**20
_UNASKED = 256 * 1024
_UNANNOUNCED = 64 * 1024
"""Bytes of a body that are gathered at a time: once somebody asks, before that, and without a length."""

_MOMENT = 0.05
"""For so many seconds the rest of a body is waited for, before what has come is handed on without it."""


class ArrivingBody:
    """Gathers what comes of a body and copies it once, when it is handed on.

    uvicorn alone copies each part three times, and wakes the door for each. Here a body that says how long it
    is comes whole if it comes quickly and has no more than a mebibyte.
    """

    def __init__(
        self,
        cycle: RequestResponseCycle,
        flow: FlowControl,
        transport: asyncio.Transport,
        *,
        announced: bool,
    ) -> None:
        """Takes the place of the cycle's own ``receive``, before its task looks at it."""
        cycle.receive = self  # type: ignore[method-assign, assignment] # called like the method
        self._cycle = cycle
        self._flow = flow
        self._transport = transport
        self._announced = announced
        self._room = _UNASKED if announced else _UNANNOUNCED
        self._parts: list[bytes | memoryview] = []
        self._size = 0
        self._moment: asyncio.TimerHandle | None = None

    def add(self, part: bytes | memoryview, left: int | None, loop: asyncio.AbstractEventLoop) -> None:
        """Takes what has come, which must not change afterwards; so much is left, None where nobody knows."""
        self._parts.append(part)
        self._size += len(part)
        if left != 0 and self._size > self._room:
            self._flow.pause_reading()
            self._cycle.message_event.set()
        elif left is None:
            self._cycle.message_event.set()
        elif left and self._moment is None:
            self._moment = loop.call_later(_MOMENT, self._cycle.message_event.set)

    def end(self) -> None:
        """The body is whole, or nobody wants it any more."""
        if self._moment is not None:
            self._moment.cancel()
            self._moment = None

    def let_go(self) -> None:
        """The answer is over: the cycle need not know this any more, so that nothing lasts in a circle."""
        self._cycle.__dict__.pop("receive", None)

    @property
    def is_ready(self) -> bool:
        """Whether there is something to be handed on without waiting."""
        return self._cycle.message_event.is_set()

    async def __call__(self) -> Message:
        """What ASGI says of ``receive``, in place of the cycle's own."""
        cycle = self._cycle
        if cycle.waiting_for_100_continue and not self._transport.is_closing():
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            cycle.waiting_for_100_continue = False
        if not cycle.disconnected and not cycle.response_complete:
            self._room = _GATHERED if self._announced else _UNANNOUNCED
            self._flow.resume_reading()
            await cycle.message_event.wait()
            cycle.message_event.clear()
        if cycle.disconnected or cycle.response_complete:
            return {"type": "http.disconnect"}
        self.end()
        body = b"".join(self._parts)
        self._parts, self._size = [], 0
        return {"type": "http.request", "body": body, "more_body": cycle.more_body}
