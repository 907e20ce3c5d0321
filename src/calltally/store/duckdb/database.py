"""The database file and its connections."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import structlog
from duckdb import DuckDBPyConnection

from calltally.durable_files import sync
from calltally.errors import BusyError, CalltallyError, DamagedDataError, DirectoryHeldError, StoreFailedError
from calltally.identity_key import IdentityKey
from calltally.store.duckdb import batch_statements, statements
from calltally.store.duckdb.doublewrite_buffer import DoublewriteBuffer
from calltally.store.duckdb.schema_files import bring_up_to_date

log = structlog.get_logger()

ROW_GROUP = 32_768
"""The rows of a row group, the unit that reads can skip: a quarter of DuckDB's default makes queries for few
rows a third faster and costs neither space nor time to write."""

_CHECKPOINT_THRESHOLD = "1GB"
"""The size of the write-ahead log at which DuckDB takes a checkpoint on its own, during a commit."""

_VACUUM_TASKS = 1
"""How many groups of adjacent row groups of a table a checkpoint may rewrite because some are not full.

With DuckDB's default, what batches write is written twice; with 0, a row group that began small stays so
for ever, at low traffic one with every checkpoint."""

_CHECKPOINT_SECONDS = 1.0
_RETRY_SECONDS = 5
_PATIENCE_WITH_READERS, _PAUSE_FOR_READERS = 0.1, 0.2


@contextmanager
def raising_store_failed() -> Iterator[None]:
    """Raise `StoreFailedError` for the errors after which DuckDB answers nothing more.

    They are of several classes; all report that the database was invalidated: a sync that failed, a
    checkpoint on a full disk (workaround: error-texts).
    """
    try:
        yield
    except duckdb.Error as error:
        if "invalidated" in str(error):
            raise StoreFailedError(f"the store cannot go on: {error}") from error
        raise


@contextmanager
def _raising_busy() -> Iterator[None]:
    """Raise `BusyError` if the other work of the store left too little memory."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        text = "the store has too little memory for this request at present; to raise it, set store_memory"
        raise BusyError(text, retry_after=_RETRY_SECONDS) from error


