"""Rewrites the store's file without deleted data."""

from pathlib import Path

from calltally.durable_files import sync
from calltally.errors import CalltallyError
from calltally.store.duckdb.doublewrite_buffer import copy_beside
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore


def write_anew(path: Path, *, threads: int, memory_limit: str) -> None:
    """Replace a store's file by a copy; no process may have it open.

    DuckDB frees the blocks of deleted or changed data and does not wipe them; a copy has current data only. A
    crash leaves the old file or the new one, each complete, and at most a useless copy, which the next
    attempt replaces. Raises `CalltallyError`, leaving the old file, if there is no space for it
    (workaround: freed-blocks).
    """
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    store = DuckDBUsageStore(path, threads=threads, memory_limit=memory_limit)
    try:
        store.checkpoint()
        store.backup(new)
    finally:
        store.close()
    if path.with_name(f"{path.name}.wal").exists():
        new.unlink()
        raise CalltallyError(f"the write-ahead log of {path} is not empty, so a copy would be incomplete")
    new.replace(path)
    copy_beside(path).unlink(missing_ok=True)  # it may contain erased texts, too
    sync(path.parent)
