"""Ledger rows as plain objects."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import numpy as np

from calltally.call_batch import CALL_COLUMNS, CallBatch, Entry, Erasure
from calltally.clock import DAY_MS, instant_of
from calltally.dictionary import Dictionary, Kind
from calltally.packed_texts import PackedTexts
from calltally.store.redaction import Redaction
from calltally.store.usage_store import StoredCalls
from calltally.unstored_calls import FIELDS, UnstoredCalls
from calltally.usage_query import Dimension, StatusClass
from calltally.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerCall:
    """One row, with texts instead of ids; ``columns`` is the row as received."""

    columns: Any
    organization: str
    time: datetime
    day: int
    received_ms: int
    position: int
    digest: int
    origin: str
    client_id: str
    user_id: str
    source_id: str
    account_id: str
    route: str
    method: str
    path: str
    status: int
    entry: Entry

    @property
    def identity(self) -> tuple[int, int]:
        return int(self.columns["identity_high"]), int(self.columns["identity_low"])

    @property
    def weight(self) -> int:
        return -1 if self.entry is Entry.WITHDRAWN else 1

    @property
    def accepts_identity(self) -> bool:
        return self.entry in (Entry.RECEIVED, Entry.ADDED)

    @property
    def receipt_day(self) -> int:
        return self.received_ms // DAY_MS

    @property
    def date(self) -> date:
        return self.time.date()

    @property
    def status_class(self) -> StatusClass:
        match self.status // 100:
            case 2:
                return StatusClass.SUCCESS
            case 3:
                return StatusClass.REDIRECTION
            case 4:
                return StatusClass.CLIENT_ERROR
            case 5:
                return StatusClass.SERVER_ERROR
            case _:
                return StatusClass.NONE

    def value(self, dimension: Dimension) -> int | str:
        if dimension is Dimension.STATUS_CLASS:
            return str(self.status_class)
        value: int | str = getattr(self, dimension)
        return value

    def matches(self, organization: str, window: Window, where: Mapping[Dimension, frozenset[str]]) -> bool:
        return (
            self.organization == organization
            and window.start <= self.time < window.end
            and all(str(self.value(dimension)) in texts for dimension, texts in where.items())
        )

    def redacted(self, erasure: Erasure, redaction: Redaction, routes: Mapping[str, str]) -> "LedgerCall":
        """The row after an erasure; ``routes`` maps changed routes to their new texts."""
        field = "user_id" if erasure.kind is Kind.USER else "account_id"
        row = replace(self, path=redaction.path(self.path), route=routes.get(self.route, self.route))
        if getattr(self, field) == erasure.text:
            row = replace(row, **{field: erasure.replacement})  # type: ignore[arg-type]
        return row


def decoded(batch: CallBatch, dictionary: Dictionary) -> list[LedgerCall]:
    """The rows of a batch in order."""
    return [
        LedgerCall(
            columns=call.copy(),
            organization=dictionary.text(Kind.ORGANIZATION, call["organization"]),
            time=instant_of(int(call["time_ms"])),
            day=int(call["time_ms"]) // DAY_MS,
            received_ms=received_ms,
            position=position,
            digest=int(call["digest"]),
            origin=dictionary.text(Kind.ORIGIN, call["origin"]),
            client_id=dictionary.text(Kind.CLIENT, call["client"]),
            user_id=dictionary.text(Kind.USER, call["user"]),
            source_id=dictionary.text(Kind.SOURCE, call["source"]),
            account_id=dictionary.text(Kind.ACCOUNT, call["account"]),
            route=dictionary.text(Kind.ROUTE, call["route"]),
            method=dictionary.text(Kind.METHOD, call["method"]),
            path=batch.paths[int(call["path"])],
            status=int(call["status"]),
            entry=Entry(int(call["entry"])),
        )
        for call, position, received_ms in zip(
            batch.calls, batch.positions.tolist(), batch.received_ms.tolist(), strict=True
        )
    ]


def decoded_unstored(calls: UnstoredCalls, dictionary: Dictionary) -> list[LedgerCall]:
    """The rows of unstored calls; fields that they lack are zero."""
    columns = np.zeros(len(calls), CALL_COLUMNS)
    for name in FIELDS:
        columns[name] = calls.columns[name]
    received_ms = np.zeros(len(calls), np.int64)
    batch = CallBatch(0, 0, columns, calls.columns["position"], received_ms)
    return decoded(batch, dictionary)


def active(rows: Iterable[LedgerCall]) -> list[LedgerCall]:
    """The rows that no later row withdraws, in the order of positions."""
    ordered = sorted(rows, key=lambda row: (row.position, row.entry))
    return [
        row
        for row in ordered
        if row.weight > 0
        and not any(
            other.weight < 0
            and other.identity == row.identity
            and other.time == row.time
            and other.position > row.position
            for other in ordered
        )
    ]


def packed(rows: Sequence[LedgerCall], active: Sequence[bool]) -> StoredCalls:
    """Rows as columns."""
    columns = np.array([row.columns for row in rows], CALL_COLUMNS)
    paths = list(dict.fromkeys(["", *(row.path for row in rows)]))
    columns["path"] = [paths.index(row.path) for row in rows]
    return StoredCalls(columns, PackedTexts.of(paths), np.array(active, np.bool_))


def doubled(rows: Iterable[LedgerCall]) -> list[tuple[list[LedgerCall], int, int]]:
    """The rows of each doubled call and day, their sum and the correct sum; see `DoubledCalls`."""
    calls: dict[tuple[int, str, tuple[int, int]], list[LedgerCall]] = {}
    for row in sorted(rows, key=lambda row: (row.position, row.entry)):
        calls.setdefault((row.day, row.organization, row.identity), []).append(row)
    found = []
    for _, of_call in sorted(calls.items()):
        counted, correct = sum(row.weight for row in of_call), int(bool(active(of_call)))
        if sum(row.accepts_identity for row in of_call) > 1 and counted > correct:
            found.append((of_call, counted, correct))
    return found
