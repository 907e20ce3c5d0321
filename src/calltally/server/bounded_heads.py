"""Connections that are one too many, and requests that never get to their body or never get it over."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from litestar.exceptions import HTTPException
from uvicorn import Config
from uvicorn.server import ServerState

from calltally.api.problems import Problem, problem_of
from calltally.errors import BusyError
from calltally.server.pipelined import Pipelined

HEAD_BYTES = 64 * 1024
HEADERS = 100
TARGET_BYTES = 32 * 1024
"""Of a request: all of its head, how many headers, and its path with the query."""

_TOO_MANY_CONNECTIONS = BusyError("there are as many connections as there may be", retry_after=5)
_REASONS = {
    HTTPStatus.BAD_REQUEST: "what came is no request of HTTP/1.1",
    HTTPStatus.REQUEST_URI_TOO_LONG: f"path and query may have {TARGET_BYTES} bytes",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: f"there may be {HEADERS} headers of {HEAD_BYTES} bytes",
}


@dataclass(frozen=True, slots=True)
class ConnectionBounds:
    """How many connections there may be, and for how many seconds one may say nothing.

    ``head_seconds`` are for the head of a request, and for the rest of a body that was answered before it was
    whole; ``idle_seconds`` for the time between requests.
    """

    connections: int = 2000
    head_seconds: float = 30.0
    idle_seconds: int = 30


class BoundedHeads(Pipelined):
    """A connection that is refused and closed when a request's head is too long or too slow.

    uvicorn alone would wait for the rest of a head, and keep it, without end. What cannot be a request is
    refused as a problem like any other. A head may be longer by as much as is parsed at a time.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        bounds: ConnectionBounds,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._bounds = bounds
        self._fault = HTTPStatus.BAD_REQUEST
        self._in_head = True
        self._head_bytes = 0
        self._headers_seen = 0
        self._ending = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self._bounds.connections:
            self._hang_up(problem_of(_TOO_MANY_CONNECTIONS))
        else:
            self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._ending or self.transport.is_closing():
            return
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head_bytes, self._headers_seen = True, 0, 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > TARGET_BYTES:
            self._end_parsing(HTTPStatus.REQUEST_URI_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers_seen += 1
        if self._headers_seen > HEADERS:
            self._end_parsing(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if self._in_head:  # what comes behind a body in chunks must not pass for a header
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head, self._head_bytes = False, 0
        self._stop_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes | memoryview) -> None:
        self._head_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._stop_timer()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - called by uvicorn
        """Says what is wrong, unless requests before this one are still to be answered."""
        waiting = self.cycle is not None and not self.cycle.response_complete
        if self.cycle is not None and not waiting and not self._in_head:  # the rest of what was answered
            self.transport.close()
        elif waiting and (self.pipeline or self.cycle.response_started or not self.cycle.more_body):
            self.cycle.keep_alive = False
            self._ending = True
            self._unparsed = memoryview(b"")
        else:
            self._hang_up(problem_of(HTTPException(_REASONS[self._fault], status_code=self._fault)))

    def _parse_piece(self, piece: memoryview) -> None:
        """Counts what brings no part of a body: a head, or what may stand between chunks and behind them."""
        self._head_bytes += len(piece)
        super()._parse_piece(piece)
        if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self._fault = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            self.send_400_response("")

    def _end_parsing(self, fault: HTTPStatus) -> None:
        """Lets the parser fail, which is answered by `send_400_response`."""
        self._fault = fault
        raise ValueError(_REASONS[fault])

    def _watch(self) -> None:
        """Sees to it that where the client has to go on, that is not waited for without end."""
        if self.transport.is_closing() or self.has_unparsed or self._timer is not None:
            return
        answered = self.cycle is None or self.cycle.response_complete
        idle = self.timeout_keep_alive_task is not None and not self._in_head
        if self._in_head or (answered and (not idle or self.cycle.more_body)):
            self._start_timer()

    def _hang_up(self, problem: Problem) -> None:
        headers = [
            *problem.headers,
            (b"x-content-type-options", b"nosniff"),
            (b"content-length", b"%d" % len(problem.body)),
            (b"connection", b"close"),
        ]
        phrase = HTTPStatus(problem.status).phrase.encode()
        lines = [b"HTTP/1.1 %d %b" % (problem.status, phrase), *(b"%b: %b" % header for header in headers)]
        self.transport.write(b"\r\n".join([*lines, b"", problem.body]))
        self.transport.close()

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self._bounds.head_seconds, self.transport.close)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