class Database:
    """An open DuckDB file whose tables are up to date.

    Each connection belongs to one thread at a time; `reader` gives every thread its own. ``position`` is that
    of the last batch that was committed; it must be set after opening.
    """

    def __init__(self, path: Path, *, threads: int, memory_limit: str) -> None:
        self._path = path
        self._log = path.with_name(f"{path.name}.wal")
        self._local = threading.local()
        self._of_threads: dict[int, DuckDBPyConnection] = {}
        self._opening = threading.Lock()
        self._committing = threading.Lock()
        self._turns = threading.Condition()
        self._readers = 0
        self._moving = False
        self.position = 0
        self._root = duckdb.connect(
            config={
                "threads": threads,
                "memory_limit": memory_limit,
                "checkpoint_threshold": _CHECKPOINT_THRESHOLD,
                "max_vacuum_tasks": _VACUUM_TASKS,
                "temp_directory": f"{path}.tmp",
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        )
        self._connections = [self._root]
        self._doublewrite = DoublewriteBuffer(path)
        self._is_attached = False
        try:
            self._attach()
        except BaseException:
            self.close()
            raise

    def connection(self) -> DuckDBPyConnection:
        """A new connection, open as long as the database."""
        with self._opening:
            connection = self._root.cursor()
            self._connections.append(connection)
        connection.execute("USE store")
        return connection

    def reader(self) -> DuckDBPyConnection:
        """The calling thread's own connection."""
        if not hasattr(self._local, "connection"):
            self._local.connection = self.connection()
            self._of_threads[threading.get_ident()] = self._local.connection
        connection: DuckDBPyConnection = self._local.connection
        return connection

    def interrupt(self, thread: int) -> None:
        """Abort what a thread does with its `reader`, with an error of DuckDB. Thread-safe."""
        if (connection := self._of_threads.get(thread)) is not None:
            with suppress(duckdb.Error):  # it may have been closed meanwhile
                connection.interrupt()

    @contextmanager
    def snapshot(self) -> Iterator[DuckDBPyConnection]:
        """The calling thread's own connection, which sees one instant between two commits until the end.

        A nested snapshot is the same one. Raises `BusyError` if memory does not suffice for what is done with
        it.
        """
        connection = self.reader()
        if getattr(self._local, "sees_a_moment", False):
            yield connection
            return
        with self._turns:
            self._turns.wait_for(lambda: not self._moving)
            self._readers += 1
        try:
            try:
                with self._committing:
                    connection.begin()
                    connection.execute("SELECT value FROM meta LIMIT 0")  # workaround: lazy-begin
                    self._local.position = self.position
                self._local.sees_a_moment = True
                with _raising_busy():
                    yield connection
            finally:
                self._local.sees_a_moment = False
                self._end_reading(connection)
        finally:
            with self._turns:
                self._readers -= 1
                self._turns.notify_all()

    def _end_reading(self, connection: DuckDBPyConnection) -> None:
        """Ends a reader's transaction, if one has begun. An interrupt can hit that too, and leaves an aborted
        transaction, in which nothing can be read any more: then the thread gets a new connection.
        """
        try:
            connection.rollback()
        except duckdb.Error:
            with self._opening:
                self._connections.remove(connection)
            del self._of_threads[threading.get_ident()]
            del self._local.connection
            connection.close()

    @property
    def seen_position(self) -> int:
        """The position up to which the calling thread's snapshot has batches."""
        position: int = self._local.position
        return position

    def commit(self, connection: DuckDBPyConnection, position: int | None = None) -> None:
        """Commit added rows with the position they reach; no snapshot begins during the commit."""
        with self._committing:
            connection.commit()
            if position is not None:
                self.position = position

    def commit_moved(self, connection: DuckDBPyConnection, position: int | None = None) -> None:
        """Commit rows that were moved or removed, while nothing is read.

        While a large transaction commits, DuckDB 2.0 lets a reader see rows both at their old and at their
        new place, even a reader that began earlier. Queries wait for the commit, and the commit waits for
        running queries: for 0.1 s at a time, between which other queries may begin, so that a long one blocks
        none (workaround: moved-rows).
        """
        while True:
            with self._turns:
                self._moving = True
                alone = self._turns.wait_for(lambda: self._readers == 0, _PATIENCE_WITH_READERS)
            try:
                if alone:
                    self.commit(connection, position)
                    return
            finally:
                with self._turns:
                    self._moving = False
                    self._turns.notify_all()
            time.sleep(_PAUSE_FOR_READERS)

    def checkpoint(self, connection: DuckDBPyConnection) -> bool:
        """Move the write-ahead log into the file; False if running queries did not end in time.

        Rows may be added meanwhile, except to the table that is being moved. A committed change or removal of
        rows blocks it until the queries that began earlier have ended. The blocks that a crash would destroy
        are copied first; see `DoublewriteBuffer` (workaround: blocked-checkpoints)
        (workaround: overwritten-blocks).
        """
        self._keep_blocks(connection)
        deadline = time.monotonic() + _CHECKPOINT_SECONDS
        while True:
            try:
                connection.execute("CHECKPOINT store")
            except duckdb.TransactionException:
                if time.monotonic() > deadline:
                    return False
                time.sleep(0.005)
            else:
                return True

    def close(self) -> None:
        """Also take a checkpoint, if nothing blocks it; errors are left to the next start."""
        if self._is_attached:
            with suppress(duckdb.Error, OSError):
                self._keep_blocks(self._root)
        for connection in reversed(self._connections):
            connection.close()
        if self._is_attached and not self._log.exists():
            self._doublewrite.drop()

    def _attach(self) -> None:
        self._sync_files()
        try:
            self._open_file()
            self._is_attached = True
            self._root.execute("USE store")
            bring_up_to_date(self._root)
            self._initialize()
        except duckdb.Error as error:
            raise _refusal(self._path, error) from error

    def _sync_files(self) -> None:
        """Sync what a killed process wrote, before DuckDB relies on it.

        DuckDB does not: it replaces the log as soon as it reads a new header, which may be only in the page
        cache. A power cut then leaves the old header with the new log, and neither opens
        (workaround: unsynced-open).
        """
        for path in (self._path, self._log, self._path.with_name(f"{self._log.name}.checkpoint")):
            if path.exists():
                sync(path)

    def _open_file(self) -> None:
        attach = f"ATTACH {quoted(self._path)} AS store (ROW_GROUP_SIZE {ROW_GROUP})"
        try:
            self._root.execute(attach)
        except duckdb.Error as error:
            # DuckDB has one exception class for all of these (workaround: error-texts).
            if "Corrupt database file" not in str(error) or not self._doublewrite.restore():
                raise
            log.warning("undid an unfinished checkpoint", store=str(self._path))
            self._root.execute(attach)

    def _keep_blocks(self, connection: DuckDBPyConnection) -> None:
        blocks = statements.metadata_blocks().run(connection).fetchall()
        self._doublewrite.keep([block for (block,) in blocks])

    def _initialize(self) -> None:
        """Give a new store its secret and its first position."""
        if not statements.identity_key().run(self._root).fetchall():
            key = IdentityKey.generate()
            self._root.begin()
            for statement in batch_statements.found(key.scheme, key.secret):
                statement.run(self._root)
            self._root.commit()


def quoted(path: Path) -> str:
    """A path as an SQL string literal, where it cannot be bound."""
    return "'" + str(path).replace("'", "''") + "'"


def _refusal(path: Path, error: duckdb.Error) -> CalltallyError:
    text = str(error)  # one exception class for all errors (workaround: error-texts)
    if "Could not set lock" in text or "already attached" in text:
        return DirectoryHeldError(f"the store {path} is open elsewhere: {text}")
    if "Cannot open file" in text:
        return CalltallyError(f"the store {path} cannot be opened: {text}")
    return DamagedDataError(f"the store {path} cannot be read: {text}")
