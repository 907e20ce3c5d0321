"""What calls say now, read as columns."""

from typing import Any

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from calltally.call_batch import CALL_COLUMNS, UInt64s
from calltally.packed_texts import PackedTexts
from calltally.store.duckdb import ledger_statements as statements
from calltally.store.duckdb.statements import Statement
from calltally.store.duckdb.usage_question import UsageQuestion
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

    def within(self, question: UsageQuestion, limit: int) -> StoredCalls:
        return self._read(statements.calls_within(question, limit))

    def _read(self, statement: Statement) -> StoredCalls:
        rows: dict[str, Any] = statement.run(self._connection).fetchnumpy()
        columns = np.zeros(len(rows["active"]), CALL_COLUMNS)
        for name in CALL_COLUMNS.names or ():
            if name != "path":
                columns[name] = rows[name]
        codes: dict[str, int] = {"": 0}
        columns["path"] = [codes.setdefault(path, len(codes)) for path in rows["path"]]
        return StoredCalls(columns, PackedTexts.of(codes), np.asarray(rows["active"], np.bool_))
