"""Asks questions over one keep-alive connection, one after the other, and times each."""

import json
import math
import socket
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

_HEAD_END = b"\r\n\r\n"
_BUFFER = 1 << 18


class Asking(NamedTuple):
    """What is requested: a GET, with a body a POST; an execution is followed to its results."""

    target: str
    body: str = ""
    is_execution: bool = False


class Answered(NamedTuple):
    """Milliseconds from asking to the whole answer, and of them those in the server: all but the processor
    time that the asking side took itself, which waits while the server works."""

    spent: float
    served: float
    body: bytes


def ask_all(
    port: int, headers: dict[str, str], askings: list[Asking], seconds: float = math.inf
) -> list[Answered]:
    """The answers in order; in a process of its own.

    Asks nothing more after so many seconds.
    """
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(ask_here, port, headers, askings, seconds).result()


def ask_here(
    port: int, headers: dict[str, str], askings: list[Asking], seconds: float = math.inf
) -> list[Answered]:
    """The same from this process, which should have nothing else to do."""
    end = time.perf_counter() + seconds
    told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    answered = []
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for asking in askings:
            if (began := time.perf_counter()) > end:
                break
            worked = time.thread_time()
            body = _asked(connection, told, asking)
            if asking.is_execution:
                results = Asking(json.loads(body)["resultsUri"])
                while b'"Running"' in (body := _asked(connection, told, results)):
                    time.sleep(0.002)
            spent, own = time.perf_counter() - began, time.thread_time() - worked
            answered.append(Answered(spent * 1000, (spent - own) * 1000, body))
    return answered


def _asked(connection: socket.socket, told: str, asking: Asking) -> bytes:
    """The body of the answer to one request; raises `RuntimeError` for a refusal."""
    method, packed = ("POST", asking.body.encode()) if asking.body else ("GET", b"")
    about = f"Content-Type: application/json\r\nContent-Length: {len(packed)}\r\n" if packed else ""
    head = f"{method} {asking.target} HTTP/1.1\r\nHost: benchmark\r\n{told}{about}\r\n"
    connection.sendall(head.encode() + packed)
    head_back, body = _answer(connection)
    if not head_back.startswith((b"HTTP/1.1 200", b"HTTP/1.1 202")):
        raise RuntimeError(f"{asking.target} was refused: {head_back!r} {body[:500]!r}")
    return body


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
