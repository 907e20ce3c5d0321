"""The current versions of calls, read as columns."""

from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from calltally.call_batch import CALL_COLUMNS, CallColumns, UInt64s
from calltally.clock import DAY_MS
from calltally.packed_texts import PackedTexts
from calltally.store.doubled_calls import DoubledCalls
from calltally.store.duckdb import ledger_statements as statements
from calltally.store.duckdb.audit_statements import rows_of_days
from calltally.store.duckdb.day_spans import parts_of_identities, spans_of_days
from calltally.store.duckdb.doubled_statements import rows_of_doubled_calls
from calltally.store.duckdb.statements import Statement
from calltally.store.duckdb.usage.resolved_query import ResolvedQuery
from calltally.store.duckdb.usage.time_buckets import EPOCH
from calltally.store.usage_store import StoredCalls

NO_CALLS = StoredCalls(np.empty(0, CALL_COLUMNS), PackedTexts.of([""]), np.empty(0, np.bool_))


class LedgerCalls:
    """Stored calls, read through one connection; see `UsageStore`."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self._connection = connection

    def current(self, organization: int, high: UInt64s, low: UInt64s) -> StoredCalls:
        asked = list(dict.fromkeys(zip(high.tolist(), low.tolist(), strict=True)))
        if not asked:
            return NO_CALLS
        highs, lows = (np.array(half, np.uint64) for half in zip(*asked, strict=True))
        table = pa.table({"identity_high": highs, "identity_low": lows, "index": np.arange(len(asked))})
        self._connection.register("asked", table)
        try:
            return self._read(statements.current_calls(organization))
        finally:
            self._connection.unregister("asked")

    def within(self, question: ResolvedQuery, limit: int) -> StoredCalls:
        return self._read(statements.calls_within(question, limit))

    def doubled(self, first_day: int, limit: int) -> DoubledCalls | None:
        """Search the days since one, a span at a time, until a span has doubled calls."""
        sizes = rows_of_days().run(self._connection).fetchall()
        for first, end, size in spans_of_days(sizes, first_day):
            parts = parts_of_identities(size)
            for part in range(parts):
                statement = rows_of_doubled_calls(first, end, part, parts, limit)
                rows = statement.run(self._connection).fetchnumpy()
                if len(rows["position"]):
                    columns, paths = _columns(rows)
                    last_day = EPOCH + timedelta(days=int(columns["time_ms"][-1]) // DAY_MS)
                    return DoubledCalls(columns, rows["position"], rows["received_ms"], paths, last_day)
        return None

    def _read(self, statement: Statement) -> StoredCalls:
        rows = statement.run(self._connection).fetchnumpy()
        return StoredCalls(*_columns(rows), np.asarray(rows["active"], np.bool_))


def _columns(rows: dict[str, Any]) -> tuple[CallColumns, PackedTexts]:
    """Rows in the journal's form, and their paths."""
    columns = np.zeros(len(rows["path"]), CALL_COLUMNS)
    for name in CALL_COLUMNS.names or ():
        if name != "path":
            columns[name] = rows[name]
    codes: dict[str, int] = {"": 0}
    columns["path"] = [codes.setdefault(path, len(codes)) for path in rows["path"]]
    return columns, PackedTexts.of(codes)
