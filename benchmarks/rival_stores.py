"""The same calls as a capable user would keep them without us: a plain table of texts and numbers."""

import sqlite3
import time
from pathlib import Path

import duckdb
import numpy as np

from benchmarks.call_bodies import call_rows
from benchmarks.filled_directory import cached, filled_store
from benchmarks.recent_calls import RecentCalls
from benchmarks.skewed_calls import ORGANIZATION
from calltally.dictionary import Dictionary, Kind

_COLUMNS = (
    "time_ms, status, duration_ms, response_bytes, "
    "client_id, user_id, source_id, account_id, method, route, path"
)

SQLITE_TABLE = """
    CREATE TABLE call (
        organization TEXT NOT NULL, origin TEXT NOT NULL, id TEXT NOT NULL, time_ms INTEGER NOT NULL,
        status INTEGER, duration_ms INTEGER, response_bytes INTEGER, client_id TEXT, user_id TEXT,
        source_id TEXT, account_id TEXT, method TEXT, route TEXT, path TEXT{key}
    )
"""
INSERT = f"INSERT OR IGNORE INTO call VALUES ('{ORGANIZATION}', '', {', '.join('?' * 12)})"

_UUID = """
    lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-a' ||
    substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))
"""
_ROWS_MADE = 100_000


def duckdb_of(calls: int, days: float) -> Path:
    """A DuckDB file with one table: the calls of `filled_store`, texts as texts, a random UUID as id."""
    path = cached(f"duckdb-{calls}-over-{days:g}-days", "duckdb")
    if path.exists():
        return path
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(f"ATTACH '{filled_store(calls, days)}' AS ours (READ_ONLY)")
        connection.execute(f"ATTACH '{unfinished}' AS rival")
        connection.execute(
            f"""
            CREATE TABLE rival.call AS
            SELECT organization.text AS organization,
                   '' AS origin,
                   CAST(uuid() AS VARCHAR) AS id,
                   {_COLUMNS}
            FROM   (
                SELECT * REPLACE (method.text AS method, route.text AS route),
                       client.text AS client_id,
                       "user".text AS user_id,
                       source.text AS source_id,
                       account.text AS account_id
                FROM   ours.call
                {_join(Kind.CLIENT)} {_join(Kind.USER)} {_join(Kind.SOURCE)}
                {_join(Kind.ACCOUNT)} {_join(Kind.METHOD)} {_join(Kind.ROUTE)}
            ) AS call
            {_join(Kind.ORGANIZATION)}
            ORDER BY time_ms
            """
        )
        connection.execute("CHECKPOINT rival")
    unfinished.rename(path)
    return path


def _join(kind: Kind) -> str:
    name = f'"{kind.name.lower()}"'
    return f"JOIN ours.dictionary AS {name} ON {name}.kind = {kind:d} AND {name}.id = call.{name}"


def sqlite_of(calls: int) -> Path:
    """A SQLite file with as many calls as asked, the identity as its key, made as quickly as SQLite can."""
    path = cached(f"sqlite-{calls}", "sqlite")
    if path.exists():
        return path
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    connection = sqlite3.connect(unfinished, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(SQLITE_TABLE.format(key=""))
    connection.execute("BEGIN")
    connection.executemany(INSERT, some_rows(min(calls, _ROWS_MADE)))
    while (missing := calls - _count(connection)) > 0:
        connection.execute(
            f"INSERT INTO call SELECT organization, origin, {_UUID}, {_COLUMNS} FROM call LIMIT ?", (missing,)
        )
    connection.execute("CREATE UNIQUE INDEX identity ON call (organization, origin, id)")
    connection.execute("COMMIT")
    connection.close()
    unfinished.rename(path)
    return path


def some_rows(count: int) -> list[tuple[object, ...]]:
    """Decoded calls of the last seconds, as `call_rows` gives them, with random ids."""
    dictionary = Dictionary()
    recent = RecentCalls(dictionary, now_ms=int(time.time() * 1000), days=0.001)
    (batch,) = recent.batches([count])
    return call_rows(batch, dictionary, np.random.default_rng())


def _count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT COUNT(*) FROM call").fetchone()[0])
