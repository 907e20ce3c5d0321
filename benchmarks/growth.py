"""How much longer answers take when more calls are stored: every question at two sizes, and the ratio.

    python -m benchmarks.growth --calls 1000000 10000000

Two servers stand side by side and are asked in turns, so that whatever else the machine does slows both.
The goal is that no p99 grows by more than a quarter; ends with exit code 1 when one does.
"""

import argparse
import random
import sys
from collections.abc import Iterator

from benchmarks.asked import Question
from benchmarks.asking import ask_all
from benchmarks.figure import Figure, percentile
from benchmarks.filled_directory import YEAR, filled_directory
from benchmarks.questions import EXPERIMENTAL, questions
from benchmarks.report import Report
from benchmarks.server_process import ServerProcess

GOAL = 1.25

_ROUNDS = 5
_WARM_UP = 5
_GROWTH = "growth of p99"


def measure(*, few: int, many: int, repeat: int, only: str = "") -> Iterator[list[Figure]]:
    """For each question p50 and p99 with many calls beside those with few, and by how much p99 grew."""
    with (
        filled_directory(few, YEAR) as small,
        filled_directory(many, YEAR) as large,
        ServerProcess(small) as with_few,
        ServerProcess(large) as with_many,
    ):
        for name, question in questions().items():
            if only in name:
                of_few, of_many = _asked_in_turns((with_few, with_many), name, question, repeat)
                yield [*_beside(name, few, many, of_few, of_many), _growth(name, of_few, of_many)]


def _asked_in_turns(
    servers: tuple[ServerProcess, ServerProcess], name: str, question: Question, repeat: int
) -> tuple[list[float], list[float]]:
    chance = random.Random(name)
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(_ROUNDS):
        askings = [question(chance).asking for _ in range(_WARM_UP + -(-repeat // _ROUNDS))]
        for server, times in zip(servers, spent, strict=True):
            times.extend(ask_all(server.port, server.headers | EXPERIMENTAL, askings)[0][_WARM_UP:])
    return spent


def _beside(name: str, few: int, many: int, of_few: list[float], of_many: list[float]) -> list[Figure]:
    return [
        Figure(
            name=f"{name}, {many:,} stored, p{percent}",
            unit="ms",
            ours=percentile(of_many, percent),
            rival=f"{few:,} stored",
            theirs=percentile(of_few, percent),
            less_is_better=True,
        )
        for percent in (50, 99)
    ]


def _growth(name: str, of_few: list[float], of_many: list[float]) -> Figure:
    return Figure(
        name=f"{name}, {_GROWTH}",
        unit="times",
        ours=percentile(of_many, 99) / percentile(of_few, 99),
        less_is_better=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "--calls", type=int, nargs=2, default=[1_000_000, 10_000_000], metavar=("FEW", "MANY")
    )
    parser.add_argument("--repeat", type=int, default=300)
    parser.add_argument("--only", default="", help="questions whose name contains this")
    options = parser.parse_args()
    few, many = options.calls
    report = Report()
    report.group("growth", {"calls": f"{few} and {many}", "repeat": options.repeat})
    too_much = []
    for figures in measure(few=few, many=many, repeat=options.repeat, only=options.only):
        report.add(figures)
        too_much += [one.name for one in figures if one.name.endswith(_GROWTH) and one.ours > GOAL]
    if too_much:
        sys.exit(f"grew by more than a quarter: {'; '.join(too_much)}")


if __name__ == "__main__":
    main()
