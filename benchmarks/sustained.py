"""Whether a pace is kept for minutes: acknowledged, counted and asked for meanwhile, and proved at the end.

    python -m benchmarks.sustained --pace 500000 --seconds 600

See docs/performance.md for what the figures mean.
"""

import argparse
import random
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field

from benchmarks.asking import ask_here
from benchmarks.figure import Figure, less, percentile
from benchmarks.filled_directory import MONTH, filled_directory
from benchmarks.load_process import Load, LoadProcess
from benchmarks.native_questions import native_questions
from benchmarks.report import Report
from benchmarks.sending import Sent
from benchmarks.server_process import ServerProcess

_BATCH = 1000
_CONNECTIONS = 16
_WARM_UP = 1.0
_LOOK_SECONDS = 1.0


@dataclass(slots=True)
class _Seen:
    """What was seen of a server once a second, and how long questions took, in milliseconds."""

    lag: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    questions: list[float] = field(default_factory=list)


def measure(*, seen: int, pace: float, seconds: float) -> Iterator[list[Figure]]:
    """One load at a steady pace, on a server that starts with ``seen`` identities."""
    with (
        filled_directory(seen, MONTH) as directory,
        ServerProcess(directory) as server,
        LoadProcess(server.port, server.headers, batch=_BATCH, connections=_CONNECTIONS) as load,
    ):
        load.send(Load(_CONNECTIONS, _WARM_UP)).result()
        server.settled()
        before, cpu, began = server.calls(), server.cpu_seconds, time.perf_counter()
        sending = load.send(Load(_CONNECTIONS, seconds, pace=pace / _BATCH))
        watched = _watched(server, sending)
        sent, client_cpu = sending.result()
        server.settled()
        until_counted = time.perf_counter() - began
        counted = server.calls() - before
        if counted != sent.accepted or sent.other or sent.unanswered:
            raise RuntimeError(f"{counted} calls are counted, but this became of those sent: {sent}")
        named = f"{pace:,.0f} calls/s wanted for {seconds:g} s"
        millions = sent.accepted / 1e6
        yield [
            Figure(name=f"acknowledged, {named}", unit="calls/s", ours=sent.accepted / sent.seconds),
            Figure(name=f"counted, {named}", unit="calls/s", ours=sent.accepted / until_counted),
            *_percentiles(f"acknowledgement, {named}", sent.latencies),
            *_percentiles(f"a question meanwhile, {named}", watched.questions),
            less(f"most calls not yet in the store, {named}", "calls", max(watched.lag)),
            less(f"calls not yet in the store at the end, {named}", "calls", watched.lag[-1]),
            less(f"server's processor time, {named}", "µs/call", (server.cpu_seconds - cpu) / millions),
            less(f"sender's processor time, {named}", "µs/call", client_cpu / millions),
            less(f"server's memory, most, {named}", "MiB", max(watched.memory)),
            less(f"server's memory at the end, {named}", "MiB", watched.memory[-1]),
        ]


def _watched(server: ServerProcess, sending: "Future[tuple[Sent, float]]") -> _Seen:
    """Looks at the server and asks it one question each second, until the load has ended."""
    found = _Seen()
    chance = random.Random(0)
    questions = list(native_questions().values())
    while not sending.done():
        began = time.monotonic()
        metrics = server.metrics()
        found.lag.append(metrics["lag_calls"])
        found.memory.append(server.memory_mib())
        asking = chance.choice(questions)(chance).asking
        (answer,) = ask_here(server.port, server.headers, [asking])
        found.questions.append(answer.spent)
        time.sleep(max(0.0, _LOOK_SECONDS - (time.monotonic() - began)))
    return found


def _percentiles(name: str, milliseconds: list[float]) -> list[Figure]:
    return [less(f"{name}, p{percent}", "ms", percentile(milliseconds, percent)) for percent in (50, 99)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seen", type=int, default=10_000_000)
    parser.add_argument("--pace", type=float, default=500_000)
    parser.add_argument("--seconds", type=float, default=600.0)
    options = parser.parse_args()
    report = Report()
    sizes = {name: getattr(options, name) for name in ("seen", "pace", "seconds")}
    report.group("sustained", sizes)
    for figures in measure(seen=options.seen, pace=options.pace, seconds=options.seconds):
        report.add(figures)


if __name__ == "__main__":
    main()
