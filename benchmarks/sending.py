"""Sends request bodies over many connections, as quickly as they are answered or at a given pace."""

import select
import socket
import time
from collections import deque
from dataclasses import dataclass, field

from benchmarks.call_bodies import RequestBody

_HEAD_END = b"\r\n\r\n"
_BUFFER = 1 << 20


@dataclass(slots=True)
class Sent:
    """What became of what was sent; latencies in milliseconds, one per request.

    ``unanswered`` calls were on their way when the server hung up; 0 while it did not.
    """

    accepted: int = 0
    duplicate: int = 0
    other: int = 0
    unanswered: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list, repr=False)


class Sending:
    """Several keep-alive connections to one server, served by one thread without waiting for any.

    With a pace, requests fall due evenly whatever the server does, and a latency counts from when its
    request fell due: waiting for a slow server is not left out. Every ``retry_each``-th request is sent
    again as it was, as a sender does that missed the answer.
    """

    def __init__(
        self, port: int, bodies: list[RequestBody], *, connections: int, retry_each: int = 100
    ) -> None:
        self._free = deque(bodies)
        self._retry_each = retry_each
        self._poll = select.epoll()
        self._connections = [_Connection(port) for _ in range(connections)]
        self._by_number = {connection.number: connection for connection in self._connections}
        for connection in self._connections:
            self._poll.register(connection.number, select.EPOLLIN)
        self._sent = Sent()
        self._requests = 0

    def run(self, seconds: float, pace: float | None = None) -> Sent:
        """Sends for so long, ``pace`` requests a second or as many as possible, and waits for all answers.

        Ends early when the server hangs up.
        """
        self._sent = Sent()
        began = time.perf_counter()
        try:
            self._run(began, seconds, pace)
        except ConnectionError:
            self._sent.unanswered = sum(c.body.calls for c in self._connections if c.body is not None)
        self._sent.seconds = time.perf_counter() - began
        return self._sent

    def _run(self, began: float, seconds: float, pace: float | None) -> None:
        end, due = began + seconds, began
        idle = deque(self._connections)
        while (now := time.perf_counter()) < end or len(idle) < len(self._connections):
            while idle and due <= now < end:
                self._send(idle.popleft(), due if pace else time.perf_counter())
                due = due + 1 / pace if pace else now
            wait = max(0.0, min(due, end) - time.perf_counter()) if idle and now < end else 1.0
            for number, event in self._poll.poll(wait):
                self._go_on(self._by_number[number], event, idle)

    def close(self) -> None:
        self._poll.close()
        for connection in self._connections:
            connection.socket.close()

    def _send(self, connection: "_Connection", since: float) -> None:
        self._requests += 1
        body = self._free.popleft()
        body.renew()
        connection.begin(body, since)
        self._push(connection)

    def _push(self, connection: "_Connection") -> None:
        waiting = not connection.push()
        self._poll.modify(connection.number, select.EPOLLIN | (select.EPOLLOUT if waiting else 0))

    def _go_on(self, connection: "_Connection", event: int, idle: "deque[_Connection]") -> None:
        if event & select.EPOLLOUT:
            self._push(connection)
        body = connection.body
        if body is None or not event & ~select.EPOLLOUT or (answer := connection.pull()) is None:
            return
        now = time.perf_counter()
        self._book(answer, (now - connection.since) * 1000)
        if connection.first_time and self._requests % self._retry_each == 0:
            self._requests += 1
            connection.begin(body, now, first_time=False)
            self._push(connection)
            return
        connection.body = None
        self._free.append(body)
        idle.append(connection)

    def _book(self, answer: bytes, latency: float) -> None:
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"the server refused: {answer[:500]!r}")
        self._sent.latencies.append(latency)
        accepted, duplicate, *others = _counts(answer)
        self._sent.accepted += accepted
        self._sent.duplicate += duplicate
        self._sent.other += sum(others)


class _Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        self.socket.setblocking(False)
        self.number = self.socket.fileno()
        self.body: RequestBody | None = None
        self.since = 0.0
        self.first_time = True
        self._unsent = memoryview(b"")
        self._answer = b""

    def begin(self, body: RequestBody, since: float, *, first_time: bool = True) -> None:
        self.body, self.since, self.first_time = body, since, first_time
        self._unsent = memoryview(body.bytes)

    def push(self) -> bool:
        """Sends what the system takes; whether nothing is left."""
        try:
            while self._unsent:
                self._unsent = self._unsent[self.socket.send(self._unsent) :]
        except BlockingIOError:
            return False
        return True

    def pull(self) -> bytes | None:
        """Reads what came; the answer once it is whole."""
        part = self.socket.recv(_BUFFER)
        if not part:
            raise ConnectionError("the server hung up")
        self._answer += part
        head, found, body = self._answer.partition(_HEAD_END)
        if not found or len(body) < _length(head):
            return None
        answer, self._answer = self._answer, b""
        return answer


def _length(head: bytes) -> int:
    lowered = head.lower()
    start = lowered.index(b"content-length:") + len(b"content-length:")
    return int(lowered[start:].partition(b"\r\n")[0])


def _counts(answer: bytes) -> list[int]:
    """Accepted, duplicate, conflict and rejected, from the start of the JSON, where they stand."""
    told = answer.partition(_HEAD_END)[2].partition(b'"verdicts"')[0]
    return [int(pair.rpartition(b":")[2]) for pair in told.strip(b"{,").split(b",")]
