"""One client's connection: requests in, answers out, in the same order.

uvicorn's own protocol classes are not used: they bound neither heads nor how long a client may take, and they
cost more for each request. This one relies on how uvicorn calls a protocol class, which is not documented, so
only tried versions of uvicorn are allowed (tests/test_tried_versions.py).
"""

import asyncio
import contextlib
import socket
import struct
from collections import deque
from collections.abc import Iterable
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import unquote

from litestar.exceptions import HTTPException

from calltally.api.problems import Problem, problem_of
from calltally.asgi import App
from calltally.errors import BusyError, InvalidInputError
from calltally.server.body_buffer import BodyBuffer
from calltally.server.chunked_body import ChunkedBody
from calltally.server.connection_limits import ConnectionLimits
from calltally.server.connection_slots import ConnectionSlots
from calltally.server.deadline import Deadline
from calltally.server.exchange import Exchange
from calltally.server.head_buffer import HeadBuffer
from calltally.server.head_parser import HeadParser
from calltally.server.request_head import RequestHead

_AHEAD = 16
"""With so many requests waiting for those before them, the bytes behind them stay unparsed."""

_CHUNKED_TURN = 32 * 1024
"""Bytes of a body in chunks that are taken apart before the event loop goes on with something else."""

_LINGER_SECONDS = 2
_LINGER_BYTES = 2**20
"""How long, and for how much, a connection that ended early is still read and ignored: were it closed with
unread bytes, the client's system would throw away the last answer."""

_TOO_MANY_CONNECTIONS = BusyError(
    "the connection limit is reached, or this address's share of it", retry_after=5
)


class ServerState(Protocol):
    """What connections of one server share."""

    connections: set[Any]
    tasks: set[asyncio.Task[None]]
    default_headers: list[tuple[bytes, bytes]]


class _Waits(Enum):
    """What the client of a connection is waited for."""

    NOTHING = auto()
    FIRST_HEAD = auto()
    NEXT_REQUEST = auto()
    REST_OF_HEAD = auto()
    REST_OF_BODY = auto()


