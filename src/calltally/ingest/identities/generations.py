"""Identities older than the active table's: full tables, runs, and the evicted ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from calltally.ingest.identities.identity_run import IdentityRun
from calltally.ingest.identities.identity_table import BYTES_PER_SLOT, Table
from calltally.ingest.identities.run_file import Boundary

ANY_TIME = 2**63 - 1


@dataclass(slots=True)
class ReceiptRange:
    """The first and the last receipt of some calls, and an instant not earlier than any of their times."""

    received_from_ms: int = 0
    first_received_ms: int = ANY_TIME
    last_received_ms: int = 0
    latest_ms: int = 0

    def note(self, received_ms: int, latest_ms: int) -> None:
        self.first_received_ms = min(self.first_received_ms, received_ms)
        self.last_received_ms = max(self.last_received_ms, received_ms)
        self.latest_ms = max(self.latest_ms, latest_ms)


@dataclass(slots=True, eq=False)
class Generation:
    """A full table of the identities between two cuts, and, once written, its run."""

    table: Table
    since: Boundary
    last: Boundary
    took: ReceiptRange
    run: IdentityRun | None = None


class Evicted(NamedTuple):
    """What may be neither in memory nor in a run: identities accepted up to a position and received up to an
    instant, of calls up to ``latest_ms``."""

    position: int
    received_ms: int
    latest_ms: int


class Generations:
    """Full tables (memtables) and runs, oldest first, and the evicted identities.

    Evicted identities need a lookup in the store. Belongs to the ordered step of ingest.
    """

    def __init__(self) -> None:
        self.full: list[Generation] = []
        self.runs: list[IdentityRun] = []
        self.forgotten = Evicted(0, 0, 0)

    @property
    def memory_bytes(self) -> int:
        return int(sum(g.table.slots for g in self.full) * BYTES_PER_SLOT) + sum(
            run.memory_bytes for run in self._every_run
        )

    @property
    def filter_bytes(self) -> int:
        return sum(run.memory_bytes for run in self._every_run)

    def unwritten(self, stored_position: int) -> Generation | None:
        """The oldest full table without a run, if the store has all its identities."""
        oldest = next((each for each in self.full if each.run is None), None)
        return oldest if oldest is not None and oldest.last.last <= stored_position else None

    def attach(self, generation: Generation, run: IdentityRun) -> list[IdentityRun]:
        """Record the run of a full table; returns the run if the table was dropped meanwhile."""
        if generation not in self.full:
            return [run]
        generation.run = run
        return []

    def replace(self, parts: Sequence[IdentityRun], joined: IdentityRun) -> list[IdentityRun]:
        """Replace runs by the run merged from them; returns the runs that are no longer needed."""
        if any(part not in self.runs for part in parts):
            return [joined]
        place = self.runs.index(parts[0])
        self.runs = [run for run in self.runs if run not in parts]
        self.runs.insert(place, joined)
        return list(parts)

    def expire(self, received_before_ms: int, stored_position: int) -> list[IdentityRun]:
        """Drop what was received before an instant; returns the dropped runs."""
        dropped = [run for run in self.runs if run.head.last_received_ms < received_before_ms]
        for run in dropped:
            self.runs.remove(run)
            self.forget(Evicted(run.head.last.last, run.head.last_received_ms, run.head.latest_ms))
        while self.full:
            oldest = self.full[0]
            if oldest.took.last_received_ms >= received_before_ms or oldest.last.last > stored_position:
                break
            self.full.pop(0)
            self._forget_table(oldest)
            dropped += [oldest.run] if oldest.run else []
        return dropped

    def free(self, room: int, stored_position: int, *, into_store: bool) -> None:
        """Drop the oldest tables, then filters, until the rest fits into ``room`` bytes.

        A table is dropped once it has a run, or if the store has its identities and ``into_store`` allows to
        drop it without a run.
        """
        while self.full and self.memory_bytes > room:
            oldest = self.full[0]
            if oldest.run:
                self.runs.append(oldest.run)
            elif into_store and oldest.last.last <= stored_position:
                self._forget_table(oldest)
            else:
                return
            self.full.pop(0)
        for run in self.runs:
            if self.memory_bytes <= room:
                return
            run.drop_filter()

    def forget(self, what: Evicted) -> None:
        """Add to what only the store has."""
        self.forgotten = Evicted(*map(max, self.forgotten, what))

    def _forget_table(self, table: Generation) -> None:
        self.forget(Evicted(table.last.last, table.took.last_received_ms, table.took.latest_ms))

    @property
    def _every_run(self) -> list[IdentityRun]:
        return [*self.runs, *(each.run for each in self.full if each.run)]
