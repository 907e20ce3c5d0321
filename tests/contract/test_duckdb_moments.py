"""What is read beside a large move of rows is what was there before it, or after it."""

import threading
from pathlib import Path

from calltally.store.duckdb.database import Database

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
