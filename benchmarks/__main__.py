"""All benchmarks, into ``benchmarks/results/latest.md`` and ``latest.json``.

    python -m benchmarks            # at modest sizes: some minutes
    python -m benchmarks --whole    # at all sizes of docs/performance.md: hours, and 60 GB of disk

The single benchmarks take other sizes; see docs/performance.md.
"""

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from benchmarks import (
    answers,
    compaction,
    growth,
    imports,
    ingest,
    native,
    neighbours,
    restart,
    spilled,
    sustained,
)
from benchmarks.figure import Figure
from benchmarks.report import Report

_NAMES = (
    "ingest",
    "sustained",
    "native",
    "spilled",
    "answers",
    "under-load",
    "growth",
    "imports",
    "compaction",
    "restart",
    "neighbours",
)
_BATCHES = (1, 100, 1000, 10_000)
_PACE, _HALF_PACE = 500_000, 250_000
_MILLION = 1_000_000
_MOST_OF_RIVALS = 10 * _MILLION
"""Rivals that take calls in are not filled with more beforehand: that alone would take hours."""


@dataclass(frozen=True, slots=True)
class _Run:
    """One benchmark at one size; it is measured when ``figures`` is called."""

    name: str
    sizes: Mapping[str, object]
    figures: Callable[[], Iterable[list[Figure]]]


def _modest(calls: int, seconds: float) -> Iterator[_Run]:
    yield _ingest(calls, seconds)
    yield _sustained(calls, 10 * seconds)
    yield _Run("native", {"seen": calls}, lambda: native.measure(seen=calls))
    yield _spilled(calls)
    yield _answers(calls)
    yield _under_load(calls)
    yield _growth(calls, 300)
    yield _Run("imports", {"lines": calls}, lambda: [imports.measure(lines=calls)])
    yield _Run("compaction", {"calls": calls}, lambda: compaction.measure(calls=calls))
    yield _restart(calls)
    yield _neighbours(calls, seconds)


def _whole() -> Iterator[_Run]:
    for millions in (1, 10, 30, 100):
        yield _ingest(millions * _MILLION, 10.0)
    yield _sustained(10 * _MILLION, 600.0)
    yield _Run("native", {"seen": 10 * _MILLION}, lambda: native.measure(seen=10 * _MILLION))
    yield _spilled(20 * _MILLION)
    for millions in (1, 10, 100):
        yield _answers(millions * _MILLION)
    yield _under_load(100 * _MILLION)
    for millions in (1, 10):
        yield _growth(millions * _MILLION, 2000)
    yield _Run("imports", {"lines": _MILLION}, lambda: [imports.measure(lines=_MILLION)])
    yield _Run("compaction", {"calls": 10 * _MILLION}, lambda: compaction.measure(calls=10 * _MILLION))
    for millions in (1, 10, 30, 100):
        yield _restart(millions * _MILLION)
    yield _neighbours(_MILLION, 20.0)


def _ingest(seen: int, seconds: float) -> _Run:
    def measured() -> Iterator[list[Figure]]:
        rivals = seen <= _MOST_OF_RIVALS
        return ingest.measure(seen=seen, batches=_BATCHES, seconds=seconds, rivals=rivals)

    return _Run("ingest", {"seen": seen, "seconds": seconds}, measured)


def _sustained(seen: int, seconds: float) -> _Run:
    sizes = {"seen": seen, "pace": _PACE, "seconds": seconds}
    return _Run("sustained", sizes, lambda: sustained.measure(seen=seen, pace=_PACE, seconds=seconds))


def _spilled(seen: int) -> _Run:
    sizes = {"seen": seen, "spilled": 10 * seen}
    return _Run("spilled", sizes, lambda: spilled.measure(seen=seen, spilled=10 * seen))


def _answers(calls: int) -> _Run:
    return _Run("answers", {"calls": calls}, lambda: answers.measure(calls=calls, repeat=300))


def _under_load(calls: int) -> _Run:
    def measured() -> Iterator[list[Figure]]:
        return answers.measure_under_load(calls=calls, repeat=300, pace=_HALF_PACE)

    return _Run("under-load", {"calls": calls, "pace": _HALF_PACE}, measured)


def _growth(few: int, repeat: int) -> _Run:
    sizes = {"calls": f"{few} and {10 * few}", "repeat": repeat}
    return _Run("growth", sizes, lambda: growth.measure(few=few, many=10 * few, repeat=repeat))


def _restart(calls: int) -> _Run:
    rivals = calls <= _MOST_OF_RIVALS
    return _Run("restart", {"calls": calls}, lambda: restart.measure(calls=calls, rivals=rivals))


def _neighbours(calls: int, seconds: float) -> _Run:
    sizes = {"calls": calls, "seconds": seconds}
    return _Run("neighbours", sizes, lambda: neighbours.measure(calls=calls, seconds=seconds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", choices=_NAMES, nargs="+")
    parser.add_argument("--calls", type=int, default=_MILLION, help="calls that are there before, and lines")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each load of ingest lasts")
    parser.add_argument("--whole", action="store_true", help="every size, whatever --calls and --seconds say")
    options = parser.parse_args()
    report = Report()
    for run in _whole() if options.whole else _modest(options.calls, options.seconds):
        if options.only and run.name not in options.only:
            continue
        report.group(run.name, run.sizes)
        for figures in run.figures():
            report.add(figures)
        report.write()
    print(f"\nwritten to {report.write()}")


if __name__ == "__main__":
    main()
