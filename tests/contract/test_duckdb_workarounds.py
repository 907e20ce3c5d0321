"""What DuckDB alone does, for which the store has workarounds; a test that fails says which one can go.

`src/calltally/store/duckdb/README.md` lists them by name.
"""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from soak.disk_record import Doing, read_record
from soak.watched_disk import WatchedDisk

from calltally.store.duckdb import batch_statements
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from tests.contract.test_duckdb_moments import _batch
from tests.contract.test_power_cuts_after_kills import killed_before_the_last_sync_of_a_checkpoint

SOURCE = Path(__file__).parents[2] / "src" / "calltally"
README = SOURCE / "store" / "duckdb" / "README.md"
MOST_BATCHES = 400
"""A batch is seen amid its commit about once in twenty."""

HEADERS, BLOCK = 12_288, 262_144
Rows = list[tuple[Any, ...]]


def named_in_the_readme() -> set[str]:
    return set(re.findall(r"^\| `([a-z-]+)` \|", README.read_text("utf-8"), re.MULTILINE))


def test_every_workaround_is_named_where_it_is_and_has_a_test_here() -> None:
    code = "".join(module.read_text("utf-8") for module in SOURCE.rglob("*.py"))
    named = set(re.findall(r"[Ww]orkaround: ([a-z-]+)", code))
    prefix = "test_workaround_"
    tests = {name.removeprefix(prefix) for name in globals() if name.startswith(prefix)}

    assert named - {"holes"} == named_in_the_readme()
    assert {name.replace("_", "-") for name in tests} == named_in_the_readme()


