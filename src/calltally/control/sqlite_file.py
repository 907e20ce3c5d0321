"""What only a SQLite database can do: be checked page by page, and be brought out of its log."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError

_CHECKED_AT_START = 2**30
"""Bytes up to which a start checks all pages; of a larger file it checks the tables it is asked about."""

_ELSEWHERE = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_INTERRUPT,
)
"""What SQLite says when it is not the content of the file that is wrong."""


def page_damage(connection: Connection) -> Iterator[str]:
    """What is wrong with the pages of a file that is not very large."""
    size = 1
    for pragma in ("page_count", "page_size"):
        size *= connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one()
    if size <= _CHECKED_AT_START:
        yield from _told(connection, "quick_check(1)")


def table_damage(connection: Connection, tables: Sequence[str]) -> Iterator[str]:
    """What is wrong with tables and their indexes."""
    for table in tables:
        yield from (f"table {table}: {found}" for found in _told(connection, f"integrity_check({table})"))


def all_damage(connection: Connection) -> Iterator[str]:
    """What is wrong with all pages, tables and indexes; reads everything."""
    return _told(connection, "integrity_check(100)")


def damage_shown_by(error: BaseException) -> str | None:
    """What an error says of the content of the file, None where it is about something else."""
    if isinstance(error, UnicodeDecodeError):
        return "a text in it is not in UTF-8"
    if not isinstance(error, DatabaseError):
        return None
    code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return None if code & 0xFF in _ELSEWHERE else str(error.orig)


def empty_the_log(engine: Engine) -> None:
    """Writes what is in the log into the database's file, and empties it.

    Waits for transactions under way, and leaves the log to a later checkpoint if they do not end.
    """
    with closing(engine.raw_connection()) as pooled:
        connection = pooled.driver_connection
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _told(connection: Connection, pragma: str) -> Iterator[str]:
    for (found,) in connection.exec_driver_sql(f"PRAGMA {pragma}").all():
        if found != "ok":
            yield " ".join(str(found).split())
