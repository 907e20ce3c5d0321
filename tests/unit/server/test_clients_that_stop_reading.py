"""What becomes of answers that nobody reads, of questions that nobody waits for, and of many connections."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from calltally.asgi import App
from calltally.server.app_server import AppServer, listening_socket
from calltally.server.connection_limits import ConnectionLimits
from calltally.server.connection_slots import ConnectionSlots

LARGE = 64 * 2**20
"""More than the system buffers for a connection."""


class Answering:
    """Answers every request with so many bytes, once it may."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.began = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.sent = 0
        self.cancelled = asyncio.Event()
        self.over = asyncio.Event()

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        self.began.set()
        try:
            await self.may_answer.wait()
            headers = [(b"content-length", b"%d" % self._size)]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": bytes(self._size)})
            self.sent += 1
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        finally:
            self.over.set()


@contextlib.asynccontextmanager
async def served(app: App, **bounds: Any) -> AsyncIterator[int]:
    """The port at which an application is served."""
    listener = listening_socket("127.0.0.1", 0)
    port: int = listener.getsockname()[1]
    serving = AppServer([(app, listener)], bounds=ConnectionLimits(**bounds))
    running = asyncio.create_task(serving.run())
    await serving.started()
    try:
        async with asyncio.timeout(60):
            yield port
    finally:
        serving.stop()
        await running


class Client:
    """A connection that sends one request and reads only when it is told to."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setblocking(False)

    async def ask(self, method: bytes, *headers: bytes) -> None:
        lines = [b"%b / HTTP/1.1" % method, b"Host: x", b"Content-Length: 0", *headers, b"", b""]
        await asyncio.get_running_loop().sock_sendall(self._socket, b"\r\n".join(lines))

    async def read(self, size: int = 2**20) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self._socket, size)

    async def read_to_the_end(self) -> None:
        while await self.read():
            pass

    def close(self) -> None:
        self._socket.close()


@pytest.mark.parametrize("header", [b"Connection: keep-alive", b"Connection: close"])
async def test_a_client_that_reads_nothing_is_disconnected_and_its_answer_given_up(header: bytes) -> None:
    app = Answering(LARGE)
    app.may_answer.set()
    async with served(app, write_seconds=0.2) as port:
        with contextlib.closing(Client(port)) as client:
            await client.ask(b"POST", header)
            await app.over.wait()

            with pytest.raises(ConnectionResetError):
                await client.read_to_the_end()


async def test_an_answer_counts_as_sent_only_once_the_client_has_read_it() -> None:
    app = Answering(LARGE)
    app.may_answer.set()
    async with served(app) as port:
        with contextlib.closing(Client(port)) as client:
            await client.ask(b"POST")
            await app.began.wait()
            await asyncio.sleep(0.1)
            assert not app.over.is_set()

            read = 0
            while read < LARGE:
                read += len(await client.read())
            await app.over.wait()

    assert app.sent == 1


async def test_a_client_that_reads_slowly_gets_its_whole_answer() -> None:
    app = Answering(LARGE)
    app.may_answer.set()
    async with served(app, write_seconds=5) as port:
        with contextlib.closing(Client(port)) as client:
            await client.ask(b"POST")
            read = 0
            while read < LARGE:
                part = await client.read(4 * 2**20)
                assert part
                read += len(part)
                await asyncio.sleep(0.1)

    assert app.sent == 1


@pytest.mark.parametrize(("method", "is_cancelled"), [(b"GET", True), (b"HEAD", True), (b"POST", False)])
async def test_a_question_ends_once_its_client_is_gone_and_what_changes_something_does_not(
    method: bytes, is_cancelled: bool
) -> None:
    app = Answering(10)
    async with served(app) as port:
        client = Client(port)
        await client.ask(method)
        await app.began.wait()
        client.close()
        if not is_cancelled:
            await asyncio.sleep(0.1)
            app.may_answer.set()
        await app.over.wait()

    assert app.cancelled.is_set() == is_cancelled


def test_an_address_has_as_many_connections_as_are_free_besides() -> None:
    places = ConnectionSlots(10)
    own = [places.take("192.0.2.1") for _ in range(7)]

    assert own == ["192.0.2.1"] * 5 + [None] * 2
    assert [places.take("192.0.2.2") for _ in range(3)] == ["192.0.2.2"] * 2 + [None]
    places.give_back("192.0.2.1")
    assert places.take("192.0.2.2")


def test_a_proxy_has_as_many_connections_as_there_are() -> None:
    places = ConnectionSlots(10, ["10.0.0.0/24", "::ffff:10.0.0.0/120"])

    assert all(places.take("10.0.0.7") for _ in range(4))
    assert all(places.take("::ffff:10.0.0.8") for _ in range(4))
    assert places.take(None)
    assert places.take("192.0.2.1")
    assert places.take("10.0.0.7") is None
