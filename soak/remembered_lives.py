"""Some of the calls that were acknowledged in each life of a server."""

import random
from collections import Counter
from collections.abc import Iterable
from typing import Any

Call = dict[str, Any]

_KEPT_OF_A_LIFE = 20


class RememberedLives:
    """A life lasts from one start of a server to the next. Of the calls of each a few are remembered for
    good, each as likely as the others of its life."""

    def __init__(self, luck: random.Random) -> None:
        self._luck = luck
        self._lives: list[list[Call]] = [[]]
        self._acknowledged = 0  # in the present life

    def begin(self) -> None:
        """Ends the present life and begins another."""
        self._lives.append([])
        self._acknowledged = 0

    def keep(self, calls: Iterable[Call]) -> None:
        """Notes calls that were acknowledged in the present life."""
        kept = self._lives[-1]
        for call in calls:
            self._acknowledged += 1
            if len(kept) < _KEPT_OF_A_LIFE:
                kept.append(call)
            elif (place := self._luck.randrange(self._acknowledged)) < _KEPT_OF_A_LIFE:
                kept[place] = call

    def some(self, of_each: int) -> tuple[list[Call], Counter[int]]:
        """Up to so many calls of every earlier life, and how many of each."""
        calls: list[Call] = []
        counted: Counter[int] = Counter()
        for number, kept in enumerate(self._lives[:-1]):
            drawn = self._luck.sample(kept, min(of_each, len(kept)))
            calls += drawn
            counted[number] = len(drawn)
        return calls, +counted
