"""Data directories that hold many calls already, made once and copied for each run."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.recent_calls import RecentCalls, sizes_of_batches
from calltally.data_directory import DataDirectory
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore

CACHE = Path(__file__).parent.parent / ".cache" / "benchmarks"
"""What takes long to make, by the day it was made: calls of the last days do not stay that."""

MONTH = 30.0
"""Days over which calls lie that are all within the horizon: their identities are in memory."""

YEAR = 390.0
"""Days over which calls lie that the vendors' questions about months can ask for."""

_BATCH = 1_000_000


@contextmanager
def scratch() -> Iterator[Path]:
    """An empty folder on the same disk as the cache, removed afterwards."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="run-") as folder:
        yield Path(folder)


@contextmanager
def filled_directory(calls: int, days: float) -> Iterator[Path]:
    """A copy of a data directory with so many calls over the days up to today, compacted.

    The copy is on disk, else the disk would still be busy with it when something is measured.
    """
    with scratch() as folder:
        target = folder / "data"
        target.mkdir()
        if calls:
            shutil.copy(filled_store(calls, days), DataDirectory(target).store)
            os.sync()
        yield target


def filled_store(calls: int, days: float) -> Path:
    """The store's file of such a directory. Not to be opened for writing."""
    path = cached(f"store-{calls}-over-{days:g}-days", "duckdb")
    if not path.exists():
        unfinished = path.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        _fill(unfinished, calls, days)
        unfinished.rename(path)
    return path


def cached(name: str, suffix: str) -> Path:
    """Where a file of today's is kept; those of earlier days are removed."""
    CACHE.mkdir(parents=True, exist_ok=True)
    path = CACHE / f"{name}-{datetime.now(UTC):%Y%m%d}.{suffix}"
    for older in CACHE.glob(f"{name}-????????.{suffix}"):
        if older != path:
            older.unlink()
    return path


def _fill(path: Path, calls: int, days: float) -> None:
    store = DuckDBUsageStore(path, memory_limit="2GB")
    recent = RecentCalls(store.dictionary, now_ms=int(time.time() * 1000), days=days)
    for batch in recent.batches(sizes_of_batches(calls, _BATCH)):
        store.apply(batch)
        while store.compact():  # as the server does: free blocks are there again after a checkpoint only
            store.checkpoint()
    store.checkpoint()
    store.close()
