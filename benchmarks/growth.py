"""How much longer answers take when more calls are stored: every question at two sizes, and the ratio.

    python -m benchmarks.growth --calls 1000000 10000000

Two servers stand side by side and are asked in turns, so that whatever else the machine does slows both.
The goals are that no p99 grows by more than a quarter, and that with many calls each of the vendors'
operations takes less than 20 ms in the server; ends with exit code 1 when one is missed.
"""

import argparse
import random
import sys
from collections.abc import Callable, Iterator
from statistics import median

from benchmarks.asked import Question
from benchmarks.asking import Answered, ask_all
from benchmarks.figure import Figure, less, percentile
from benchmarks.filled_directory import YEAR, filled_directory
from benchmarks.questions import EXPERIMENTAL, questions
from benchmarks.report import Report
from benchmarks.server_process import ServerProcess

GOAL, GOAL_IN_SERVER_MS = 1.25, 20.0
VENDORS = ("SailPoint", "Segment", "Genesys")

_ROUNDS = 9
"""Percentiles are taken of each round, and the median of those is told: a moment in which the machine did
something else spoils one round, not the p99."""

_WARM_UP = 5
_SECONDS_OF_A_ROUND = 2.0
_GROWTH, _IN_SERVER = "growth of p99", "in the server"

Rounds = list[list[Answered]]


def measure(*, few: int, many: int, repeat: int, only: str = "") -> Iterator[list[Figure]]:
    """For each question p50 and p99 with many calls beside those with few, whole and in the server, and by
    how much p99 grew."""
    with (
        filled_directory(few, YEAR) as small,
        filled_directory(many, YEAR) as large,
        ServerProcess(small) as with_few,
        ServerProcess(large) as with_many,
    ):
        for name, question in questions().items():
            if only in name:
                of_few, of_many = _asked_in_turns((with_few, with_many), name, question, repeat)
                yield [
                    *_beside(f"{name}, {many:,} stored", few, _whole, of_few, of_many),
                    *_beside(f"{name}, {many:,} stored, {_IN_SERVER}", few, _served, of_few, of_many),
                    _growth(name, of_few, of_many),
                ]


def _asked_in_turns(
    servers: tuple[ServerProcess, ServerProcess], name: str, question: Question, repeat: int
) -> tuple[Rounds, Rounds]:
    chance = random.Random(name)
    rounds: tuple[Rounds, Rounds] = ([], [])
    for _ in range(_ROUNDS):
        askings = [question(chance).asking for _ in range(_WARM_UP + -(-repeat // _ROUNDS))]
        for server, answered in zip(servers, rounds, strict=True):
            headers = server.headers | EXPERIMENTAL
            answered.append(ask_all(server.port, headers, askings, _SECONDS_OF_A_ROUND)[_WARM_UP:])
    return rounds


def _whole(answered: Answered) -> float:
    return answered.spent


def _served(answered: Answered) -> float:
    return answered.served


def _percentile(rounds: Rounds, percent: float, time: Callable[[Answered], float]) -> float:
    return median(percentile(list(map(time, answered)), percent) for answered in rounds)


def _beside(
    named: str, few: int, time: Callable[[Answered], float], of_few: Rounds, of_many: Rounds
) -> list[Figure]:
    return [
        Figure(
            name=f"{named}, p{percent}",
            unit="ms",
            ours=_percentile(of_many, percent, time),
            rival=f"{few:,} stored",
            theirs=_percentile(of_few, percent, time),
            less_is_better=True,
        )
        for percent in (50, 99)
    ]


def _growth(name: str, of_few: Rounds, of_many: Rounds) -> Figure:
    return less(
        f"{name}, {_GROWTH}", "times", _percentile(of_many, 99, _whole) / _percentile(of_few, 99, _whole)
    )


def _is_missed(figure: Figure) -> bool:
    if figure.name.endswith(_GROWTH):
        return figure.ours > GOAL
    slow = figure.name.endswith(f"{_IN_SERVER}, p99") and figure.ours >= GOAL_IN_SERVER_MS
    return slow and figure.name.startswith(VENDORS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "--calls", type=int, nargs=2, default=[1_000_000, 10_000_000], metavar=("FEW", "MANY")
    )
    parser.add_argument("--repeat", type=int, default=2000, help="at most, of each question at each size")
    parser.add_argument("--only", default="", help="questions whose name contains this")
    options = parser.parse_args()
    few, many = options.calls
    report = Report()
    report.group("growth", {"calls": f"{few} and {many}", "repeat": options.repeat})
    missed = []
    for figures in measure(few=few, many=many, repeat=options.repeat, only=options.only):
        report.add(figures)
        missed += [f"{one.name}: {one.ours:.3g} {one.unit}" for one in figures if _is_missed(one)]
    if missed:
        sys.exit(f"goals missed: {'; '.join(missed)}")


if __name__ == "__main__":
    main()
