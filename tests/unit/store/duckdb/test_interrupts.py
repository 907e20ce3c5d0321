"""A question that is interrupted at any moment spoils none that the same thread is asked later."""

import threading
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from calltally.store.duckdb.database import Database

SNAPSHOTS = 300


def test_interrupts_at_any_moment_leave_a_thread_that_can_read(tmp_path: Path) -> None:
    database = Database(tmp_path / "calls.duckdb", threads=1, memory_limit="100MB")
    thread, is_over = threading.get_ident(), threading.Event()

    def interrupt() -> None:
        while not is_over.is_set():
            database.interrupt(thread)

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    ended: Counter[type[Exception] | None] = Counter()
    for _ in range(SNAPSHOTS):
        try:
            with database.snapshot() as connection:
                connection.execute("SELECT COUNT(*) FROM meta").fetchall()
            ended[None] += 1
        except duckdb.Error as error:
            ended[type(error)] += 1
    is_over.set()
    interrupting.join()

    assert ended.keys() == {None, duckdb.InterruptException}
    with database.snapshot() as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
    database.close()


def test_an_interrupted_begin_leaves_a_thread_that_can_read(
    tmp_path: Path,
) -> None:
    database = Database(tmp_path / "calls.duckdb", threads=1, memory_limit="100MB")
    connection = database.reader()
    connection.begin()
    with pytest.raises(duckdb.Error):
        connection.execute("SELECT no_such_column FROM meta")  # aborts the transaction, as an interrupt does

    with pytest.raises(duckdb.Error), database.snapshot():
        pass

    with database.snapshot() as another:
        assert another.execute("SELECT 1").fetchall() == [(1,)]
    database.close()
