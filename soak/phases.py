"""The parts of a soak, each with its share of the time."""

import asyncio
import itertools
import multiprocessing
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.fuzz.fuzzing import Fuzzing, fuzz
from tests.properties.lives import Lives
from tests.properties.test_meter_at_work import MeterAtWork

from soak import kills, load, power_cuts
from soak.findings import Phase

_KILLS, _INPUTS, _EARLIER_LIVES = 200, 1_000_000, 100
"""What a full soak comes to at least, however slow the machine is."""

_STEPS = 300
"""Of one directory; more take longer and longer each, as everything is sent again in the end."""


class TooLittleError(Exception):
    """Nothing wrong was found, but too little was tried for that to say much."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a phase is given: a new folder, about how long it may take, what chance depends on, and a way to
    say how far it is."""

    folder: Path
    seconds: float
    seed: int
    tell: Callable[[str], None]
    is_full: bool = False


def _kill(trial: Trial, phase: Phase) -> None:
    toll = kills.Toll()
    least = _KILLS if trial.is_full else 1
    try:
        kills.run(trial.folder, trial.seconds, seed=trial.seed, at_least=least, toll=toll, tell=trial.tell)
    finally:
        phase.figures |= {
            "kills survived": toll.survived.total(),
            "orderly stops": toll.stopped,
            "earlier lives whose calls were sent again": toll.earlier_lives,
            "calls of earlier lives sent again, each a duplicate": toll.sent_again,
            "calls accepted": toll.book.accepted,
            "calls corrected": toll.book.corrected,
            "answers lost, and asked for again": toll.book.lost_answers,
            "recounts by calltally verify": toll.recounts,
        }
        phase.note("kills by place", toll.survived)
        phase.note("places not reached in time, killed at another instant instead", toll.missed)
    phase.figures |= {"calls missing": 0, "calls doubled": 0, "differences that calltally verify finds": 0}
    if trial.is_full and toll.earlier_lives < _EARLIER_LIVES:
        raise TooLittleError(
            f"calls of {toll.earlier_lives} earlier lives were sent again, of at least {_EARLIER_LIVES}"
        )


def _cut_power(trial: Trial, phase: Phase) -> None:
    deadline = time.monotonic() + trial.seconds
    cuts = power_cuts.PowerCuts(trial.folder, seed=trial.seed)
    try:
        power_cuts.run(
            cuts, trial.folder, lambda: time.monotonic() >= deadline, cuts_per_life=40, tell=trial.tell
        )
    finally:
        phase.figures |= {"power cuts survived": cuts.survived.total(), "recorded runs": cuts.lives_seen}
        phase.note("power cuts by what the disk kept beside what was synced", cuts.survived)


def _do_anything(trial: Trial, phase: Phase) -> None:
    deadline = time.monotonic() + trial.seconds
    runs = 0
    while time.monotonic() < deadline:
        run_state_machine_as_test(
            MeterAtWork,
            settings=settings(
                max_examples=10,
                stateful_step_count=40,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        runs += 10
        trial.tell(f"{runs} runs")
        phase.figures["runs of up to 40 operations beside a naive meter"] = runs


def _live(trial: Trial, phase: Phase) -> None:
    """One directory after the other, each through some hundred steps, beside a plain dictionary."""
    deadline = time.monotonic() + trial.seconds
    counted: Counter[str] = Counter()
    seeds = itertools.count(trial.seed)
    with _log_in(trial.folder / "log"):
        while time.monotonic() < deadline:
            folder = trial.folder / f"lives-{(seed := next(seeds))}"
            folder.mkdir()
            lives = Lives(folder, random.Random(seed))
            try:
                asyncio.run(lives.live(_STEPS, lambda: time.monotonic() >= deadline))
            finally:
                counted += lives.counted + Counter(directories=1)
                phase.figures |= {
                    "directories": counted["directories"],
                    "lives lived": counted["starts"],
                    "of which ended by a kill": counted["be killed"],
                    "calls judged": counted["calls judged"],
                    "calls of earlier lives sent again": counted["calls of earlier lives"],
                }
            shutil.rmtree(folder)
            trial.tell(f"{counted['starts']} lives")
    phase.figures["wrong verdicts and counts"] = 0


@contextmanager
def _log_in(file: Path) -> Iterator[None]:
    """Writes what the product logs within into a file instead of on the terminal."""
    with file.open("w") as log:
        structlog.configure(
            processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
            logger_factory=structlog.WriteLoggerFactory(log),
        )
        try:
            yield
        finally:
            structlog.reset_defaults()


def _damage_inputs(trial: Trial, phase: Phase) -> None:
    processes = multiprocessing.cpu_count()
    least = _INPUTS // processes if trial.is_full else 1
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        work = [(trial.seconds, least, trial.seed + number) for number in range(processes)]
        found = pool.starmap(_fuzz_for, work)
    inputs = sum((each.inputs for each in found), Counter[str]())
    slowest = max(found, key=lambda each: each.slowest)
    phase.figures |= {
        "inputs": inputs.total(),
        "of which could be read": sum(each.read.total() for each in found),
        "anything but an answer or a named refusal": 0,
        "longest time for one input, milliseconds": round(slowest.slowest * 1000),
    }
    phase.note("inputs by reader", inputs)


def _fuzz_for(seconds: float, least: int, seed: int) -> Fuzzing:
    deadline = time.monotonic() + seconds
    return fuzz(lambda so_far: time.monotonic() >= deadline and so_far.inputs.total() >= least, seed=seed)


def _load(trial: Trial, phase: Phase) -> None:
    found = load.run(trial.folder / "data", trial.seconds, seed=trial.seed, tell=trial.tell)
    mib = [size >> 20 for size in found.memory]
    phase.figures |= {
        "calls acknowledged": found.acknowledged,
        "calls a second, beside the senders and hostile clients on the same machine": round(
            found.acknowledged / found.seconds
        ),
        "calls missing": 0,
        "calls doubled": 0,
        "answers 503 with Retry-After": found.busy,
        "other 5xx": 0,
        "milliseconds to an answer, median": round(found.p(50) * 1000),
        "milliseconds to an answer, 99 of 100": round(found.p(99) * 1000),
        "memory at the start, MiB": mib[0],
        "memory at the end, MiB": mib[-1],
        "memory at most, MiB": max(mib),
        "memory, last quarter by second quarter": f"{found.growth():.2f}",
        "on disk, MiB": found.disk >> 20,
        "differences that calltally verify finds": 0,
    }
    phase.note("answers to hostile clients", Counter({str(code): n for code, n in found.hostile.items()}))


PHASES: dict[str, tuple[float, Callable[[Trial, Phase], None]]] = {
    "kills": (0.41, _kill),
    "power": (0.11, _cut_power),
    "lives": (0.09, _live),
    "anything": (0.06, _do_anything),
    "fuzz": (0.07, _damage_inputs),
    "load": (0.26, _load),
}
"""The phases by name; the shares of the time add up to 1."""
