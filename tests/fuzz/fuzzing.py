"""Damaged inputs by the ten thousand, and what came of them."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fuzz.mutation import mutated
from tests.fuzz.targets import TARGETS, Target

_AT_ONCE = 500


class UnexpectedError(Exception):
    """A reader did something else than read or refuse."""


@dataclass(slots=True)
class Fuzzing:
    """Inputs by target, how many of them could be read, and the slowest in seconds."""

    inputs: Counter[str] = field(default_factory=Counter)
    read: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    slowest_input: bytes = b""

    def feed(self, target: Target, seed: str, count: int = _AT_ONCE) -> None:
        """Gives a target so many inputs; raises `UnexpectedError` with the input that was too much for it."""
        luck = random.Random(seed)  # noqa: S311 - no secret
        corpus = target.corpus()
        for text in (mutated(luck, corpus) for _ in range(count)):
            started = time.perf_counter()
            try:
                self.read[target.name] += target.accepts(text)
            except BaseException as error:
                raise UnexpectedError(f"{target.name} reads {text!r}: {error!r}") from error
            self.inputs[target.name] += 1
            took = time.perf_counter() - started
            if took > self.slowest:
                self.slowest, self.slowest_input = took, text


def fuzz(until: Callable[[Fuzzing], bool], *, seed: int) -> Fuzzing:
    """Goes round all targets until it is told that it was enough."""
    fuzzing = Fuzzing()
    turn = 0
    while not until(fuzzing):
        for target in TARGETS:
            fuzzing.feed(target, f"{seed} {turn} {target.name}")
        turn += 1
    return fuzzing