class Connection(asyncio.Protocol):
    """Reads requests, runs the application for one after the other, and never reads far ahead of its answers.

    Where a request ends is decided once, by `HeadParser` and `ChunkedBody`. What is not a valid request is
    refused with one answer, after those to the requests before it, and nothing behind it is looked at.

    A client that reads nothing of its answers for ``write_seconds`` is disconnected.
    """

    def __init__(
        self, app: App, bounds: ConnectionLimits, places: ConnectionSlots, state: ServerState
    ) -> None:
        self._app = app
        self._bounds = bounds
        self._places = places
        self._place: str | None = None
        self._state = state
        self._loop = asyncio.get_running_loop()
        self._deadline = Deadline(self._loop, self._hang_up)
        self._waits = _Waits.NOTHING
        self._taking = Deadline(self._loop, self._check_that_it_reads)
        self._untaken = 0
        self._heads = HeadBuffer()
        self._parser = HeadParser()
        self._data = b""  # what came and was not parsed yet, from self._at on
        self._at = 0
        self._takes_requests = True
        self._ignored = 0
        self._exchanges: deque[Exchange] = deque()  # not answered yet; the first one is being answered
        self._body: BodyBuffer | None = None  # that is not whole yet
        self._body_left = 0
        self._chunks: ChunkedBody | None = None
        self._refusal: bytes | None = None  # goes out behind the answers
        self._is_reading = True
        self._writable: asyncio.Event | None = None  # while the client does not read what was written

    # called by the event loop

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        self._scope = _scope_of(transport)
        self._state.connections.add(self)
        client = self._scope["client"]
        self._place = self._places.take(client[0] if client else None)
        if self._place is None:
            self.write(_written(problem_of(_TOO_MANY_CONNECTIONS), self.common_headers))
            self._end(everything_came=True)  # it may not linger: it is one too many
        else:
            self._waits = _Waits.FIRST_HEAD
            self._deadline.set(self._bounds.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._state.connections.discard(self)
        if self._place is not None:
            self._places.give_back(self._place)
        self._takes_requests = False
        self._deadline.close()
        self._taking.close()
        self._parser.close()
        self._body = None
        for exchange in self._exchanges:
            exchange.disconnect()
        self._exchanges.clear()
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        if not self._takes_requests:
            self._ignore(len(data))
            return
        self._data, self._at = (self._data[self._at :] + data if self._data else data), 0
        self._read()

    def pause_writing(self) -> None:
        self._writable = asyncio.Event()
        self._watch_taking()

    def resume_writing(self) -> None:
        self._taking.clear()
        if self._writable is not None:
            self._writable.set()
            self._writable = None

    # called by the server

    def shutdown(self) -> None:
        """Closes the connection once the requests that came so far are answered."""
        if self._exchanges:
            self._exchanges[-1].keep_alive = False
        else:
            self._hang_up()

    # called by the exchanges and their bodies

    @property
    def common_headers(self) -> list[tuple[bytes, bytes]]:
        return self._state.default_headers

    async def writable(self) -> None:
        while self._writable is not None:
            await self._writable.wait()

    def write(self, *data: bytes) -> None:
        if self._transport.is_closing():
            return
        if len(data) == 1:
            self._transport.write(data[0])
        else:
            self._transport.writelines(data)

    def settle_reading(self) -> None:
        """Reads on, unless what came has to be parsed or handed on first."""
        wanted = not self._data and (self._body is None or not self._body.is_full)
        if wanted == self._is_reading or self._transport.is_closing():
            return
        self._is_reading = wanted
        if wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def end_answer(self) -> None:
        exchange = self._exchanges.popleft()
        exchange.body.close()
        if self._transport.is_closing():
            return
        if not exchange.keep_alive:
            self._end(everything_came=exchange.body.is_whole)
        elif self._exchanges:
            self._run(self._exchanges[0])
            self._read()
        elif self._refusal is not None:
            self.write(self._refusal)
            self._end(everything_came=False)
        else:
            self._read()

    def abort(self) -> None:
        self._hang_up()

    # reading

    def _read(self) -> None:
        """Takes what came apart, as far as it may be for now."""
        turn = self._at + _CHUNKED_TURN
        try:
            while self._takes_requests and self._at < len(self._data):
                if self._body is None:
                    if self._exchanges and not self._may_read_ahead():
                        break
                    self._read_head()
                elif self._chunks is None:
                    self._read_announced(self._body)
                elif self._at < turn:
                    self._read_chunks(self._body, self._chunks, turn)
                else:
                    self._loop.call_soon(self._read)
                    break
        except (InvalidInputError, HTTPException) as error:
            self._refuse(problem_of(error))
        if self._at == len(self._data) or not self._takes_requests:
            self._data, self._at = b"", 0
        self.settle_reading()
        self._wait_for_the_client()

    def _may_read_ahead(self) -> bool:
        if not self._exchanges[-1].keep_alive:  # whatever follows is not a request
            self._takes_requests = False
        return self._takes_requests and len(self._exchanges) <= _AHEAD

    def _read_head(self) -> None:
        data, self._at = self._heads.take(self._data, self._at)
        if data is None:
            return
        head = self._parser.parse(data)
        scope = {
            **self._scope,
            "http_version": head.version,
            "method": head.method,
            "path": unquote(head.path.decode()),
            "raw_path": head.path,
            "query_string": head.query,
            "headers": head.headers,
            "state": {},
        }
        body = BodyBuffer(self, announced=head.length is not None, expects_continue=head.expects_continue)
        exchange = Exchange(self, head, scope, body)
        self._exchanges.append(exchange)
        self._begin_body(head, body)
        if len(self._exchanges) == 1:
            self._run(exchange)

    def _begin_body(self, head: RequestHead, body: BodyBuffer) -> None:
        if head.length == 0:
            body.finish()
            return
        self._body = body
        self._body_left = head.length or 0
        self._chunks = ChunkedBody() if head.length is None else None

    def _read_announced(self, body: BodyBuffer) -> None:
        part = memoryview(self._data)[self._at : self._at + self._body_left]
        self._at += len(part)
        self._body_left -= len(part)
        body.add(part, self._body_left, self._loop)
        if not self._body_left:
            self._end_body(body)

    def _read_chunks(self, body: BodyBuffer, chunks: ChunkedBody, turn: int) -> None:
        parts, self._at = chunks.take(self._data, self._at, min(turn, len(self._data)))
        if parts:
            body.add(b"".join(parts), None, self._loop)
        if chunks.is_whole:
            self._end_body(body)

    def _end_body(self, body: BodyBuffer) -> None:
        self._body = self._chunks = None
        body.finish()

    def _run(self, exchange: Exchange) -> None:
        task = self._loop.create_task(exchange.run(self._app))
        self._state.tasks.add(task)
        task.add_done_callback(self._state.tasks.discard)

    def _ignore(self, size: int) -> None:
        self._ignored += size
        if self._ignored > _LINGER_BYTES:
            self._hang_up()

    # ending

    def _wait_for_the_client(self) -> None:
        """Sees to it that nothing is waited for without end."""
        if not self._takes_requests:
            return
        if self._body is not None and not self._exchanges:
            waits, seconds = _Waits.REST_OF_BODY, self._bounds.head_seconds
        elif self._exchanges:
            waits, seconds = _Waits.NOTHING, 0.0
        elif self._waits is _Waits.FIRST_HEAD:
            return
        elif self._heads.has_begun:
            waits, seconds = _Waits.REST_OF_HEAD, self._bounds.head_seconds
        else:
            waits, seconds = _Waits.NEXT_REQUEST, float(self._bounds.idle_seconds)
        if waits is self._waits:
            return
        self._waits = waits
        if waits is _Waits.NOTHING:
            self._deadline.clear()
        else:
            self._deadline.set(seconds)

    def _refuse(self, problem: Problem) -> None:
        """Answers what is not a request, behind the answers to the requests before it, and ends."""
        self._takes_requests = False
        body, self._body = self._body, None
        if body is not None:
            if not self._exchanges:  # what is wrong is the rest of a request that was answered
                self._end(everything_came=False)
                return
            if self._exchanges[-1].has_started:
                self._exchanges[-1].keep_alive = False
                body.close()
                return
            self._exchanges.pop().disconnect()
        refusal = _written(problem, self.common_headers)
        if self._exchanges:
            self._refusal = refusal
        else:
            self.write(refusal)
            self._end(everything_came=False)

    def _end(self, *, everything_came: bool) -> None:
        """Closes the connection; where the client may still be sending, once it has read the answer."""
        self._takes_requests = False
        self._body = None
        self._deadline.clear()
        for exchange in self._exchanges:
            exchange.disconnect()
        self._exchanges.clear()
        if everything_came or not self._transport.can_write_eof():
            self._close()
        else:
            self._transport.write_eof()
            self._data, self._at = b"", 0
            self.settle_reading()
            self._deadline.set(_LINGER_SECONDS)

    def _hang_up(self) -> None:
        self._close()

    def _close(self) -> None:
        """Closes the connection once the client has read what was written."""
        self._transport.close()
        if self._transport.get_write_buffer_size():
            self._watch_taking()

    def _watch_taking(self) -> None:
        self._untaken = self._transport.get_write_buffer_size()
        self._taking.set(self._bounds.write_seconds)

    def _check_that_it_reads(self) -> None:
        """Disconnects a client that has read nothing since this was looked at last."""
        if self._transport.get_write_buffer_size() < self._untaken:
            self._watch_taking()
        else:
            self._reset()

    def _reset(self) -> None:
        """Gives up what was written, in the system's buffers too, which also shows that it was not all."""
        if (connection := self._transport.get_extra_info("socket")) is not None:
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()


def _scope_of(transport: asyncio.Transport) -> dict[str, Any]:
    """The members of ASGI's scope that all requests of a connection share."""
    encrypted = transport.get_extra_info("sslcontext") is not None
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "scheme": "https" if encrypted else "http",
        "root_path": "",
        "server": _address(transport.get_extra_info("sockname")),
        "client": _address(transport.get_extra_info("peername")),
    }


def _address(name: object) -> tuple[str, int] | None:
    return (str(name[0]), int(name[1])) if isinstance(name, tuple) else None


def _written(problem: Problem, common: Iterable[tuple[bytes, bytes]]) -> bytes:
    phrase = HTTPStatus(problem.status).phrase.encode()
    headers = [
        *common,
        *problem.headers,
        (b"x-content-type-options", b"nosniff"),
        (b"content-length", b"%d" % len(problem.body)),
        (b"connection", b"close"),
    ]
    lines = [b"HTTP/1.1 %d %b" % (problem.status, phrase), *(b"%b: %b" % header for header in headers)]
    return b"\r\n".join([*lines, b"", problem.body])
