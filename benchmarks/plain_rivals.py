"""Inserts into column stores that tell no call from its copy: what is left when exactness is given up."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb
import pyarrow as pa
from chdb.session import Session

from benchmarks.filled_directory import scratch
from benchmarks.inserted import Row
from benchmarks.skewed_calls import ORGANIZATION

_NUMBERS = ("time_ms", "status", "duration_ms", "response_bytes")
_TEXTS = ("client_id", "user_id", "source_id", "account_id", "method", "route", "path")
_NAMES = ("organization", "origin", "id", *_NUMBERS, *_TEXTS)


class DuckDBRival:
    """A table without a key, one transaction for each batch of columns."""

    name = "DuckDB, in process, without telling copies"

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def prepare(self, rows: Sequence[Row]) -> pa.Table:
        return _columns(rows)

    def insert(self, batch: pa.Table) -> int:
        self._connection.register("batch", batch)
        self._connection.execute("INSERT INTO call FROM batch")
        self._connection.unregister("batch")
        return len(batch)

    def cpu_seconds(self) -> float:
        return time.process_time()


class ChdbRival:
    """A MergeTree without a key, synced with each batch of columns."""

    name = "chDB, in process, without telling copies"

    def __init__(self, session: Session) -> None:
        self._session = session

    def prepare(self, rows: Sequence[Row]) -> pa.Table:
        return _columns(rows)

    def insert(self, batch: pa.Table) -> int:
        self._session.query("INSERT INTO rival.call SELECT * FROM Python(batch)")  # finds it by its name
        return len(batch)

    def cpu_seconds(self) -> float:
        return time.process_time()


@contextmanager
def duckdb_rival(_seen: int) -> Iterator[DuckDBRival]:
    columns = [f"{name} {'BIGINT' if name in _NUMBERS else 'VARCHAR'}" for name in _NAMES]
    with scratch() as folder, duckdb.connect(folder / "calls.duckdb", config={"threads": 2}) as connection:
        connection.execute(f"CREATE TABLE call ({', '.join(columns)})")
        yield DuckDBRival(connection)


@contextmanager
def chdb_rival(_seen: int) -> Iterator[ChdbRival]:
    """One at a time in a process."""
    columns = [f"{name} {'Int64' if name in _NUMBERS else 'String'}" for name in _NAMES]
    with scratch() as folder:
        session = Session(str(folder / "chdb"))
        try:
            session.query("CREATE DATABASE IF NOT EXISTS rival")
            session.query(
                f"CREATE TABLE rival.call ({', '.join(columns)}) ENGINE = MergeTree "
                "ORDER BY (organization, time_ms) "
                "SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"
            )
            yield ChdbRival(session)
        finally:
            session.close()


def _columns(rows: Sequence[Row]) -> pa.Table:
    columns = zip(*((ORGANIZATION, "", *row) for row in rows), strict=True)
    return pa.table(dict(zip(_NAMES, map(list, columns), strict=True)))
