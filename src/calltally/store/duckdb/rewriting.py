"""The store's file without what was deleted from it."""

from pathlib import Path

from calltally.durable_files import sync
from calltally.errors import CalltallyError
from calltally.store.duckdb.doublewrite_buffer import copy_beside
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore


def write_anew(path: Path, *, threads: int, memory_limit: str) -> None:
    """Puts a copy in the place of a store's file, which nobody may have open.

    DuckDB frees the blocks of what was deleted or changed and does not wipe them (workaround: freed-blocks);
    a copy has only what the store tells. A crash leaves the old file or the new one, each whole, and at most
    a useless copy beside it, which the next try replaces. Raises `CalltallyError`, leaving the old file,
    where there is no room for it.
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
        raise CalltallyError(f"the log of {path} is not empty, so a copy would lack what it holds")
    new.replace(path)
    copy_beside(path).unlink(missing_ok=True)  # it may name what was erased, too
    sync(path.parent)
