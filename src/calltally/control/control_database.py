"""The database of everything that is neither a call nor a count."""

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Self

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, select, update

from calltally.control.access_mark import AccessMark
from calltally.control.access_rows import ACCESS_TABLES, access_damage
from calltally.control.sqlite_file import (
    all_damage,
    damage_shown_by,
    empty_the_log,
    page_damage,
    table_damage,
)
from calltally.control.tables import access_changes
from calltally.errors import CalltallyError, DamagedDataError

FILE_NAME = "control.sqlite"

_MIGRATIONS = Path(__file__).parent / "migrations"
_WRITES = "calltally_writes"
_BUSY_SECONDS = 30


class ControlDatabase:
    """Clients, tokens, keys and names, in tables that fit this version of Calltally.

    Its methods block on the disk and may be called from any thread; on an event loop use a thread. A
    transaction that was left without an exception is on disk.

    What says who may do what is proved by checksums at the start, and a change of it is not in SQLite's log
    any more when it was made: of a log that is damaged SQLite drops the rest silently. `AccessMark` tells
    when changes are missing all the same.

    ``access_version`` grows whenever a client or a token loses or changes what it may do, so that whoever
    remembers an answer about access can tell that it is out of date. It is counted in this process only.
    """

    access_version: int

    def __init__(self, engine: Engine, mark: AccessMark | None = None) -> None:
        """``mark`` belongs to a SQLite file."""
        self._engine = engine
        self._mark = mark
        self._writer = engine.execution_options(**{_WRITES: True})
        self._access_order = threading.Lock()
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
        a newer version has changed, and `DamagedDataError` for a file that is no SQLite database, or one of
        which the access data, or the pages, are not as they were written. No row of it is changed then.
        """
        address = make_url(url)
        # Parameters hold keys and hashes, and would stand in every database error.
        engine = create_engine(address, hide_parameters=True)
        mark = None
        if address.get_backend_name() == "sqlite":
            _prepare_sqlite(engine)
            mark = AccessMark(Path(f"{address.database}.mark")) if address.database else None
        database = cls(engine, mark)
        try:
            database._bring_up()
        except BaseException as error:
            database.close()
            if (reason := damage_shown_by(error)) is None:
                raise
            raise DamagedDataError(
                f"{address.database} is no database, or a damaged one: {reason}; restore a backup"
            ) from error
        return database

    def reading(self) -> AbstractContextManager[Connection]:
        """A transaction that sees one state of the database."""
        return self._engine.begin()

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction that may write; all of it is kept, or nothing when it is left by an exception."""
        return self._writer.begin()

    @contextmanager
    def changing_access(self) -> Iterator[Connection]:
        """The same for what says who may do what, which `access_rows` writes. One at a time.

        When it was left without an exception the change is in the database's file, not in its log only.
        """
        with self._access_order:
            with self.writing() as connection:
                yield connection
                connection.execute(update(access_changes).values(changes=access_changes.c.changes + 1))
                changes = _changes(connection)
            self._make_certain(changes)

    def damage(self) -> list[str]:
        """What is not as it was written, each in a sentence; reads everything, while others go on."""
        marked = self._mark.read() if self._mark else None
        found: list[str] = []
        if self._mark and marked is None:
            found.append(f"{self._mark.path.name} cannot be read; a start makes it anew")
        try:
            with self.reading() as connection:
                if self._mark:
                    found += all_damage(connection)
                found += access_damage(connection)
                found += _lost(_changes(connection), marked)
        except Exception as error:
            if (reason := damage_shown_by(error)) is None:
                raise
            found.append(f"it cannot be read: {reason}")
        return found

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
        empty_the_log(self._engine)

    def close(self) -> None:
        self._engine.dispose()

    def _bring_up(self) -> None:
        """Migrates, and raises `DamagedDataError` for what cannot be proved."""
        marked = self._mark.read() if self._mark else None
        with self.writing() as connection:
            if self._mark:
                self._refuse(page_damage(connection))
            migrated = _migrate(connection)
            if self._mark:
                self._refuse(table_damage(connection, [table.name for table in ACCESS_TABLES]))
            self._refuse(access_damage(connection))
            changes = _changes(connection)
            self._refuse(_lost(changes, marked))
        if migrated or marked != changes:
            self._make_certain(changes)

    def _refuse(self, damage: Iterator[str]) -> None:
        for found in damage:
            raise DamagedDataError(
                f"the control database {self._engine.url.database} is damaged: {found}; restore a backup"
            )

    def _make_certain(self, changes: int) -> None:
        """Brings changes of access out of the log, and writes down how many there were."""
        if self._mark:
            empty_the_log(self._engine)
            self._mark.write(changes)


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
        connection.execute("PRAGMA secure_delete = FAST")  # no earlier row stays in a page to come back

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later fails at once when another one wrote in between;
        # one that takes the write lock at its start waits its turn.
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _changes(connection: Connection) -> int:
    changes: int = connection.execute(select(access_changes.c.changes)).scalar_one()
    return changes


def _lost(changes: object, marked: int | None) -> Iterator[str]:
    if not isinstance(changes, int):
        yield f"table access_changes: {changes!r} is no number"
    elif marked is not None and changes < marked:
        yield (
            f"table access_changes: {marked - changes} of {marked} changes of access are missing, so that "
            "what was revoked may be good again"
        )


def _migrate(connection: Connection) -> bool:
    """Whether anything had to be done."""
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
    if found == known[0]:
        return False
    command.upgrade(config, "head")
    return True
