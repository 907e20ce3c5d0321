"""The parts of a soak, each with its share of the time."""

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.fuzz.fuzzing import Fuzzing, fuzz
from tests.properties.test_meter_at_work import MeterAtWork

from soak import kills, load, power_cuts
from soak.findings import Phase

_KILLS, _INPUTS = 200, 1_000_000
"""What a full soak comes to at least, however slow the machine is."""


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
            "calls accepted": toll.book.accepted,
            "calls corrected": toll.book.corrected,
            "answers lost, and asked for again": toll.book.lost_answers,
            "recounts by calltally verify": toll.recounts,
        }
        phase.note("kills by place", toll.survived)
        phase.note("places not reached in time, killed at another instant instead", toll.missed)
    phase.figures |= {"calls missing": 0, "calls doubled": 0, "differences that calltally verify finds": 0}


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
    "kills": (0.44, _kill),
    "power": (0.12, _cut_power),
    "anything": (0.07, _do_anything),
    "fuzz": (0.08, _damage_inputs),
    "load": (0.29, _load),
}
"""The phases by name; the shares of the time add up to 1."""
