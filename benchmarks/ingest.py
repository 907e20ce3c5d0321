"""How many calls a second are taken in, de-duplicated, made durable and counted, beside databases.

    python -m benchmarks.ingest --seen 1000000 10000000 --batch 1000 --seconds 10

See docs/performance.md for what the figures mean.
"""

import argparse
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter, sleep

from benchmarks.figure import Figure, less, percentile
from benchmarks.filled_directory import MONTH, filled_directory
from benchmarks.inserted import Inserted, insert_for
from benchmarks.load_process import Load, LoadProcess
from benchmarks.plain_rivals import chdb_rival, duckdb_rival
from benchmarks.postgres_rival import postgres_rival
from benchmarks.report import Report
from benchmarks.sending import Sent
from benchmarks.server_process import ServerProcess
from benchmarks.sqlite_rival import SqliteRival, sqlite_rival

CONNECTIONS = {1: 64, 100: 32, 1000: 16}
"""Connections by the size of a batch; all others have `_OTHERS`."""

_OTHERS = 8
_WARM_UP = 1.0
_RIVALS = (sqlite_rival, postgres_rival, duckdb_rival, chdb_rival)
_RIVALS_SECONDS = 5.0


@dataclass(slots=True)
class _Watch:
    """What a server looked like while it was under load; ``most_behind`` counts calls."""

    most_behind: float = 0.0
    memory: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Measured:
    """A load at full speed and one at half of that; seconds until all was counted, and of processors."""

    full: Sent
    half: Sent
    until_counted: float
    cpu: float
    client_cpu: float
    watch: _Watch


def measure(
    *, seen: int, batches: Sequence[int], seconds: float, rivals: bool = True
) -> Iterator[list[Figure]]:
    """The figures of each batch size in turn, on one server that starts with ``seen`` identities.

    The rivals, which start with as many calls, follow one after the other, so that none disturbs another.
    """
    with filled_directory(seen, MONTH) as directory, ServerProcess(directory) as server:
        ours = {batch: _of_batch(server, batch, seconds) for batch in batches}
    theirs: dict[int, dict[str, Inserted]] = {batch: {} for batch in batches}
    for opened in _RIVALS if rivals else ():
        with opened(seen) as rival:
            for batch in batches:
                theirs[batch][rival.name] = insert_for(rival, batch, min(seconds, _RIVALS_SECONDS))
    for batch in batches:
        yield _figures(f"{batch:,} a batch, {seen:,} seen", ours[batch], theirs[batch])


def _of_batch(server: ServerProcess, batch: int, seconds: float) -> _Measured:
    connections = CONNECTIONS.get(batch, _OTHERS)
    with LoadProcess(server.port, server.headers, batch=batch, connections=connections) as load:
        load.send(Load(connections, _WARM_UP)).result()
        server.settled()
        before = server.calls()
        watch = _Watch()
        cpu, began = server.cpu_seconds, perf_counter()
        with _watching(server, watch):
            full, client_cpu = load.send(Load(connections, seconds)).result()
        server.settled()
        until_counted = perf_counter() - began
        cpu = server.cpu_seconds - cpu
        counted = server.calls()
        _verify(counted - before, full)
        half, _ = load.send(
            Load(connections, seconds, pace=full.accepted / full.seconds / batch / 2)
        ).result()
        _verify(server.calls() - counted, half)
    return _Measured(full, half, until_counted, cpu, client_cpu, watch)


def _figures(named: str, ours: _Measured, theirs: Mapping[str, Inserted]) -> list[Figure]:
    full, watch = ours.full, ours.watch
    millions = full.accepted / 1e6
    return [
        *_beside_each(
            f"acknowledged, {named}",
            "calls/s",
            full.accepted / full.seconds,
            {name: one.rate for name, one in theirs.items()},
        ),
        Figure(name=f"counted, {named}", unit="calls/s", ours=full.accepted / ours.until_counted),
        *_latencies(f"full speed, {named}", full, None),
        *_latencies(f"half of that, {named}", ours.half, theirs.get(SqliteRival.name)),
        *_beside_each(
            f"server's processor time, {named}",
            "µs/call",
            ours.cpu / millions,
            {name: one.cpu_seconds / one.calls * 1e6 for name, one in theirs.items()},
            less_is_better=True,
        ),
        less(f"sender's processor time, {named}", "µs/call", ours.client_cpu / millions),
        less(f"most calls not yet in the store, {named}", "calls", watch.most_behind),
        less(f"server's memory, most, {named}", "MiB", max(watch.memory)),
    ]


def _beside_each(
    name: str, unit: str, ours: float, theirs: Mapping[str, float], *, less_is_better: bool = False
) -> list[Figure]:
    """A figure for each rival, or the one without any."""
    if not theirs:
        return [Figure(name=name, unit=unit, ours=ours, less_is_better=less_is_better)]
    return [
        Figure(name=name, unit=unit, ours=ours, rival=rival, theirs=figure, less_is_better=less_is_better)
        for rival, figure in theirs.items()
    ]


def _latencies(named: str, sent: Sent, rival: Inserted | None) -> list[Figure]:
    return [
        Figure(
            name=f"acknowledgement p{percent} at {named}",
            unit="ms",
            ours=percentile(sent.latencies, percent),
            rival="SQLite's commit" if rival else "",
            theirs=percentile(rival.latencies, percent) if rival else None,
            less_is_better=True,
        )
        for percent in (50, 99)
    ]


def _verify(counted: int, sent: Sent) -> None:
    """No figure is worth anything if the counts are wrong."""
    if counted != sent.accepted or sent.other or sent.unanswered:
        raise RuntimeError(f"{counted} calls are counted, but this became of those sent: {sent}")


class _watching:  # noqa: N801 - reads as what it does
    """Looks at a server twice a second from a thread."""

    def __init__(self, server: ServerProcess, watch: _Watch) -> None:
        self._server, self._watch = server, watch
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            seen = self._server.metrics()
            self._watch.most_behind = max(self._watch.most_behind, seen["lag_calls"])
            self._watch.memory.append(self._server.memory_mib())
            sleep(0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seen", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 100, 1000, 10_000])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--alone", action="store_true", help="leave out the rivals")
    options = parser.parse_args()
    report = Report()
    for seen in options.seen:
        told = {name: getattr(options, name) for name in ("batch", "seconds")}
        report.group("ingest", {"seen": seen, **told})
        measured = measure(
            seen=seen,
            batches=options.batch,
            seconds=options.seconds,
            rivals=not options.alone,
        )
        for figures in measured:
            report.add(figures)


if __name__ == "__main__":
    main()
