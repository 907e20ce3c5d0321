"""How soon a server answers after a restart, and how much memory and disk it takes.

    python -m benchmarks.restart --calls 1000000 10000000

See docs/performance.md.
"""

import argparse
import signal
import time
from collections.abc import Iterator

import duckdb

from benchmarks.figure import Figure, less
from benchmarks.filled_directory import MONTH, filled_directory, filled_store
from benchmarks.load_process import Load, LoadProcess
from benchmarks.report import Report
from benchmarks.rival_stores import duckdb_of, sqlite_of
from benchmarks.server_process import ServerProcess

_BATCH = 1000
_CONNECTIONS = 8
_KILLED_AFTER = 5.0
_BYTES_IN_RUNS = 24
_PATIENCE = 60.0


def measure(*, calls: int, rivals: bool = True) -> Iterator[list[Figure]]:
    """Starts, memory and size with so many calls, all of them within the horizon of de-duplication."""
    named = f"{calls:,} calls"
    with filled_directory(calls, MONTH) as directory, ServerProcess(directory) as server:
        known = server.metrics()["seen_ids"] + server.metrics()["seen_ids_spilled"]
        if known != calls:
            raise RuntimeError(f"{known} identities are known, not {calls}")
        began = time.perf_counter()
        server.calls()
        asked = time.perf_counter() - began
        yield [
            less(
                f"first start to first answer, {named} whose identities are read from the store",
                "s",
                server.seconds_to_first_answer,
            ),
            less(f"first question after the start, {named}", "s", asked),
            less(f"memory after the start, {named}", "MiB", server.memory_mib()),
            less(f"memory, most during the start, {named}", "MiB", server.memory_mib("VmHWM")),
        ]
        yield [_once_more(server, calls, named)]
        yield [_after_a_kill(server, named)]
    yield list(_sizes(calls, named, rivals=rivals))


def _once_more(server: ServerProcess, calls: int, named: str) -> Figure:
    """Stops a server once the identities that it knows are in runs, and starts it again."""
    runs = server.directory / "seen"
    deadline = time.monotonic() + _PATIENCE
    while sum(path.stat().st_size for path in runs.glob("*.ids")) < calls * _BYTES_IN_RUNS:
        if time.monotonic() > deadline:
            raise RuntimeError(f"the identities do not all come into {runs}")
        time.sleep(0.1)
    server.stop()
    server.start()
    return less(
        f"start to first answer, {named} whose identities lie in runs", "s", server.seconds_to_first_answer
    )


def _after_a_kill(server: ServerProcess, named: str) -> Figure:
    """Kills a server at full load: what it acknowledged must be there, and at most what was on its way."""
    before = server.calls()
    with LoadProcess(server.port, server.headers, batch=_BATCH, connections=_CONNECTIONS) as load:
        sending = load.send(Load(_CONNECTIONS, _KILLED_AFTER * 2))
        time.sleep(_KILLED_AFTER)
        server.stop(signal.SIGKILL)
        sent, _ = sending.result()
    server.start()
    counted = server.calls() - before
    if not sent.accepted <= counted <= sent.accepted + sent.unanswered:
        raise RuntimeError(f"{counted} calls are counted, but this became of those sent: {sent}")
    return less(
        f"start to first answer after kill -9 in {_KILLED_AFTER:g} s of full load, {named} before",
        "s",
        server.seconds_to_first_answer,
    )


def _sizes(calls: int, named: str, *, rivals: bool) -> Iterator[Figure]:
    """Whole files, free blocks within included, which later writes take."""
    ours = filled_store(calls, MONTH)
    files = {}
    if rivals:
        files["DuckDB, one table of texts"] = duckdb_of(calls, MONTH)
        files["SQLite, one table and its key"] = sqlite_of(calls)
    for rival, theirs in files.items():
        yield Figure(
            name=f"disk, {named}",
            unit="bytes/call",
            ours=ours.stat().st_size / calls,
            rival=rival,
            theirs=theirs.stat().st_size / calls,
            less_is_better=True,
        )
    with duckdb.connect(ours, read_only=True) as connection:
        used, block = connection.execute(
            "SELECT used_blocks, block_size FROM pragma_database_size()"
        ).fetchall()[0]
    yield less(f"disk without free blocks, {named}", "bytes/call", used * block / calls)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--calls", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--alone", action="store_true", help="leave out the rivals")
    options = parser.parse_args()
    report = Report()
    for calls in options.calls:
        report.group("restart", {"calls": calls})
        for figures in measure(calls=calls, rivals=not options.alone):
            report.add(figures)


if __name__ == "__main__":
    main()
