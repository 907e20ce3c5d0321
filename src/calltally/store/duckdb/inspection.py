"""Keeps conflicts and rejected calls for inspection."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection

from calltally.call_batch import CallBatch
from calltally.clock import DAY_MS
from calltally.store.duckdb import outcome_statements as statements
from calltally.store.duckdb.batch_tables import conflict_rows, sample_rows
from calltally.store.duckdb.statements import Statement
from calltally.store.kept import CONFLICTS_KEPT, KEPT_AT_MOST, SAMPLES_KEPT

CONFLICTS, SAMPLES = "conflict", "rejected_sample"


@dataclass(slots=True)
class _Kept:
    """The number of kept entries of one table by organization, day of receipt and code, and the last
    number."""

    of_each: int
    last: int = 0
    counts: dict[int, dict[tuple[int, str], int]] = field(default_factory=lambda: defaultdict(dict))

    def admit(self, organization: int, received_ms: int, code: str = "") -> int | None:
        """The number for a further entry; None if enough of its kind are kept."""
        counts, key = self.counts[organization], (received_ms // DAY_MS, code)
        count = counts.get(key, 0)
        if count >= self.of_each:
            return None
        counts[key] = count + 1
        self.last += 1
        return self.last

    def surplus(self, organizations: Iterable[int]) -> list[tuple[int, int]]:
        """The organizations above the bound, each with the first day whose entries stay."""
        found = []
        for organization in sorted(set(organizations)):
            counts = self.counts[organization]
            total, first = sum(counts.values()), None
            for day in sorted({day for day, _ in counts}):
                if total <= KEPT_AT_MOST:
                    break
                total -= sum(counts.pop(key) for key in [key for key in counts if key[0] == day])
                first = day + 1
            if first is not None:
                found.append((organization, first))
        return found


@dataclass(frozen=True, slots=True)
class Inspected:
    """The rows of a batch to keep for inspection, by table, and the statements that drop surplus rows."""

    rows: dict[str, pa.Table]
    dropped: list[Statement]


class Inspection:
    """Decides what is kept of each batch, once per batch and in order.

    Reads what is kept once; reads it again after `forget`, which must follow a batch that was not stored.
    Belongs to the thread that applies batches.
    """

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self._connection = connection
        self._shelves: dict[str, _Kept] | None = None

    def take(self, batch: CallBatch) -> Inspected:
        """Select what is kept of a batch."""
        if not batch.conflicts and not batch.samples:
            return Inspected({}, [])
        if self._shelves is None:
            self._shelves = {
                CONFLICTS: self._read_back(CONFLICTS, CONFLICTS_KEPT),
                SAMPLES: self._read_back(SAMPLES, SAMPLES_KEPT),
            }
        conflicts, samples = self._shelves[CONFLICTS], self._shelves[SAMPLES]
        kept_conflicts = [
            (number, one)
            for one in batch.conflicts
            if (number := conflicts.admit(one.organization, one.received_ms)) is not None
        ]
        kept_samples = [
            (number, sample)
            for sample in batch.samples
            if (number := samples.admit(sample.organization, sample.received_ms, sample.code)) is not None
        ]
        rows = {
            CONFLICTS: conflict_rows(batch.last_position, kept_conflicts),
            SAMPLES: sample_rows(batch.last_position, kept_samples),
        }
        surplus = [
            *_dropped(CONFLICTS, conflicts.surplus(one.organization for _, one in kept_conflicts)),
            *_dropped(SAMPLES, samples.surplus(one.organization for _, one in kept_samples)),
        ]
        return Inspected({table: of_it for table, of_it in rows.items() if of_it.num_rows}, surplus)

    def forget(self) -> None:
        self._shelves = None

    def _read_back(self, table: str, of_each: int) -> _Kept:
        shelf = _Kept(of_each)
        rows: list[tuple[Any, ...]] = statements.kept_counts(table).run(self._connection).fetchall()
        for organization, day, code, count, last in rows:
            shelf.counts[organization][day, code] = count
            shelf.last = max(shelf.last, last)
        return shelf


def _dropped(table: str, surplus: list[tuple[int, int]]) -> list[Statement]:
    return [statements.drop_kept_before(table, organization, day * DAY_MS) for organization, day in surplus]
