"""How quickly questions are answered over HTTP, beside DuckDB on the raw calls.

    python -m benchmarks.answers --calls 1000000 10000000

Every answer that is compared must agree with the rival's. See docs/performance.md.
"""

import argparse
import json
import random
import time
from collections.abc import Iterator

import duckdb

from benchmarks.asked import Question
from benchmarks.asking import ask_all
from benchmarks.figure import Figure, less, percentile
from benchmarks.filled_directory import YEAR, filled_directory
from benchmarks.load_process import Load, LoadProcess
from benchmarks.questions import EXPERIMENTAL, questions
from benchmarks.report import Report
from benchmarks.rival_stores import duckdb_of
from benchmarks.server_process import ServerProcess

RIVAL = "DuckDB on the raw calls, in process"
_RIVALS_SHARE = 10
"""The rival is asked so many times less often: it takes longer, and its times vary less."""

_WARM_UP = 10
_BATCH = 1000
_CONNECTIONS = 8
_LOAD_SECONDS = 5.0


def measure(*, calls: int, repeat: int) -> Iterator[list[Figure]]:
    """The figures of each question, on one server and one rival with the same calls."""
    rival_file = duckdb_of(calls, YEAR)
    with (
        filled_directory(calls, YEAR) as directory,
        ServerProcess(directory) as server,
        duckdb.connect(config={"threads": 2}) as rival,
    ):
        rival.execute(f"ATTACH '{rival_file}' AS rival (READ_ONLY)")
        rival.execute("USE rival")
        for name, question in questions().items():
            yield _of_question(server, rival, f"{name}, {calls:,} stored", question, repeat)


def measure_under_load(*, calls: int, repeat: int, pace: float) -> Iterator[list[Figure]]:
    """The same questions while ``pace`` calls a second come in; nothing to compare with."""
    with (
        filled_directory(calls, YEAR) as directory,
        ServerProcess(directory) as server,
        LoadProcess(server.port, server.headers, batch=_BATCH, connections=_CONNECTIONS) as load,
    ):
        for name, question in questions().items():
            chance = random.Random(name)
            askings = [question(chance).asking for _ in range(repeat)]
            sending = load.send(Load(_CONNECTIONS, _LOAD_SECONDS, pace / _BATCH))
            time.sleep(_LOAD_SECONDS / 10)
            answers = ask_all(server.port, server.headers | EXPERIMENTAL, askings, _LOAD_SECONDS * 0.8)
            spent = [answer.spent for answer in answers]
            sending.result()
            named = f"{name}, {calls:,} stored, {pace:,.0f} calls/s coming in"
            yield [less(f"{named}, p{percent}", "ms", percentile(spent, percent)) for percent in (50, 99)]


def _of_question(
    server: ServerProcess, rival: duckdb.DuckDBPyConnection, named: str, question: Question, repeat: int
) -> list[Figure]:
    chance = random.Random(named)
    asked = [question(chance) for _ in range(_WARM_UP + repeat)]
    answers = ask_all(server.port, server.headers | EXPERIMENTAL, [one.asking for one in asked])
    spent = [answer.spent for answer in answers[_WARM_UP:]]
    theirs = []
    for one, answer in zip(asked[: max(_WARM_UP, repeat // _RIVALS_SHARE)], answers, strict=False):
        began = time.perf_counter()
        rows = rival.execute(one.sql).fetchall()
        theirs.append((time.perf_counter() - began) * 1000)
        if not one.same(json.loads(answer.body), rows):
            raise RuntimeError(f"{one.target} and the rival differ: {answer.body[:300]!r}, {rows[:5]}")
    return [
        Figure(
            name=f"{named}, p{percent}",
            unit="ms",
            ours=percentile(spent, percent),
            rival=RIVAL,
            theirs=percentile(theirs[2:], percent),
            less_is_better=True,
        )
        for percent in (50, 99)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--calls", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--repeat", type=int, default=300)
    parser.add_argument("--pace", type=float, default=0, help="ask also while so many calls a second come in")
    options = parser.parse_args()
    report = Report()
    for calls in options.calls:
        report.group("answers", {"calls": calls, "repeat": options.repeat})
        for figures in measure(calls=calls, repeat=options.repeat):
            report.add(figures)
        if options.pace:
            for figures in measure_under_load(calls=calls, repeat=options.repeat, pace=options.pace):
                report.add(figures)


if __name__ == "__main__":
    main()
