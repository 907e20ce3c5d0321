"""What is read beside a large move or addition of rows is what was there before it, or after it."""

import threading
from datetime import date
from pathlib import Path

import numpy as np

from calltally.call_batch import CALL_COLUMNS, CallBatch
from calltally.dictionary import DictionaryValue, Kind
from calltally.packed_texts import NO_TEXT
from calltally.store.duckdb.database import Database
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from calltally.usage_query import UsageQuery
from calltally.window import Window

ROWS = 1_000_000
MOVES = 8


def test_rows_on_the_move_are_seen_once(tmp_path: Path) -> None:
    database = Database(tmp_path / "calls.duckdb", threads=2, memory_limit="1GB")
    mover = database.connection()
    mover.execute("CREATE TABLE thing AS SELECT i AS id, i % 3 AS day FROM range(1000000) AS range(i)")
    moved = threading.Event()
    seen: set[tuple[int, int]] = set()

    def look() -> None:
        while not moved.is_set():
            with database.snapshot() as connection:
                seen.update(connection.execute("SELECT COUNT(*), SUM(id) FROM thing").fetchall())

    readers = [threading.Thread(target=look) for _ in range(2)]
    for reader in readers:
        reader.start()
    for move in range(MOVES):
        mover.begin()
        mover.execute("CREATE TEMP TABLE moving AS FROM thing WHERE day = $day", {"day": move % 3})
        mover.execute("DELETE FROM thing WHERE day = $day", {"day": move % 3})
        mover.execute("INSERT INTO thing FROM moving ORDER BY id DESC")
        mover.execute("DROP TABLE moving")
        database.commit_moved(mover)
    moved.set()
    for reader in readers:
        reader.join()

    assert seen == {(ROWS, ROWS * (ROWS - 1) // 2)}
    database.close()


BULK = 100_000
"""Calls of one batch, each of another client, so that their counts come in bulk too."""

BATCHES = 20
LOOKS = 20


def _batch(position: int) -> CallBatch:
    calls = np.zeros(BULK, CALL_COLUMNS)
    calls["identity_high"], calls["identity_low"] = position, np.arange(BULK) + 1
    calls["organization"], calls["client"] = 1, np.arange(BULK) + 1
    calls["time_ms"], calls["status"] = 1_773_057_600_000, 200
    return CallBatch(
        first_position=position,
        last_position=position,
        calls=calls,
        positions=np.full(BULK, position, np.uint64),
        received_ms=np.full(BULK, 1_773_057_600_000, np.int64),
        paths=NO_TEXT,
        values=[DictionaryValue(Kind.ORGANIZATION, 0, 1, "acme", False)] if position == 1 else [],
    )


def test_counts_that_come_in_bulk_are_seen_by_no_transaction_that_began_before(tmp_path: Path) -> None:
    store = DuckDBUsageStore(tmp_path / "calls.duckdb")
    database = store._database
    done = threading.Event()
    seen: list[set[tuple[int]]] = []

    def look() -> None:
        while not done.is_set():
            with database.snapshot() as connection:
                seen.append(
                    {
                        connection.execute("SELECT SUM(calls) FROM by_client_route").fetchall()[0]
                        for _ in range(LOOKS)
                    }
                )

    reader = threading.Thread(target=look)
    reader.start()
    for position in range(1, BATCHES + 1):
        store.apply(_batch(position))
    done.set()
    reader.join()

    assert [moment for moment in seen if len(moment) > 1] == []
    march = Window.of_days(date(2026, 3, 1), date(2026, 3, 31))
    assert store.usage(UsageQuery(organization="acme", window=march)).rows == ((BATCHES * BULK,),)
    store.close()