def test_workaround_bulk_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction sees counts that others are committing."""
    monkeypatch.setattr(batch_statements, "remove_own_row", lambda _: [])
    store = DuckDBUsageStore(tmp_path / "calls.duckdb")
    done, torn = threading.Event(), threading.Event()

    def look() -> None:
        while not done.is_set():
            with store._database.snapshot() as connection:
                sums = {
                    str(connection.execute("SELECT SUM(calls) FROM by_client_route").fetchall())
                    for _ in range(20)
                }
            if len(sums) > 1:
                torn.set()

    reader = threading.Thread(target=look)
    reader.start()
    for position in range(1, MOST_BATCHES + 1):
        store.apply(_batch(position))
        if torn.is_set():
            break
    done.set()
    reader.join()
    store.close()

    assert torn.is_set()


def test_workaround_moved_rows(tmp_path: Path) -> None:
    """A reader sees rows at their old place and at their new one."""
    mover = duckdb.connect(tmp_path / "moved.duckdb")
    mover.execute("CREATE TABLE thing AS SELECT i AS id, i % 3 AS day FROM range(1000000) AS range(i)")
    done, seen = threading.Event(), set[int]()

    def look(reader: duckdb.DuckDBPyConnection) -> None:
        while not done.is_set():
            seen.update(count for (count,) in reader.execute("SELECT COUNT(*) FROM thing").fetchall())

    readers = [threading.Thread(target=look, args=(mover.cursor(),)) for _ in range(2)]
    for reader in readers:
        reader.start()
    for move in range(100):
        mover.begin()
        mover.execute("CREATE TEMP TABLE moving AS FROM thing WHERE day = $day", {"day": move % 3})
        mover.execute("DELETE FROM thing WHERE day = $day", {"day": move % 3})
        mover.execute("INSERT INTO thing FROM moving ORDER BY id DESC")
        mover.execute("DROP TABLE moving")
        mover.commit()
        if len(seen) > 1:
            break
    done.set()
    for reader in readers:
        reader.join()
    mover.close()

    assert max(seen) > 1_000_000


@pytest.fixture
def both() -> Iterator[tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection]]:
    """Two connections to one database in memory with a table of one row."""
    with duckdb.connect() as first, first.cursor() as second:
        first.execute("CREATE TABLE thing AS SELECT 1 AS number")
        yield first, second


def test_workaround_lazy_begin(both: tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection]) -> None:
    """A transaction sees what was committed after it began."""
    writer, reader = both
    reader.begin()

    writer.execute("INSERT INTO thing VALUES (2)")

    assert reader.execute("SELECT COUNT(*) FROM thing").fetchall() == [(2,)]


def test_workaround_blocked_checkpoints(tmp_path: Path) -> None:
    """A change of rows is in the way of a checkpoint until older transactions end."""
    with duckdb.connect(tmp_path / "blocked.duckdb") as writer, writer.cursor() as reader:
        writer.execute("CREATE TABLE thing AS SELECT 1 AS number")
        reader.begin()
        reader.execute("FROM thing").fetchall()
        writer.execute("INSERT INTO thing VALUES (3)")
        writer.execute("CHECKPOINT")
        writer.execute("UPDATE thing SET number = 2")

        with pytest.raises(duckdb.TransactionException, match="Cannot CHECKPOINT"):
            writer.execute("CHECKPOINT")


def test_workaround_overwritten_blocks(tmp_path: Path) -> None:
    """A checkpoint overwrites a block that the one before it needs."""
    file = tmp_path / "overwritten.duckdb"
    with duckdb.connect(file) as connection:
        connection.execute("CREATE TABLE thing AS SELECT 1 AS number")
        connection.execute("CHECKPOINT")
        before = file.read_bytes()
        needed = connection.execute("SELECT block_id FROM pragma_metadata_info()").fetchall()
        connection.execute("INSERT INTO thing VALUES (2)")
        connection.execute("CHECKPOINT")
        behind = file.read_bytes()

    starts = [HEADERS + block * BLOCK for (block,) in needed]
    assert [start for start in starts if before[start : start + BLOCK] != behind[start : start + BLOCK]] != []


def test_workaround_unsynced_open(tmp_path: Path) -> None:
    """An open changes the log before the file with the header that it relies on is synced."""
    folder = tmp_path / "data"
    killed_before_the_last_sync_of_a_checkpoint(folder)
    watched = WatchedDisk(folder, record=tmp_path / "record").environment()
    attach = f"ATTACH '{folder / 'calls.duckdb'}' AS store"
    program = f"import duckdb, os; duckdb.connect().execute({attach!r}); os._exit(0)"

    subprocess.run([sys.executable, "-c", program], env=os.environ | watched, check=True)

    done = list(read_record(tmp_path / "record"))
    synced = next((at for at, each in enumerate(done) if each.doing is Doing.SYNC), len(done))
    assert [each.doing for each in done[:synced] if each.path.startswith("calls.duckdb.wal")] != []


def test_workaround_freed_blocks(tmp_path: Path) -> None:
    """What was deleted stays in the file."""
    file = tmp_path / "freed.duckdb"
    with duckdb.connect(file) as connection:
        connection.execute("CREATE TABLE thing AS SELECT 'secret-' || i AS text FROM range(1000) AS range(i)")
        connection.execute("CHECKPOINT")
        connection.execute("DELETE FROM thing")
        connection.execute("CHECKPOINT")

    assert b"secret-" in file.read_bytes()


def test_workaround_error_texts(tmp_path: Path) -> None:
    """A file that is open elsewhere, one that is not there and one that is damaged fail with one class."""
    file = tmp_path / "locked.duckdb"
    duckdb.connect(file).close()
    damaged = tmp_path / "damaged.duckdb"
    damaged.write_bytes(b"damaged" * BLOCK)
    lock = [
        sys.executable,
        "-c",
        "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print(flush=True); input()",
        str(file),
    ]

    with subprocess.Popen(lock, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        classes = {type(error_of(path)) for path in (file, tmp_path / "none" / "missing.duckdb", damaged)}
        holder.communicate(b"\n")

    assert classes == {duckdb.IOException}


def error_of(path: Path) -> duckdb.Error:
    with pytest.raises(duckdb.Error) as raised:
        duckdb.connect(path, read_only=not path.parent.exists())
    return raised.value


def test_workaround_leak_reports() -> None:
    """A frozen collector makes DuckDB report leaks at exit."""
    program = "import duckdb, gc; connection = duckdb.connect(); gc.freeze()"

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "leaked" in ended.stderr
