"""The sender in a process of its own, so that it takes no time of the benchmark's and the server's."""

import resource
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from types import TracebackType

from benchmarks.call_bodies import RequestBody, request_bodies
from benchmarks.sending import Sending, Sent

_CALLS_AT_HAND = 100_000
_bodies: list[RequestBody] = []


@dataclass(frozen=True, slots=True)
class Load:
    """So many connections, for so many seconds, at so many requests a second (None: as many as possible)."""

    connections: int
    seconds: float
    pace: float | None = None


class LoadProcess:
    """Makes its bodies when it starts; each of `send` then only sends. To be used as a context."""

    def __init__(self, port: int, headers: dict[str, str], *, batch: int, connections: int) -> None:
        self._port = port
        count = max(2 * connections, _CALLS_AT_HAND // batch)
        fields = {**headers, "Content-Type": "application/x-ndjson"}
        self._pool = ProcessPoolExecutor(1, get_context("spawn"))
        self._pool.submit(_make, count, batch, fields).result()

    def __enter__(self) -> "LoadProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()

    def send(self, load: Load) -> Future[tuple[Sent, float]]:
        """Begins to send; the result is what became of it and the processor seconds it took to send."""
        return self._pool.submit(_send, self._port, load)


def _make(count: int, batch: int, headers: dict[str, str]) -> None:
    _bodies.extend(request_bodies(count, batch, headers))


def _send(port: int, load: Load) -> tuple[Sent, float]:
    sending = Sending(port, _bodies, connections=load.connections)
    before = resource.getrusage(resource.RUSAGE_SELF)
    try:
        sent = sending.run(load.seconds, load.pace)
    finally:
        sending.close()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return sent, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
