"""Ends a server at every place there is, over and over, and compares the counts each time.

Each start begins another life of its directory, into which calls of all lives before are sent again.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from soak.book import Book
from soak.launcher import STEPS
from soak.town import Town
from soak.watched_disk import Place
from soak.watched_server import WatchedServer

RANDOM_INSTANT = Place("at", "a random instant")

_CALLS = {
    ".frames": ("create", "write", "sync", "unlink"),
    "/journal": ("sync",),
    ".ids.partial": ("create", "write", "sync"),
    ".ids": ("unlink",),
    "/seen": ("sync",),
    "calls.duckdb": ("write", "sync", "truncate"),
    "calls.duckdb.wal": ("create", "write", "sync", "unlink"),
    "control.sqlite-wal": ("write", "sync"),
}
"""What the program does to its files while it serves."""

_WHILE_PRUNING = {"store.remove_texts"}
"""The steps that a server does not pass while calls come in."""

SERVING = [
    *(
        Place(when, what, where)
        for where, calls in _CALLS.items()
        for what in calls
        for when in ("before", "after")
    ),
    *(Place("within", "write", where) for where in (".frames", "calls.duckdb", "calls.duckdb.wal")),
    *(Place(when, step) for step in STEPS if step not in _WHILE_PRUNING for when in ("before", "after")),
]
"""The places that a server passes while calls come in."""

OPENING = [
    Place("before", "truncate", ".frames"),
    Place("after", "truncate", ".frames"),
    Place("before", "sync", ".frames"),
    Place("after", "create", ".frames"),
    Place("before", "sync", "/journal"),
    Place("before", "store.apply"),
    Place("after", "store.apply"),
]
"""The places that a server passes when it starts with a journal whose end is torn."""

TEARING = Place("within", "write", ".frames")

_KILLS_OF_A_DIRECTORY = 30
_STOPS_FOR_A_KILL = 0.25

_LITTLE_MEMORY: dict[str, object] = {"seen_ids_memory": "1MB"}
_SETTINGS: tuple[dict[str, object], ...] = ({}, _LITTLE_MEMORY)
"""What a life may be started with: the default, and as little memory for identities as may be."""


class Kills:
    """Kills and orderly stops of one server, each followed by a start, with other settings by chance, and a
    comparison of everything counted so far.

    ``survived`` counts kills by their places, and ``stopped`` the orderly stops. A place that is not reached
    within ``patience`` seconds is no failure: the server is then killed at the instant that came, and
    ``missed`` counts it.
    """

    def __init__(self, directory: Path, *, seed: int, patience: float = 10.0) -> None:
        self.survived: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self.stopped = 0
        self.server = WatchedServer(directory)
        self._random = random.Random(seed)
        self._seed = seed
        self._patience = patience
        self.town: Town

    def __enter__(self) -> "Kills":
        with self.server:
            self.town = Town(self.server, seed=self._seed)
        return self

    def __exit__(self, *_: object) -> None:
        if self.server.is_running:
            self.server.kill()

    def at(self, place: Place, nth: int = 1) -> bool:
        """Kills the server at the n-th passing of a place while senders send, or once they have paused where
        it passes the place only then; whether it came to that."""
        self._begin_life(place if place != RANDOM_INSTANT else None, nth)
        when_quiet = _joins_runs(place)
        with self.town.at_work():
            self.server.pull_the_trigger()
            patience = self._random.uniform(0, 1.5) if place == RANDOM_INSTANT else self._patience
            reached = self.server.has_died(1.0 if when_quiet else patience)
            if not reached and not when_quiet:
                self.server.kill()
        if when_quiet and not reached:
            reached = self.server.has_died(patience)
            if not reached:
                self.server.kill()
        if reached:
            self._check_it_was_killed()
        counted = place if reached or place == RANDOM_INSTANT else RANDOM_INSTANT
        self.survived[str(counted)] += 1
        if counted != place:
            self.missed[str(place)] += 1
        return counted == place

    def while_opening(self, place: Place) -> bool:
        """Kills the server within a write of the journal, and then where the next start passes a place."""
        self.at(TEARING, self._random.randint(1, 5))
        self.server.prepare_to_die_at_once(place)
        self.server.launch()
        reached = (
            self.server.has_died(self._patience if self.server.is_running else 0)
            if self._does_not_serve()
            else False
        )
        if reached:
            self._check_it_was_killed()
            self.survived[f"{place} while opening"] += 1
        else:
            self.server.kill()
            self.missed[f"{place} while opening"] += 1
        return reached

    def stop(self) -> None:
        """Asks the server to end while senders send, or once they have paused, or before any of them sent
        something new."""
        self._begin_life(None)
        how = self._random.randrange(3)
        if how:
            with self.town.at_work():
                time.sleep(self._random.uniform(0, 1.5))
                if how == 1:
                    self._stop_in_order()
        if self.server.is_running:
            self._stop_in_order()
        self.stopped += 1

    def finish(self) -> None:
        """Starts the server undisturbed, compares once more, and again after an orderly stop."""
        self._begin_life(None)
        self._stop_in_order()
        self.server.start()
        self.town.settle()

    def _begin_life(self, place: Place | None, nth: int = 1) -> None:
        little = place is not None and _joins_runs(place)
        self.server.prepare(**(_LITTLE_MEMORY if little else self._random.choice(_SETTINGS)))
        self.server.prepare_to_die(place, nth)
        self.server.start()
        self.town.settle()

    def _stop_in_order(self) -> None:
        if code := self.server.stop():
            raise RuntimeError(f"the server ended with {code} when it was asked to stop")

    def _does_not_serve(self) -> bool:
        """Waits until the server has died or serves."""
        deadline = time.monotonic() + 30
        while self.server.is_running and time.monotonic() < deadline:
            if any(event["event"] == "serving" for event in self.server.events()):
                return False
            time.sleep(0.01)
        return True

    def _check_it_was_killed(self) -> None:
        if not self.server.was_killed():
            raise RuntimeError("the server ended by itself; its log says why")


def _joins_runs(place: Place) -> bool:
    """Whether a place is passed only where memory has no room for what is in runs, while none are written."""
    return place.what == "runs.join" or (place.what, place.where) == ("unlink", ".ids")


@dataclass(slots=True)
class Toll:
    """What many kills came to, by their places, and what the senders had to do with them.

    ``earlier_lives`` are those of which calls were sent again in a later one, ``sent_again`` those calls.
    """

    survived: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    book: Book = field(default_factory=Book)
    recounts: int = 0
    stopped: int = 0
    earlier_lives: int = 0
    sent_again: int = 0

    def add(self, kills: Kills) -> None:
        self.survived += kills.survived
        self.missed += kills.missed
        self.book += kills.town.book
        self.recounts += kills.town.verifications
        self.stopped += kills.stopped
        again = kills.town.again
        self.earlier_lives += len(again)
        self.sent_again += again.total()


def run(
    folder: Path, seconds: float, *, seed: int, at_least: int, toll: Toll, tell: Callable[[str], None]
) -> None:
    """Goes through all places again and again, in another order each time; ``toll`` is added up.

    Every so many kills begin with a new directory, or what is compared after each would grow without end.
    """
    deadline = time.monotonic() + seconds
    luck = random.Random(seed)
    turns = _in_turn(luck)
    while time.monotonic() < deadline or toll.survived.total() < at_least:
        with Kills(folder / f"data-{toll.recounts}", seed=luck.randrange(2**32)) as kills:
            try:
                while kills.survived.total() < _KILLS_OF_A_DIRECTORY:
                    if luck.random() < _STOPS_FOR_A_KILL:
                        kills.stop()
                    place, opening = next(turns)
                    if opening:
                        kills.while_opening(place)
                    else:
                        kills.at(place, luck.choice((1, 1, 2, 3, 5, 8, 20)))
                    killed = toll.survived.total() + kills.survived.total()
                    tell(f"{killed} kills; {kills.town.book.accepted} calls are in the present directory")
                    if time.monotonic() >= deadline and killed >= at_least:
                        break
                kills.finish()
            finally:
                toll.add(kills)


def _in_turn(luck: random.Random) -> Iterator[tuple[Place, bool]]:
    while True:
        turn = [(place, False) for place in SERVING] + [(place, True) for place in OPENING]
        turn += [(RANDOM_INSTANT, False)] * 12
        luck.shuffle(turn)
        yield from turn
