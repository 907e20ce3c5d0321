"""Asks questions over one keep-alive connection, one after the other, and times each."""

import math
import socket
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

_HEAD_END = b"\r\n\r\n"
_BUFFER = 1 << 18


def ask_all(
    port: int, headers: dict[str, str], targets: list[str], seconds: float = math.inf
) -> tuple[list[float], list[bytes]]:
    """Milliseconds of each request and the bodies of the answers; in a process of its own.

    Asks nothing more after so many seconds.
    """
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_ask_all, port, headers, targets, seconds).result()


def _ask_all(
    port: int, headers: dict[str, str], targets: list[str], seconds: float
) -> tuple[list[float], list[bytes]]:
    end = time.perf_counter() + seconds
    told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    spent, bodies = [], []
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for target in targets:
            request = f"GET {target} HTTP/1.1\r\nHost: benchmark\r\n{told}\r\n".encode()
            if (began := time.perf_counter()) > end:
                break
            connection.sendall(request)
            head, body = _answer(connection)
            spent.append((time.perf_counter() - began) * 1000)
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{target} was refused: {head!r} {body[:500]!r}")
            bodies.append(body)
    return spent, bodies


def _answer(connection: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while _HEAD_END not in data:
        data += _received(connection)
    head, _, body = data.partition(_HEAD_END)
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    parts = [body]
    missing = length - len(body)
    while missing > 0:
        parts.append(_received(connection))
        missing -= len(parts[-1])
    return head, b"".join(parts)


def _received(connection: socket.socket) -> bytes:
    part = connection.recv(_BUFFER)
    if not part:
        raise RuntimeError("the server hung up")
    return part
