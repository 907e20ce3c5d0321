"""Durable, exact inserts into SQLite: what counting with a database and a unique key costs."""

import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks.filled_directory import scratch
from benchmarks.inserted import Row
from benchmarks.rival_stores import INSERT, SQLITE_TABLE, sqlite_of

_CACHE_KIB = 262_144


class SqliteRival:
    """The table has the text key (organization, origin, id). WAL, synchronous FULL, in this process."""

    name = "SQLite, in process"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def prepare(self, rows: Sequence[Row]) -> Sequence[Row]:
        return rows

    def insert(self, batch: Sequence[Row]) -> int:
        self._connection.execute("BEGIN")
        new = self._connection.executemany(INSERT, batch).rowcount
        self._connection.execute("COMMIT")
        return new

    def cpu_seconds(self) -> float:
        return time.process_time()


@contextmanager
def sqlite_rival(seen: int) -> Iterator[SqliteRival]:
    """With ``seen`` calls in its table."""
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
            yield SqliteRival(connection)
        finally:
            connection.close()
