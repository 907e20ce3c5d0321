"""Requests on one connection, read no further ahead than they can be answered."""

import asyncio
from collections import deque

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from calltally.server.answer_in_one_piece import AnswerInOnePiece
from calltally.server.arriving_body import ArrivingBody

_AHEAD = 16
"""With so many requests waiting for those before them, what came behind them is left as bytes."""

_HEAD_PIECE = 2048
_CHUNKED_PIECE = 16 * 1024
"""How much is parsed at a time where the next request may begin anywhere."""


class Pipelined(HttpToolsProtocol):
    """uvicorn's connection, but for bodies, and for requests that come before the answers to those before.

    uvicorn alone makes objects of as many requests as fit into what was read, hundreds of times their size,
    and goes on reading. Here the bytes wait, and while they do nothing more is read. A body whose length is
    known goes past the parser.
    """

    _unparsed: memoryview = memoryview(b"")
    _body_left: int | None = 0

    @property
    def has_unparsed(self) -> bool:
        return len(self._unparsed) > 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._bodies: deque[ArrivingBody] = deque()  # of requests that are not answered yet
        self.flow = _PatientFlow(transport, self)

    def data_received(self, data: bytes) -> None:
        self._unparsed = memoryview(bytes(self._unparsed) + data) if self._unparsed else memoryview(data)
        self._parse()

    def on_response_complete(self) -> None:
        if self._bodies:
            self._bodies.popleft().let_go()
        super().on_response_complete()
        if self._unparsed:
            self._parse()
            self.flow.resume_reading()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._body_left = _length(self.headers)
        announced = self._body_left is not None
        self._bodies.append(ArrivingBody(self.cycle, self.flow, self.transport, announced=announced))
        self.cycle.transport = AnswerInOnePiece(self.transport)  # type: ignore[assignment] # all it asks of it

    def on_body(self, body: bytes | memoryview) -> None:
        if self._body_left is not None:
            self._body_left -= len(body)
        if not self.cycle.response_complete:
            self._bodies[-1].add(body, self._body_left, self.loop)

    def on_message_complete(self) -> None:
        self._body_left = 0
        if not self.cycle.response_complete:
            self._bodies[-1].end()
        super().on_message_complete()

    def _parse(self) -> None:
        """Parses what may be parsed now, piece by piece."""
        while self._unparsed and len(self.pipeline) < _AHEAD and not self.transport.is_closing():
            if self._body_left and not self.parser.should_upgrade():
                self._take_body(self._body_left)
                continue
            size = _CHUNKED_PIECE if self._body_left is None else self._body_left or _HEAD_PIECE
            piece, self._unparsed = self._unparsed[:size], self._unparsed[size:]
            self._parse_piece(piece)
        if self.transport.is_closing():
            self._unparsed = memoryview(b"")
        elif self._unparsed:
            self.flow.pause_reading()

    def _take_body(self, left: int) -> None:
        """Takes what has come of a body; behind it a new parser begins with the next request."""
        part, self._unparsed = self._unparsed[:left], self._unparsed[left:]
        self._unset_keepalive_if_required()
        self.on_body(part)
        if not self._body_left:
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            self.on_message_complete()

    def _parse_piece(self, piece: memoryview) -> None:
        super().data_received(piece)  # type: ignore[arg-type] # handed on to the parser, which takes any buffer


class _PatientFlow(FlowControl):
    """Lets nothing in while some of what came before is not parsed."""

    def __init__(self, transport: asyncio.Transport, connection: Pipelined) -> None:
        super().__init__(transport)
        self._connection = connection

    def resume_reading(self) -> None:
        if not self._connection.has_unparsed:
            super().resume_reading()


def _length(headers: list[tuple[bytes, bytes]]) -> int | None:
    """How long a body is that the parser let pass; None where only its end will tell."""
    for name, value in headers:
        if name == b"content-length":
            return int(value)
        if name == b"transfer-encoding":
            return None
    return 0
