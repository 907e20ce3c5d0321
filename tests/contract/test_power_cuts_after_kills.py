"""A power cut soon after a start loses nothing, although a killed process left a checkpoint unsynced."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from soak.disk_record import Doing, Done, Remains, lay_out, read_record
from soak.watched_disk import WatchedDisk

from calltally.store.duckdb.doublewrite_buffer import copy_beside
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from tests.call_batches import a_call
from tests.contract.questions import apply, count

HEADERS = slice(4096, 12_288)


def killed_before_the_last_sync_of_a_checkpoint(folder: Path) -> Remains:
    """Leaves a store of 15 calls as such a process leaves it: its new header is not on the disk yet."""
    folder.mkdir()
    file = folder / "calls.duckdb"
    store = DuckDBUsageStore(file, threads=1)
    apply(store, *[a_call() for _ in range(10)])
    store.checkpoint()
    old = file.read_bytes()
    apply(store, *[a_call() for _ in range(5)])
    log, copy = file.with_name("calls.duckdb.wal"), copy_beside(file)
    kept_log = folder.with_name("log")
    kept_log.hardlink_to(log)  # DuckDB writes to the log that a checkpoint began, and removes it at the end
    store.checkpoint()
    kept_copy = copy.read_bytes()
    written = file.read_bytes()
    store.close()
    kept_log.rename(log)
    copy.write_bytes(kept_copy)
    file.write_bytes(written[: HEADERS.start] + old[HEADERS] + written[HEADERS.stop :])
    remains = Remains.of(folder)
    file.write_bytes(written)
    header = Done(Doing.WRITE, file.name, HEADERS.start, 8192, 0, written[HEADERS], 0)
    remains.take(header)
    return remains


def what_the_next_process_does(folder: Path, record: Path) -> list[Done]:
    """The writes and syncs of a process that starts, applies a batch and is killed."""
    watched = os.environ | WatchedDisk(folder, record=record).environment()
    command = [sys.executable, "-m", "tests.contract.killed_child", str(folder / "calls.duckdb")]
    assert subprocess.run(command, env=watched, check=False).returncode == -signal.SIGKILL
    return list(read_record(record))


def test_a_start_makes_durable_what_a_killed_checkpoint_wrote(tmp_path: Path) -> None:
    remains = killed_before_the_last_sync_of_a_checkpoint(tmp_path / "data")
    left = tmp_path / "left"
    found = []
    for done in what_the_next_process_does(tmp_path / "data", tmp_path / "record"):
        remains.take(done)
        if done.doing is Doing.SYNC:
            lay_out(remains.what_is_safe(), left)
            store = DuckDBUsageStore(left / "calls.duckdb", threads=1)
            found.append(count(store))
            store.close()
            shutil.rmtree(left)

    assert found == sorted(found)
    assert {found[0], found[-1]} == {15, 16}
