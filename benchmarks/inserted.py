"""Inserts of decoded calls into another database, timed batch by batch."""

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from benchmarks.rival_stores import some_rows

_ROWS_AT_HAND = 400_000

Row = tuple[object, ...]
"""A call as `benchmarks.call_bodies.call_rows` gives it."""


@dataclass(slots=True)
class Inserted:
    """What was inserted; latencies in milliseconds, one per commit."""

    calls: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.calls / self.seconds


class Rival(Protocol):
    """A database that takes batches in, each committed durably when `insert` returns."""

    name: str

    def prepare(self, rows: Sequence[Row]) -> Any:
        """A batch in the form that this database takes most quickly; not timed."""

    def insert(self, batch: Any) -> int:
        """Inserts what was prepared; how many calls were new."""

    def cpu_seconds(self) -> float:
        """Processor time so far of everything that works for it."""


def insert_for(rival: Rival, batch: int, seconds: float) -> Inserted:
    """Inserts batches of decoded calls for so long; making and preparing them is not timed."""
    inserted = Inserted()
    while inserted.seconds < seconds:
        rows = iter(some_rows(max(batch, min(_ROWS_AT_HAND, batch * 1000))))
        while inserted.seconds < seconds and (part := list(itertools.islice(rows, batch))):
            _insert(rival, rival.prepare(part), inserted)
    return inserted


def _insert(rival: Rival, batch: Any, inserted: Inserted) -> None:
    began, cpu = time.perf_counter(), rival.cpu_seconds()
    new = rival.insert(batch)
    spent = time.perf_counter() - began
    inserted.cpu_seconds += rival.cpu_seconds() - cpu
    inserted.seconds += spent
    inserted.latencies.append(spent * 1000)
    inserted.calls += new
