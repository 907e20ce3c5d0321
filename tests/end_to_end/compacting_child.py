"""Fills and compacts a store without end, saying what it begins and what it has done, until it is killed.

``python -m tests.end_to_end.compacting_child FILE``. What a batch holds follows from its position alone, so
that whoever reads the position knows what must be counted.
"""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from calltally.call_batch import ABSENT, CALL_COLUMNS, CallBatch, Conflict, Outcome
from calltally.dictionary import DictionaryValue, Kind
from calltally.store.duckdb.compaction import CompactionLimits
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from tests.support.seeds import numpy_luck

CALLS = 5_000
CONFLICTS = 10_000
CLIENTS, SOURCES, ACCOUNTS, ROUTES = 7, 5, 300, 11
STATUSES = (0, 200, 204, 304, 404, 429, 500)
EAGER = CompactionLimits(
    fresh_rows=1, merged_rows=15_000, runs_of_month=2, fresh_calls=10_000, packed_at_once=5_000
)

APPLYING, COMPACTING, CHECKPOINTING, APPLIED = "applying", "compacting", "checkpointing", "applied"

_DAY_MS = 86_400_000
_FIRST_DAY = (datetime(2026, 1, 20, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days
_SIZES = {Kind.CLIENT: CLIENTS, Kind.SOURCE: SOURCES, Kind.ACCOUNT: ACCOUNTS, Kind.ROUTE: ROUTES}


def numbered_batch(position: int) -> CallBatch:
    """The batch of a position, received on a day that moves on, with calls of the five days up to it."""
    numbers = numpy_luck(position)
    today = _FIRST_DAY + 2 * position
    calls = np.zeros(CALLS, CALL_COLUMNS)
    calls["identity_high"] = position
    calls["identity_low"] = np.arange(1, CALLS + 1)
    calls["digest"] = numbers.integers(1, 2**63, CALLS)
    days = today - numbers.integers(0, 5, CALLS)
    calls["time_ms"] = days * _DAY_MS + numbers.integers(0, _DAY_MS, CALLS)
    calls["organization"] = 1
    calls["status"] = numbers.choice(STATUSES, CALLS)
    for kind, size in _SIZES.items():
        calls[kind.name.lower()] = numbers.integers(0, size + 1, CALLS)
    for measure in ("duration_ms", "request_bytes", "response_bytes"):
        calls[measure] = ABSENT
    return CallBatch(
        first_position=position,
        last_position=position,
        calls=calls,
        positions=np.full(CALLS, position, np.uint64),
        received_ms=np.full(CALLS, today * _DAY_MS, np.int64),
        values=_dictionary() if position == 1 else [],
        outcomes=[Outcome(1, today, CALLS + CONFLICTS + position, CALLS, position, CONFLICTS, 0)],
        conflicts=[Conflict(1, today * _DAY_MS, position, number, b"{}") for number in range(CONFLICTS)],
    )


def text_of(kind: Kind, number: int) -> str:
    """The text that a number in a column stands for."""
    return f"{kind.name.lower()}-{number}" if number else ""


def open_store(file: Path) -> DuckDBUsageStore:
    return DuckDBUsageStore(file, threads=1, limits=EAGER)


def _dictionary() -> list[DictionaryValue]:
    entries = [DictionaryValue(Kind.ORGANIZATION, 0, 1, "acme")]
    for kind, size in _SIZES.items():
        entries += [DictionaryValue(kind, 1, number, text_of(kind, number)) for number in range(1, size + 1)]
    return entries


def _say(*words: object) -> None:
    os.write(1, f"{' '.join(map(str, words))}\n".encode())


def _work(store: DuckDBUsageStore) -> None:
    while True:
        for _ in range(2):
            position = store.position + 1
            _say(APPLYING, position)
            store.apply(numbered_batch(position))
            _say(APPLIED, position)
        _say(CHECKPOINTING)
        store.checkpoint()
        _say(COMPACTING)
        while store.compact():
            _say(COMPACTING)


if __name__ == "__main__":
    _work(open_store(Path(sys.argv[1])))
