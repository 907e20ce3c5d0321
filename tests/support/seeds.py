"""The one seed of all that tests draw at random: always the same in `make test`, a fresh one in `make deep`.

`make deep` prints its seed, and `make deep SEED=…` runs the same again. Its variables do not begin with
``CALLTALLY_``, since the servers under test read those as settings.
"""

import os
import random
import secrets

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

DEEP = os.environ.get("TESTS_DEEP", "") not in ("", "0")
"""Whether more is tried, at random."""

_MORE = 20


def base_seed() -> int:
    """What every other seed of a run is made from; workers inherit it from the process that starts them."""
    return int(os.environ.setdefault("TESTS_SEED", str(secrets.randbits(32)))) if DEEP else 0


def seed(number: int) -> int:
    """A seed of one test; the number tells it from the test's others."""
    return base_seed() + number


def seeds(count: int, *, deep: int | None = None) -> list[int]:
    """So many seeds to parametrize a test with, or ``deep`` of them (20 times as many by default)."""
    return [seed(number) for number in range(examples(count, deep=deep))]


def examples(count: int, *, deep: int | None = None) -> int:
    """How many examples to try: ``count``, or ``deep`` (20 times as many by default) in `make deep`."""
    return (count * _MORE if deep is None else deep) if DEEP else count


def luck(name: int | str) -> random.Random:
    """A source of chance for one test; the name tells it from the test's others."""
    return random.Random(f"{base_seed()} {name}")  # noqa: S311 - no secret


def numpy_luck(number: int) -> np.random.Generator:
    """The same for arrays; for one number always the same within a run."""
    return np.random.default_rng([base_seed(), number])


def load_hypothesis_profile() -> None:
    """Has Hypothesis draw the same examples for every run of the same tests, or others in `make deep`.

    Otherwise it would draw from what it stored of earlier runs, and from the constants of the modules that
    happen to be loaded; and it would fail where a machine is slow.
    """
    slow_machine = [HealthCheck.too_slow]
    settings.register_profile(
        "test",
        derandomize=True,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=slow_machine,
    )
    settings.register_profile(
        "deep",
        max_examples=100 * _MORE,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=slow_machine,
    )
    settings.load_profile("deep" if DEEP else "test")
    if not DEEP:
        providers._get_local_constants = lambda: providers._local_constants
