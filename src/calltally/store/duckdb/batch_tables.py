"""A batch of calls as Arrow tables, which DuckDB reads in place."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from calltally.call_batch import CALL_COLUMNS, CallBatch, CallColumns, Conflict, RejectedSample
from calltally.clock import DAY_MS
from calltally.packed_texts import PackedTexts

_ROWS_AT_ONCE = 4096
"""Rows that are split into columns while they are in the processor's cache."""

_DICTIONARY = pa.schema(
    [
        ("kind", pa.uint8()),
        ("organization", pa.int32()),
        ("id", pa.int32()),
        ("text", pa.string()),
        ("derived", pa.bool_()),
    ]
)
_OUTCOME = pa.schema(
    [
        ("organization", pa.int32()),
        ("receipt_day", pa.int32()),
        ("received", pa.int64()),
        ("accepted", pa.int64()),
        ("duplicate", pa.int64()),
        ("conflict", pa.int64()),
        ("rejected", pa.int64()),
    ]
)
_CONFLICT = pa.schema(
    [
        ("position", pa.uint64()),
        ("organization", pa.int32()),
        ("received_ms", pa.int64()),
        ("identity_high", pa.uint64()),
        ("identity_low", pa.uint64()),
        ("content", pa.binary()),
        ("number", pa.int64()),
    ]
)
_REJECTION = pa.schema(
    [
        ("organization", pa.int32()),
        ("receipt_day", pa.int32()),
        ("code", pa.string()),
        ("calls", pa.int64()),
    ]
)
_SAMPLE = pa.schema(
    [
        ("position", pa.uint64()),
        ("organization", pa.int32()),
        ("received_ms", pa.int64()),
        ("code", pa.string()),
        ("field", pa.string()),
        ("reason", pa.string()),
        ("content", pa.binary()),
        ("number", pa.int64()),
    ]
)
_REFUSAL = pa.schema(
    [
        ("organization", pa.int32()),
        ("receipt_day", pa.int32()),
        ("reason", pa.string()),
        ("requests", pa.int64()),
    ]
)
_CORRECTION = pa.schema(
    [
        ("position", pa.uint64()),
        ("organization", pa.int32()),
        ("received_ms", pa.int64()),
        ("who", pa.string()),
        ("why", pa.string()),
        ("action", pa.string()),
        ("subject", pa.string()),
        ("withdrawn", pa.int64()),
        ("restated", pa.int64()),
        ("added", pa.int64()),
    ]
)
_ERASURE = pa.schema(
    [
        ("position", pa.uint64()),
        ("organization", pa.int32()),
        ("kind", pa.uint8()),
        ("replacement", pa.string()),
        ("received_ms", pa.int64()),
        ("who", pa.string()),
        ("why", pa.string()),
    ]
)


class CallTables:
    """Converts batches to Arrow tables, one at a time: a table is valid until the next one is created.

    The columns reuse their memory, since fresh memory costs more than filling it.
    """

    def __init__(self) -> None:
        self._columns: dict[str, npt.NDArray[Any]] = {}

    def of(self, batch: CallBatch) -> pa.Table:
        """One row per call: the fields of the batch, with ``path`` as text, and the UTC ``day``."""
        count = len(batch.calls)
        if not self._columns or count > len(self._columns["day"]):
            self._columns = {name: np.empty(count, CALL_COLUMNS[name]) for name in CALL_COLUMNS.names or ()}
            self._columns["day"] = np.empty(count, np.int32)
        fields: dict[str, Any] = {name: column[:count] for name, column in self._columns.items()}
        _split(batch.calls, fields)
        fields["path"] = _arrow_texts(batch.paths).take(pa.array(fields["path"]))  # faster than in DuckDB
        return pa.table({**fields, "position": batch.positions, "received_ms": batch.received_ms})


def _arrow_texts(texts: PackedTexts) -> pa.Array:
    """The texts as an Arrow array, without copying."""
    offsets = pa.py_buffer(np.ascontiguousarray(texts.offsets))
    return pa.LargeStringArray.from_buffers(len(texts), offsets, pa.py_buffer(texts.data))


def other_rows(batch: CallBatch) -> dict[str, pa.Table]:
    """The other rows of a batch, by table; tables without rows are left out.

    `Inspection` handles what is kept for inspection.
    """
    last = batch.last_position
    corrections = [(position, *correction) for position, correction in batch.corrections]
    erasures = [
        (last, one.organization, one.kind, one.replacement, one.received_ms, one.who, one.why)
        for one in batch.erasures
    ]
    tables = {
        "dictionary": _table(batch.values, _DICTIONARY),
        "outcome": _table(batch.outcomes, _OUTCOME),
        "rejection": _table(batch.rejections, _REJECTION),
        "refusal": _table(batch.refusals, _REFUSAL),
        "correction": _table(corrections, _CORRECTION),
        "erasure": _table(erasures, _ERASURE),
    }
    return {name: table for name, table in tables.items() if table.num_rows}


def conflict_rows(position: int, numbered: Sequence[tuple[int, Conflict]]) -> pa.Table:
    """Numbered calls in conflict of a batch that ends at a position."""
    return _table([(position, *one, number) for number, one in numbered], _CONFLICT)


def sample_rows(position: int, numbered: Sequence[tuple[int, RejectedSample]]) -> pa.Table:
    """Numbered rejected calls of a batch that ends at a position."""
    return _table([(position, *one, number) for number, one in numbered], _SAMPLE)


def _table(rows: Sequence[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    return (
        pa.table([list(column) for column in zip(*rows, strict=True)], schema)
        if rows
        else schema.empty_table()
    )


def _split(calls: CallColumns, fields: Mapping[str, npt.NDArray[Any]]) -> None:
    """Fill arrays with the fields of a structured array, and one with the days of the calls."""
    for start in range(0, len(calls), _ROWS_AT_ONCE):
        span = slice(start, start + _ROWS_AT_ONCE)
        rows = calls[span]
        for name in CALL_COLUMNS.names or ():
            fields[name][span] = rows[name]
        fields["day"][span] = fields["time_ms"][span] // DAY_MS
