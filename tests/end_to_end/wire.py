"""A connection to a server, as a client sees it that keeps to no rule."""

import contextlib
import select
import socket
import time
from http.client import parse_headers
from typing import NamedTuple, Self

from tests.end_to_end.server_process import ServerProcess


class Reply(NamedTuple):
    """One answer of the server."""

    status: int
    body: bytes
    content_type: str
    retry_after: int


class Wire:
    """Sends any bytes, and reads answers one by one; a silence of so many seconds is an error.

    ``address`` is the one of the client, any of 127.0.0.0/8.
    """

    def __init__(self, server: ServerProcess, seconds: float = 10, *, address: str = "127.0.0.1") -> None:
        host, port = server.address.removeprefix("http://").split(":")
        self._socket = socket.create_connection(
            (host, int(port)), timeout=seconds, source_address=(address, 0)
        )
        self._answers = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._answers.close()
        self._socket.close()

    def send(self, *data: bytes) -> Self:
        self._socket.sendall(b"".join(data))
        return self

    def send_what_is_taken(self, data: bytes) -> None:
        """Sends until the server takes no more for a second."""
        seconds = self._socket.gettimeout()
        self._socket.settimeout(1)
        with contextlib.suppress(TimeoutError):
            self._socket.sendall(data)
        self._socket.settimeout(seconds)

    def keep_sending(self, data: bytes) -> None:
        """Sends something every tenth of a second, for ten seconds or until the server closes."""
        for _ in range(100):
            self.send(data)
            time.sleep(0.1)

    def read(self, size: int) -> bytes:
        """So many bytes of what the server says."""
        return self._answers.read(size)

    def packet(self) -> bytes:
        """What the server says first, as far as it comes at once; nothing may have been read before."""
        return self._socket.recv(65_536)

    def reply(self) -> Reply:
        line = self._answers.readline()
        if not line:
            raise ConnectionResetError("the server closed without an answer")
        headers = parse_headers(self._answers)
        body = self._answers.read(int(headers["content-length"]))
        wait = int(headers.get("retry-after", "0"))
        return Reply(int(line.split()[1]), body, headers.get("content-type", ""), wait)

    def is_reset(self) -> bool:
        """Waits up to a minute for the server to reset the connection, and reads nothing."""
        poll = select.poll()
        poll.register(self._socket, 0)  # errors are told anyway
        return bool(poll.poll(60_000))

    def is_closed(self) -> bool:
        """Waits for the server to say more; true when it closes instead."""
        try:
            return self._answers.read(1) == b""
        except ConnectionResetError:
            return True


def exchange(server: ServerProcess, *data: bytes) -> Reply:
    """The first answer to what is sent on a connection of its own."""
    with Wire(server) as wire:
        return wire.send(*data).reply()
