"""How quickly access logs are imported, each line counted once, beside GoAccess.

    python -m benchmarks.imports --lines 1000000

The rival is the Debian package ``goaccess``; without it our figures stand alone. See docs/performance.md.
"""

import argparse
import json
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.access_logs import combined_log
from benchmarks.figure import Figure
from benchmarks.filled_directory import scratch
from benchmarks.report import Report
from benchmarks.server_process import CALLTALLY, ServerProcess
from benchmarks.skewed_calls import ORGANIZATION


@dataclass(frozen=True, slots=True)
class _Run:
    """What a whole process took."""

    seconds: float
    cpu_seconds: float
    memory_mib: float
    output: bytes = b""


def measure(*, lines: int) -> list[Figure]:
    """The first import, the same log again, both into a running server, and GoAccess's report on the log."""
    log = combined_log(lines)
    with scratch() as folder:
        first = _import(log, folder / "data")
        again = _import(log, folder / "data")
        _verify(first, accepted=lines, duplicate=0)
        _verify(again, accepted=0, duplicate=lines)
        served = _import_into_server(log, lines, folder / "served")
        theirs = _goaccess(log, lines, folder)
    return [
        *_figures("import", lines, first, theirs),
        *_figures("the same log again", lines, again, theirs),
        *(figure for what, run in served.items() for figure in _figures(what, lines, run, theirs)),
        Figure(
            name=f"memory of the import, most, {lines:,} lines",
            unit="MiB",
            ours=first.memory_mib,
            rival=_RIVAL if theirs else "",
            theirs=theirs.memory_mib if theirs else None,
            less_is_better=True,
        ),
    ]


_RIVAL = "GoAccess, JSON report"


def _figures(what: str, lines: int, ours: _Run, theirs: _Run | None) -> list[Figure]:
    return [
        Figure(
            name=f"{what}, {lines:,} lines, by the clock",
            unit="lines/s",
            ours=lines / ours.seconds,
            rival=_RIVAL if theirs else "",
            theirs=lines / theirs.seconds if theirs else None,
        ),
        Figure(
            name=f"{what}, {lines:,} lines, by processor time",
            unit="lines/s",
            ours=lines / ours.cpu_seconds,
            rival=_RIVAL if theirs else "",
            theirs=lines / theirs.cpu_seconds if theirs else None,
        ),
    ]


def _import(log: Path, directory: Path) -> _Run:
    command = [str(CALLTALLY), "import", "--data", str(directory), "--organization", ORGANIZATION]
    return _run([*command, "--origin", "benchmark", "--json", str(log)])


def _import_into_server(log: Path, lines: int, directory: Path) -> dict[str, _Run]:
    """What command and server take together, until all is acknowledged and until it is counted too."""
    with ServerProcess(directory) as server:
        before = server.cpu_seconds
        first = _import(log, directory)
        acknowledged = _with_server(first, 0, server.cpu_seconds - before)
        began = time.perf_counter()
        server.settled()
        counted = _with_server(first, time.perf_counter() - began, server.cpu_seconds - before)
        counted_calls = server.calls()
        before = server.cpu_seconds
        again = _import(log, directory)
        found = _with_server(again, 0, server.cpu_seconds - before)
    _verify(first, accepted=lines, duplicate=0)
    _verify(again, accepted=0, duplicate=lines)
    if counted_calls != lines:
        raise RuntimeError(f"expected {lines} calls to be counted, but found {counted_calls}")
    return {
        "import into a server, until acknowledged": acknowledged,
        "import into a server, until counted": counted,
        "the same log again into a server": found,
    }


def _with_server(command: _Run, more_seconds: float, server_cpu: float) -> _Run:
    return _Run(command.seconds + more_seconds, command.cpu_seconds + server_cpu, command.memory_mib)


def _goaccess(log: Path, lines: int, folder: Path) -> _Run | None:
    program = shutil.which("goaccess")
    if program is None:
        return None
    report = folder / "report.json"
    run = _run([program, str(log), "--log-format=COMBINED", "--no-progress", "-o", str(report)])
    counted = json.loads(report.read_text("utf-8"))["general"]["valid_requests"]
    if counted != lines:
        raise RuntimeError(f"GoAccess counted {counted} of {lines} lines")
    return run


def _verify(run: _Run, *, accepted: int, duplicate: int) -> None:
    (told,) = json.loads(run.output)
    if (told["accepted"], told["duplicate"]) != (accepted, duplicate):
        raise RuntimeError(f"expected {accepted} accepted and {duplicate} duplicate, but: {told}")


def _run(command: Sequence[str]) -> _Run:
    """Runs a program to its end and asks the system what it took."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    output = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    return _Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--lines", type=int, nargs="+", default=[1_000_000])
    options = parser.parse_args()
    report = Report()
    for lines in options.lines:
        report.group("imports", {"lines": lines})
        report.add(measure(lines=lines))


if __name__ == "__main__":
    main()
