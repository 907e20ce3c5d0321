"""Removes unused texts."""

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from calltally.dictionary import TEXT_NUMBERS, TextNumbers
from calltally.store.duckdb import text_statements as statements
from calltally.store.duckdb.database import Database


class TextRemoval:
    """Finds unused texts, and deletes texts in one transaction under the compaction lock."""

    def __init__(self, database: Database, compaction_lock: threading.Lock) -> None:
        self._database = database
        self._connection = database.connection()
        self._compaction_lock = compaction_lock

    def unused(self) -> TextNumbers:
        """See `UsageStore.unused_texts`."""
        with self._database.snapshot() as connection:
            parts = [_numbers(statement.run(connection).fetchnumpy()) for statement in _UNUSED]
        return np.concatenate(parts)

    def remove(self, texts: TextNumbers) -> None:
        """See `UsageStore.remove_texts`."""
        if not len(texts):
            return
        removed = {name: np.ascontiguousarray(texts[name]) for name in ("kind", "id")}
        with self._compaction_lock:
            self._connection.register("removed", pa.table(removed))
            self._connection.begin()
            try:
                statements.note_removal().run(self._connection)
                statements.remove().run(self._connection)
                self._database.commit_moved(self._connection)
            except BaseException:
                self._connection.rollback()
                raise
            finally:
                self._connection.unregister("removed")


_UNUSED = [statements.unused_texts(kind) for kind in statements.COLUMN_OF_KIND]


def _numbers(found: Mapping[str, npt.NDArray[Any]]) -> TextNumbers:
    numbers = np.empty(len(found["id"]), TEXT_NUMBERS)
    for name in TEXT_NUMBERS.names or ():
        numbers[name] = found[name]
    return numbers
