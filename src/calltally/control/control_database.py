"""The database of everything that is neither a call nor a count."""

import logging
import os
import sqlite3
import threading
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any, Self

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DatabaseError, OperationalError

from calltally.errors import CalltallyError, DamagedDataError

FILE_NAME = "control.sqlite"

_MIGRATIONS = Path(__file__).parent / "migrations"
_WRITES = "calltally_writes"
_BUSY_SECONDS = 30


class ControlDatabase:
    """Clients, tokens, keys and names, in tables that fit this version of Calltally.

    Its methods block on the disk and may be called from any thread; on an event loop use a thread. A
    transaction that was left without an exception is on disk.

    ``access_version`` grows whenever a client or a token loses or changes what it may do, so that whoever
    remembers an answer about access can tell that it is out of date. It is counted in this process only.
    """

    access_version: int

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = engine.execution_options(**{_WRITES: True})
        self._access_lock = threading.Lock()
        self.access_version = 0

    @classmethod
    def in_directory(cls, directory: Path) -> Self:
        """Opens the SQLite file of a data directory."""
        return cls.open(URL.create("sqlite", database=str(directory / FILE_NAME)))

    @classmethod
    def open(cls, url: str | URL) -> Self:
        """Opens a database, makes it when it does not exist, and brings its tables up to this version.

        Only its owner may read a SQLite file that is made here. Raises `CalltallyError` for a database that
        a newer version has changed, and `DamagedDataError` for a file that is no SQLite database; either is
        left as it was.
        """
        address = make_url(url)
        # Parameters hold keys and hashes, and would stand in every database error.
        engine = create_engine(address, hide_parameters=True)
        if address.get_backend_name() == "sqlite":
            _prepare_sqlite(engine)
        database = cls(engine)
        try:
            with database.writing() as connection:
                _migrate(connection)
        except BaseException as error:
            database.close()
            if isinstance(error, DatabaseError) and not isinstance(error, OperationalError):
                raise DamagedDataError(f"{address.database} is no database: {error.orig}") from error
            raise
        return database

    def reading(self) -> AbstractContextManager[Connection]:
        """A transaction that sees one state of the database."""
        return self._engine.begin()

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction that may write; all of it is kept, or nothing when it is left by an exception."""
        return self._writer.begin()

    def access_changed(self) -> None:
        """To be called after the commit of a change to what a client or a token may do."""
        with self._access_lock:
            self.access_version += 1

    def copy_into(self, copy: sqlite3.Connection) -> None:
        """Copies a SQLite database, as of one instant, into another one that is empty."""
        with closing(self._engine.raw_connection()) as pooled:
            connection = pooled.driver_connection
            if not isinstance(connection, sqlite3.Connection):
                raise CalltallyError("only a control database in SQLite can be copied")
            connection.backup(copy)

    def rewrite(self) -> None:
        """Writes a SQLite database anew, so that nothing that was deleted is left in its files.

        Waits for transactions under way, and gives up what is left in the log to a later checkpoint if they
        do not end.
        """
        with closing(self._engine.raw_connection()) as pooled:
            connection = pooled.driver_connection
            if isinstance(connection, sqlite3.Connection):
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self._engine.dispose()


def _prepare_sqlite(engine: Engine) -> None:
    if engine.url.database:
        # SQLite gives its -wal and -shm files the mode of the database.
        os.close(os.open(engine.url.database, os.O_CREAT | os.O_RDWR, 0o600))

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver shall begin no transactions; `begin` below does
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later fails at once when another one wrote in between;
        # one that takes the write lock at its start waits its turn.
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(connection: Connection) -> None:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    found = MigrationContext.configure(connection).get_current_revision()
    known = [revision.revision for revision in script.walk_revisions()]
    if found is not None and found not in known:
        raise CalltallyError(
            f"a newer version of Calltally has changed the control database {connection.engine.url.database}:"
            f" its schema is {found}, this version knows up to {known[0]}; run that version or a newer one"
        )
    if found != known[0]:
        command.upgrade(config, "head")
