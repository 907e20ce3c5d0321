"""Durable, exact inserts into SQLite: what counting with a database and a unique key costs."""

import itertools
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.filled_directory import scratch
from benchmarks.rival_stores import INSERT, SQLITE_TABLE, some_rows, sqlite_of

RIVAL = "SQLite, in process"
_ROWS_AT_HAND = 400_000
_CACHE_KIB = 262_144


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


def sqlite_inserts(seen: int, batch: int, seconds: float) -> Inserted:
    """Inserts batches of decoded rows, each committed durably, for so long; making rows is not timed.

    The table has the text key (organization, origin, id) and ``seen`` rows already. WAL, synchronous FULL.
    """
    inserted = Inserted()
    with _database(seen) as connection:
        while inserted.seconds < seconds:
            rows = iter(some_rows(max(batch, min(_ROWS_AT_HAND, batch * 1000))))
            while inserted.seconds < seconds and (part := list(itertools.islice(rows, batch))):
                _insert(connection, part, inserted)
    return inserted


def _insert(connection: sqlite3.Connection, rows: list[tuple[object, ...]], inserted: Inserted) -> None:
    began, cpu = time.perf_counter(), time.process_time()
    connection.execute("BEGIN")
    new = connection.executemany(INSERT, rows).rowcount
    connection.execute("COMMIT")
    spent = time.perf_counter() - began
    inserted.cpu_seconds += time.process_time() - cpu
    inserted.seconds += spent
    inserted.latencies.append(spent * 1000)
    inserted.calls += new


@contextmanager
def _database(seen: int) -> Iterator[sqlite3.Connection]:
    with scratch() as folder:
        path = folder / "calls.sqlite"
        if seen:
            shutil.copy(sqlite_of(seen), path)
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", f"cache_size=-{_CACHE_KIB}"):
                connection.execute(f"PRAGMA {pragma}")
            if not seen:
                connection.execute(SQLITE_TABLE.format(key=", PRIMARY KEY (organization, origin, id)"))
            yield connection
        finally:
            connection.close()
