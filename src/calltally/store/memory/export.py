"""Exports of calls and counts, written row by row."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from calltally.call_batch import ABSENT
from calltally.clock import instant_of
from calltally.harmless_text import for_spreadsheet
from calltally.store.export import Form, What, demand_whole_days, fields_of
from calltally.store.memory.ledger import LedgerCall
from calltally.window import Window

_TYPES = {
    "position": pa.uint64(),
    "status": pa.int32(),
    "weight": pa.int32(),
    **dict.fromkeys(
        (
            "duration_ms",
            "request_bytes",
            "response_bytes",
            "calls",
            "status_200",
            "status_300",
            "status_400",
            "status_429",
            "status_500",
        ),
        pa.int64(),
    ),
}


def write_export(rows: Iterable[LedgerCall], window: Window, what: What, form: Form, path: Path) -> int:
    """Write a file as `UsageStore.export` does; returns the number of rows."""
    if what != "calls":
        demand_whole_days(window)
    names = {"counts": ("client_id", "user_id", "route", "method"), "sources": ("source_id", "account_id")}
    written = [_call(row) for row in rows] if what == "calls" else _counts(rows, names[what])
    temporary = path.with_name(f"{path.name}.part")
    _WRITERS[form](temporary, fields_of(what), written)
    temporary.replace(path)
    return len(written)


def _call(row: LedgerCall) -> tuple[Any, ...]:
    measures = (int(row.columns[name]) for name in ("duration_ms", "request_bytes", "response_bytes"))
    return (
        _written(row.time),
        row.organization,
        row.origin,
        row.client_id,
        row.user_id,
        row.source_id,
        row.account_id,
        row.method,
        row.route,
        row.path,
        row.status,
        *(None if measure == ABSENT else measure for measure in measures),
        _written(instant_of(row.received_ms)),
        row.position,
        row.entry.name.lower(),
        row.weight,
    )


def _counts(rows: Iterable[LedgerCall], names: tuple[str, ...]) -> list[tuple[Any, ...]]:
    tallies = [Counter[tuple[str, ...]]() for _ in range(6)]
    for row in rows:
        key = (row.date.isoformat(), *(getattr(row, name) for name in names))
        hundred = row.status // 100
        counted = (True, hundred == 2, hundred == 3, hundred == 4, row.status == 429, hundred == 5)
        for tally, counts in zip(tallies, counted, strict=True):
            tally[key] += row.weight * counts
    return [(*key, *(tally[key] for tally in tallies)) for key in sorted(tallies[0]) if tallies[0][key] > 0]


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _write_csv(path: Path, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\r\n")  # so that texts with either are quoted
        writer.writerow(names)
        writer.writerows([_cell(value) for value in row] for row in rows)


def _cell(value: Any) -> Any:
    return for_spreadsheet(value) if isinstance(value, str) else value


def _write_parquet(path: Path, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    schema = pa.schema([(name, _TYPES.get(name, pa.string())) for name in names])
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), path)


_WRITERS: dict[Form, Callable[[Path, tuple[str, ...], list[tuple[Any, ...]]], None]] = {
    "csv": _write_csv,
    "parquet": _write_parquet,
}
