"""Ways to break the product on purpose, which prove that a test would notice."""

import os
from collections.abc import Callable

from calltally.store.duckdb.duckdb_store import DuckDBUsageStore

BROKEN = "SOAK_BROKEN"
"""The environment variable that names how a launched server is broken."""


def acknowledge_before_the_sync() -> None:
    """The journal is written and not synced before senders get their answers."""
    setattr(os, "fdatasync", lambda _descriptor: None)  # noqa: B010 - mypy


def drop_the_journal_before_a_checkpoint() -> None:
    """The store says that it is safe without the journal, and did nothing for it."""

    def checkpoint(store: DuckDBUsageStore) -> int:
        return store.position

    setattr(DuckDBUsageStore, "checkpoint", checkpoint)  # noqa: B010 - mypy


def apply_twice() -> None:
    """A batch that was applied once is applied again when the process starts anew."""
    right = DuckDBUsageStore._read_back

    def read_back(store: DuckDBUsageStore) -> object:
        key, position, *rest = right(store)
        return key, max(0, position - 1), *rest

    setattr(DuckDBUsageStore, "_read_back", read_back)  # noqa: B010 - mypy


BREAKAGES: dict[str, Callable[[], None]] = {
    each.__name__: each
    for each in (
        acknowledge_before_the_sync,
        drop_the_journal_before_a_checkpoint,
        apply_twice,
    )
}
