"""Request bodies that are waited for only so long, and held only so much of."""

import asyncio
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass

from calltally.api.problems import Problem, problem_of
from calltally.api.request_share import REQUEST_SHARE, RequestShare, RequestShares
from calltally.asgi import App, Message, Receive, Scope, Send
from calltally.auth.network import network_of
from calltally.errors import BusyError, TooSlowError

_SMALL_ANSWER = 64 * 1024
"""Answers up to this size are not counted: about as much is buffered for a connection anyway."""


@dataclass(frozen=True, slots=True)
class BodyTransferLimits:
    """``seconds`` for each part of a body, ``rate`` bytes a second for the whole, ``shares`` for them all."""

    seconds: float
    rate: int
    shares: RequestShares


class BoundedBodies:
    """Makes waiting for a body raise `TooSlowError` or `BusyError`, which every door tells in its own words.

    A body is too slow when a part of it takes longer than ``seconds``, or when more time was spent on waiting
    for it than ``seconds`` and what came would take at ``rate``. What has come of it is held as the share of
    its sender, and given back when the request has been answered and the client has read the answer, which
    counts too; a body that announces more than the sender
    may have is refused before anything is read.
    """

    def __init__(self, app: App, bounds: BodyTransferLimits) -> None:
        self._app = app
        self._bounds = bounds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        share = RequestShare(self._bounds.shares, network_of(client[0]) if client else "")
        REQUEST_SHARE.set(share)
        try:
            body = _Body(scope, receive, self._bounds, share)
            await self._app(scope, body.receive, _Answer(send, share).send)
        finally:
            share.release()


class _Answer:
    """The answer to one request; in place of one that the sender may not have goes a 503.

    ``send`` returns once the client has read what it was given; see `Exchange.send`.
    """

    def __init__(self, send: Send, share: RequestShare) -> None:
        self._send = send
        self._share = share
        self._is_refused = False

    def send(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            size = _length_in(message.get("headers", ()))
            if size > _SMALL_ANSWER:
                try:
                    self._share.hold_answer(size)
                except BusyError as error:
                    self._is_refused = True
                    return self._refuse(problem_of(error))
        elif self._is_refused:
            return _nothing()
        return self._send(message)

    async def _refuse(self, problem: Problem) -> None:
        length = (b"content-length", b"%d" % len(problem.body))
        headers = [*problem.headers, length]
        await self._send({"type": "http.response.start", "status": problem.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": problem.body})


async def _nothing() -> None:
    return


class _Body:
    """The body of one request, on its way."""

    def __init__(
        self, scope: Scope, receive: Receive, bounds: BodyTransferLimits, share: RequestShare
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._bounds = bounds
        self._share = share
        self._began = False
        self._whole = False
        self._received = 0
        self._waited = 0.0

    async def receive(self) -> Message:
        """The next part; once the body is whole, whatever the connection brings."""
        if self._whole:
            return await self._receive()
        if not self._began:
            self._began = True
            self._share.body.check(_length_in(self._scope["headers"]))
        message = await self._part()
        self._received += len(message.get("body", b""))
        self._share.body.grow_to(self._received)
        self._whole = not message.get("more_body")
        return message

    async def _part(self) -> Message:
        if getattr(self._receive, "is_ready", False):  # most bodies are there before they are asked for
            return await self._receive()
        seconds, rate = self._bounds.seconds, self._bounds.rate
        left = seconds + self._received / rate - self._waited
        clock = asyncio.get_running_loop().time
        started = clock()
        try:
            async with asyncio.timeout(min(seconds, left)):
                return await self._receive()
        except TimeoutError:
            if left < seconds:
                text = f"the body came more slowly than {rate} bytes a second"
            else:
                text = f"no part of the body came for {seconds:g} seconds"
            raise TooSlowError(text) from None
        finally:
            self._waited += clock() - started


def _length_in(headers: Iterable[tuple[bytes, bytes]]) -> int:
    """The length that headers say the body has; 0 where they say none."""
    for name, value in headers:
        if name == b"content-length":
            return int(value) if value.isdigit() and len(value) < 19 else 0
    return 0
