"""All benchmarks at modest sizes, into ``benchmarks/results/latest.md`` and ``latest.json``.

    python -m benchmarks

Takes a few minutes. The single benchmarks take other sizes; see docs/performance.md.
"""

import argparse
from collections.abc import Callable, Iterable

from benchmarks import answers, growth, imports, ingest, kernel, restart, spilled, sustained
from benchmarks.figure import Figure
from benchmarks.report import Report

_NAMES = ("ingest", "sustained", "kernel", "spilled", "answers", "growth", "imports", "restart")
_PACE = 500_000
_SUSTAINED = 10
"""How much longer a steady load lasts than others."""

_Measure = Callable[[], Iterable[list[Figure]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", choices=_NAMES, nargs="+")
    parser.add_argument("--calls", type=int, default=1_000_000, help="calls that are there before, and lines")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each load of ingest lasts")
    options = parser.parse_args()
    calls, seconds = options.calls, options.seconds
    measured: dict[str, tuple[dict[str, object], _Measure]] = {
        "ingest": (
            {"seen": calls, "seconds": seconds},
            lambda: ingest.measure(seen=calls, batches=(1, 100, 1000, 10_000), seconds=seconds),
        ),
        "sustained": (
            {"seen": calls, "pace": _PACE, "seconds": _SUSTAINED * seconds},
            lambda: sustained.measure(seen=calls, pace=_PACE, seconds=_SUSTAINED * seconds),
        ),
        "kernel": ({"seen": calls}, lambda: kernel.measure(seen=calls)),
        "spilled": (
            {"seen": calls, "spilled": 10 * calls},
            lambda: spilled.measure(seen=calls, spilled=10 * calls),
        ),
        "answers": ({"calls": calls}, lambda: answers.measure(calls=calls, repeat=300)),
        "growth": (
            {"calls": f"{calls} and {10 * calls}"},
            lambda: growth.measure(few=calls, many=10 * calls, repeat=300),
        ),
        "imports": ({"lines": calls}, lambda: [imports.measure(lines=calls)]),
        "restart": ({"calls": calls}, lambda: restart.measure(calls=calls)),
    }
    report = Report()
    for name, (sizes, measure) in measured.items():
        if options.only and name not in options.only:
            continue
        report.group(name, sizes)
        for figures in measure():
            report.add(figures)
    print(f"\nwritten to {report.write()}")


if __name__ == "__main__":
    main()
