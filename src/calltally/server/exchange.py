"""One request and its answer, as ASGI sees them."""

import asyncio
from http import HTTPStatus
from typing import Any, Protocol

import structlog

from calltally.api.problems import problem_of
from calltally.asgi import App, Message, Scope
from calltally.server.body_buffer import BodyBuffer
from calltally.server.request_head import RequestHead
from calltally.server.response_head import Headers, ResponseHead

log = structlog.get_logger()

_QUESTIONS = ("GET", "HEAD")
"""Methods of requests that change nothing, so that they may end anywhere."""


class _Channel(Protocol):
    """What an answer asks of its connection."""

    @property
    def common_headers(self) -> Headers:
        """Headers of every answer."""

    async def writable(self) -> None:
        """Returns once the client has read enough of what was written before."""

    def write(self, *data: bytes) -> None: ...

    def end_answer(self) -> None:
        """The answer is complete."""

    def abort(self) -> None:
        """The answer cannot be completed."""


class Exchange:
    """Runs the application for one request and writes its answer, head and body in one piece."""

    def __init__(self, channel: _Channel, head: RequestHead, scope: Scope, body: BodyBuffer) -> None:
        self.body = body
        self.keep_alive = head.keep_alive
        """Whether the connection takes another request after this one."""
        self.has_started = False
        """Whether the head of the answer is decided."""
        self._channel = channel
        self._head = head
        self._scope = scope
        self._is_over = False
        self._task: asyncio.Task[Any] | None = None
        self._answer: ResponseHead | None = None
        self._unsent = b""
        self._left = 0

    def disconnect(self) -> None:
        """Nothing of this will be sent any more; a question is not answered any further."""
        self._is_over = True
        self.body.close()
        if self._task is not None and self._head.method in _QUESTIONS:
            self._task.cancel()

    async def run(self, app: App) -> None:
        """Never raises an `Exception`: what the application raises is logged and answered with 500."""
        self._task = asyncio.current_task()
        try:
            await app(self._scope, self.body, self.send)
        except Exception as error:
            log.error("request failed", method=self._head.method, path=self._path(), exc_info=error)
        else:
            if self._is_over:
                return
            log.error("request not answered", method=self._head.method, path=self._path())
        await self._fail()

    async def send(self, message: Message) -> None:
        """ASGI's ``send``; returns once the client has read the answer, but for what the system buffers.

        So whatever a request holds it holds until then.
        """
        await self._channel.writable()
        if self._is_over:
            return
        if message["type"] == "http.response.start":
            self._start(message["status"], message.get("headers", ()))
        else:
            self._go_on(message.get("body", b""), more=message.get("more_body", False))
            await self._channel.writable()

    def _start(self, status: int, headers: Headers) -> None:
        if self._answer is not None:
            raise RuntimeError("the answer was started before")
        # A client that was not asked for the body may send it or not: what comes next could be either.
        keep_alive = self.keep_alive and not self.body.awaits_continue
        answer = ResponseHead(
            status, headers, self._channel.common_headers, self._head, keep_alive=keep_alive
        )
        self.body.awaits_continue = False
        self.has_started = True
        self.keep_alive = answer.keep_alive
        self._answer, self._unsent, self._left = answer, answer.bytes, answer.length or 0

    def _go_on(self, part: bytes, *, more: bool) -> None:
        answer = self._answer
        if answer is None:
            raise RuntimeError("the answer was not started")
        if not answer.has_body:
            part, more = b"", False
        elif answer.is_chunked:
            part = (b"%x\r\n%b\r\n" % (len(part), part) if part else b"") + (b"" if more else b"0\r\n\r\n")
        elif answer.length is not None:
            self._left -= len(part)
            if self._left < 0 or (self._left and not more):
                raise RuntimeError("the answer is not as long as it announced")
        self._write(part)
        if not more:
            self._is_over = True
            self._channel.end_answer()

    def _write(self, part: bytes) -> None:
        if not self._unsent:
            self._channel.write(part)
        elif part:
            self._channel.write(self._unsent, part)
        else:
            self._channel.write(self._unsent)
        self._unsent = b""

    async def _fail(self) -> None:
        if self._is_over:
            return
        if self.has_started and not self._unsent:
            self._channel.abort()
            return
        self._answer = None
        problem = problem_of(RuntimeError())
        headers = [
            *problem.headers,
            (b"content-length", b"%d" % len(problem.body)),
            (b"connection", b"close"),
        ]
        self._start(HTTPStatus.INTERNAL_SERVER_ERROR, headers)
        self._go_on(problem.body, more=False)

    def _path(self) -> str:
        return self._head.path.decode()
