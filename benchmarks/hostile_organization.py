"""Ways in which an organization can ask for more than is good for others, each as a process of its own."""

import gzip
import json
import multiprocessing
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from itertools import count

import zstandard

_CONNECTIONS = 16
_NICENESS = 5
_MEBIBYTE = 2**20
_DIMENSIONS = ["client_id", "user_id", "source_id", "account_id", "route", "method", "status"]

Attack = Callable[["Target", int], None]
"""Does its worst once, on behalf of one of the threads that go on with it."""


class Target:
    """A server, and who asks it."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self.port = port
        self.headers = headers
        self._local = threading.local()
        self._numbers = count()

    def number(self) -> int:
        """One that was never used before."""
        return os.getpid() << 32 | next(self._numbers)

    def request(self, method: str, path: str, body: bytes = b"", **headers: str) -> int:
        """The status of an answer, which is read; on one connection per thread."""
        if not hasattr(self._local, "connection"):
            self._local.connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection: HTTPConnection = self._local.connection
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body or None, {**self.headers, **told})
            answer = connection.getresponse()
            answer.read()
        except (HTTPException, OSError):
            connection.close()
            raise
        if answer.status in (429, 503):
            time.sleep(0.05)  # whoever attacks does not wait as long as it is told to
        return answer.status

    def head(self, line: str, *headers: str) -> bytes:
        told = [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([line, "Host: x", *told, *headers, "", ""]).encode()

    def connection(self, receive: int = _MEBIBYTE) -> socket.socket:
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        made.settimeout(60)
        made.connect(("127.0.0.1", self.port))
        return made


def _dripped(target: Target, _: int) -> None:
    """Bodies of 64 MiB are announced, and each brings a kibibyte a second."""
    announced = target.head("POST /v1/calls HTTP/1.1", f"Content-Length: {64 * _MEBIBYTE}")
    connections = [target.connection() for _ in range(8)]
    for connection in connections:
        connection.sendall(announced)
    for _ in range(30):
        for connection in connections:
            connection.sendall(b" " * 1100)
        time.sleep(1)


_BOMBS = (
    ("gzip", gzip.compress(bytes(16 * _MEBIBYTE)) * 8),
    ("zstd", zstandard.compress(bytes(16 * _MEBIBYTE)) * 8),
    ("zstd", zstandard.compress(b"") * (2 * _MEBIBYTE // 9)),
)


def _bombs(target: Target, thread: int) -> None:
    """Bodies that unpack to more than is allowed, or have hundreds of thousands of members."""
    encoding, body = _BOMBS[thread % len(_BOMBS)]
    target.request("POST", "/v1/calls", body, Content_Encoding=encoding)


def _unread(target: Target, _: int) -> None:
    """Answers of megabytes that are never read, on eight connections each."""
    path = f"/v1/usage?from=2000-01-01&to=2100-01-01&limit=10000&group_by={','.join(_DIMENSIONS[:5])}"
    question = target.head(f"GET {path} HTTP/1.1")
    connections = [target.connection(4096) for _ in range(8)]
    for connection in connections:
        connection.sendall(question * 4)
    time.sleep(20)
    for connection in connections:
        connection.close()


def _heavy_questions(target: Target, _: int) -> None:
    """All calls by hour and everything else that there is."""
    year = datetime.now(UTC).year
    path = f"/v1/usage?from={year - 1}-01-01&to={year + 1}-01-01&granularity=hour&limit=10000&order_by=-calls"
    target.request("GET", f"{path}&group_by={','.join(_DIMENSIONS)}")


def _executions(target: Target, _: int) -> None:
    """Genesys's queries by all columns, which are answered in the background."""
    now = datetime.now(UTC)
    asked = {
        "interval": f"{now.year - 1}-01-01T00:00:00Z/{now.year + 1}-01-01T00:00:00Z",
        "granularity": "Day",
        "groupBy": ["OAuthClientId", "TemplateUri", "HttpMethod"],
        "metrics": ["Status200", "Status400", "Requests"],
    }
    body = json.dumps(asked).encode()
    target.request("POST", "/api/v2/usage/query", body, Content_Type="application/json")


def _posted(target: Target, call: Callable[[int], dict[str, object]]) -> None:
    now = datetime.now(UTC).isoformat()
    lines = (json.dumps({"time": now, **call(number)}) for number in range(1000))
    target.request("POST", "/v1/calls", "\n".join(lines).encode(), Content_Type="application/jsonl")


def _conflicts(target: Target, thread: int) -> None:
    """The same thousand ids again and again, each time for other calls."""
    path = f"/{target.number()}"
    _posted(target, lambda number: {"id": f"same-{thread}-{number}", "path": path})


def _new_texts(target: Target, _: int) -> None:
    """Calls of users, accounts and routes that there never were before."""

    def call(_: int) -> dict[str, object]:
        name = f"{target.number()}-{'x' * 200}"
        return {"id": name, "user_id": name, "account_id": name, "route": f"/{name}"}

    _posted(target, call)


def _logins(target: Target, thread: int) -> None:
    """Wrong secrets of clients that there are not."""
    form = f"grant_type=client_credentials&client_id={thread}-{target.number()}&client_secret=wrong".encode()
    target.request("POST", "/oauth/token", form, Content_Type="application/x-www-form-urlencoded")


def _posts(target: Target, _: int) -> None:
    """Good calls, as quickly as they are taken."""
    _posted(target, lambda _: {"id": str(target.number()), "path": "/orders/1", "status": 200})


ATTACKS: dict[str, Attack] = {
    "dripped bodies": _dripped,
    "bombs": _bombs,
    "answers not read": _unread,
    "heavy questions": _heavy_questions,
    "executions": _executions,
    "conflicts": _conflicts,
    "new texts": _new_texts,
    "logins": _logins,
    "posts": _posts,
}


@contextmanager
def attacked(name: str, port: int, headers: dict[str, str]) -> Iterator[None]:
    """Within, the server is asked for too much, by a process that lets everything else go first."""
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_go_on, args=(name, port, headers), daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def _go_on(name: str, port: int, headers: dict[str, str]) -> None:
    os.nice(_NICENESS)
    target = Target(port, headers)

    def repeat(thread: int) -> None:
        while True:
            with suppress(OSError, HTTPException):
                ATTACKS[name](target, thread)

    threads = [threading.Thread(target=repeat, args=(number,), daemon=True) for number in range(_CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
