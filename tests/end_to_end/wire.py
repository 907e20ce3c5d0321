"""A connection to a server, as a client sees it that keeps to no rule."""

import socket
from http.client import HTTPResponse
from typing import NamedTuple, Self

from tests.end_to_end.server_process import ServerProcess


class Reply(NamedTuple):
    """One answer of the server."""

    status: int
    body: bytes
    content_type: str


class Wire:
    """Sends any bytes, and reads answers one by one; a silence of ten seconds is an error."""

    def __init__(self, server: ServerProcess) -> None:
        host, port = server.address.removeprefix("http://").split(":")
        self._socket = socket.create_connection((host, int(port)), timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, *data: bytes) -> Self:
        self._socket.sendall(b"".join(data))
        return self

    def reply(self) -> Reply:
        response = HTTPResponse(self._socket)
        response.begin()
        body = response.read()
        return Reply(response.status, body, response.getheader("content-type") or "")

    def is_closed(self) -> bool:
        """Waits for the server to say more; true when it closes instead."""
        try:
            return self._socket.recv(1) == b""
        except ConnectionResetError:
            return True


def exchange(server: ServerProcess, *data: bytes) -> Reply:
    """The first answer to what is sent on a connection of its own."""
    with Wire(server) as wire:
        return wire.send(*data).reply()
