"""Recounts all stored data, one span of days at a time."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import duckdb

from calltally.dictionary import Dictionary, Kind
from calltally.errors import BusyError
from calltally.store.audit import AuditStep, Difference
from calltally.store.duckdb import audit_statements as statements
from calltally.store.duckdb.database import Database
from calltally.store.duckdb.day_spans import END_DAY, FIRST_DAY, parts_of_identities, spans_of_days
from calltally.store.duckdb.doubled_statements import doubled_calls
from calltally.store.duckdb.marginals import COUNTS, MARGINALS, MONTHLY, Marginal
from calltally.store.duckdb.statements import Statement
from calltally.store.duckdb.text_statements import COLUMN_OF_KIND, missing_texts
from calltally.store.duckdb.usage.resolved_query import COLUMNS, KINDS
from calltally.store.duckdb.usage.time_buckets import EPOCH, first_day_of, month_of
from calltally.store.retained import Retained

_DAYS_OF_TOTALS_AT_ONCE = 31
_TRIES, _PAUSE_SECONDS = 30, 1.0

_KINDS = {COLUMNS[dimension]: kind for dimension, kind in KINDS.items()}

Report = Callable[[tuple[Any, ...]], list[Difference]]
"""Converts a row of a comparison into differences."""


@dataclass(frozen=True, slots=True)
class _Check:
    what: str
    statement: Statement
    report: Report


class Auditor:
    """The steps of an audit, each one statement that sees one instant.

    Spans are planned at the start and cover whatever is applied later; a statement compares it with the
    counts of the same instant.
    """

    def __init__(self, database: Database, dictionary: Dictionary, retained: Retained) -> None:
        self._database = database
        self._dictionary = dictionary
        self._calls_from = (retained.calls_from - EPOCH).days
        self._counts_from = (retained.counts_from - EPOCH).days

    def steps(self) -> Iterator[AuditStep]:
        """Plan all checks and run them in order; a check that fails to read is reported as a difference."""
        checks = [
            *self._of_calls(),
            *self._of_pruned_days(),
            *self._of_months(),
            *self._of_outcomes(),
            *self._of_texts(),
            *self._of_tables(),
        ]
        for done, check in enumerate(checks, start=1):
            yield AuditStep(check.what, done, len(checks), self._differences(check))

    def _differences(self, check: _Check) -> tuple[Difference, ...]:
        try:
            rows = self._rows(check.statement)
        except duckdb.Error as error:
            return (Difference(f"{check.what}: cannot be read", "", None, str(error), 0, 0),)
        differences = [difference for row in rows for difference in check.report(row)]
        return tuple(differences[: statements.MAX_DIFFERENCES])

    def _rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """The rows of a statement; retried while other work leaves too little memory."""
        for _ in range(_TRIES):
            with suppress(BusyError):
                return self._read(statement)
            time.sleep(_PAUSE_SECONDS)
        return self._read(statement)

    def _read(self, statement: Statement) -> list[tuple[Any, ...]]:
        with self._database.snapshot() as connection:
            return statement.run(connection).fetchall()

    def _of_calls(self) -> Iterator[_Check]:
        sizes = statements.rows_of_days().run(self._database.reader()).fetchall()
        for first, end, size in spans_of_days(sizes, self._calls_from):
            named = _named_span(first, end)
            for marginal in MARGINALS:
                yield _Check(
                    f"counts {_named(marginal)} against calls{named}",
                    statements.marginal_against_calls(marginal, first, end),
                    self._of_marginal(marginal),
                )
            what = f"sizes of days{named}"
            yield _Check(what, statements.days_against_calls(first, end), _of_day)
            what = f"identities{named}"
            parts = parts_of_identities(size)
            for part in range(parts):
                yield _Check(
                    what,
                    doubled_calls(first, end, part, parts, statements.MAX_DIFFERENCES),
                    self._of_positions("a call counted more often than once"),
                )
            yield _Check(
                what,
                statements.withdrawn_too_often(first, end),
                self._of_positions("a call withdrawn too often"),
            )
            what = f"every column of calls{named}"
            yield _Check(what, statements.read_calls(first, end), _nothing)

    def _of_pruned_days(self) -> Iterator[_Check]:
        first_day = max(self._counts_from, self._first_counted_day())
        for first in range(first_day, self._calls_from, _DAYS_OF_TOTALS_AT_ONCE):
            end = min(first + _DAYS_OF_TOTALS_AT_ONCE, self._calls_from)
            for marginal in MARGINALS:
                yield _Check(
                    f"counts {_named(marginal)} against frozen totals{_named_span(first, end)}",
                    statements.marginal_against_totals(marginal, first, end),
                    self._of_marginal(marginal, columns=()),
                )

    def _of_months(self) -> Iterator[_Check]:
        """One check per month and marginal, which includes stray rows up to the next month; the first and the
        last month include everything before and after."""
        settled = statements.settled_months().run(self._database.reader()).fetchall()
        inner = [month for (month,) in settled[1:]]
        edges = [month_of(FIRST_DAY), *inner, month_of(END_DAY - 1) + 1]
        for start, stop in pairwise(edges):
            named = _named_span(first_day_of(start), first_day_of(stop))
            for marginal in MONTHLY:
                yield _Check(
                    f"counts {_named(marginal, 'month')} against days{named}",
                    statements.months_against_days(marginal, range(start, stop)),
                    self._of_month(marginal),
                )

    def _of_outcomes(self) -> Iterator[_Check]:
        what = "received calls against their verdicts"
        yield _Check(what, statements.verdicts_against_received(), self._of_receipt(what))
        accepted = statements.accepted_of_days().run(self._database.reader()).fetchall()
        for first, end, _ in spans_of_days(accepted, FIRST_DAY):
            what = "accepted calls against the calls received"
            named = f"{what}{_named_span(first, end)}"
            yield _Check(named, statements.accepted_against_calls(first, end), self._of_receipt(what))
        what = "rejected calls against their reasons"
        yield _Check(what, statements.rejected_against_reasons(), self._of_receipt(what))
        what = "conflicts against those kept"
        yield _Check(what, statements.conflicts_against_kept(self._calls_from), self._of_receipt(what))
        what = "corrections against their rows"
        yield _Check(what, statements.corrections_against_rows(), _of_correction)

    def _of_texts(self) -> Iterator[_Check]:
        for kind, column in COLUMN_OF_KIND.items():
            what = f"texts of {column.strip(chr(34))}"
            yield _Check(what, missing_texts(kind, statements.MAX_DIFFERENCES), self._of_text(what))

    def _of_tables(self) -> Iterator[_Check]:
        for table in statements.TABLES:
            yield _Check(f"every column of {table}", statements.read_table(table), _nothing)

    def _first_counted_day(self) -> int:
        day: int | None = statements.first_day_of_counts().run(self._database.reader()).fetchall()[0][0]
        return self._calls_from if day is None else day

    def _of_marginal(self, marginal: Marginal, columns: tuple[str, ...] | None = None) -> Report:
        names = marginal.columns if columns is None else columns
        return self._of_key(_named(marginal), names, COUNTS, _date)

    def _of_month(self, marginal: Marginal) -> Report:
        counts = (*COUNTS, "days with calls (as bits)")
        return self._of_key(_named(marginal, "month"), marginal.columns, counts, _first_of_month)

    def _of_key(
        self, named: str, names: Sequence[str], counts: Sequence[str], when: Callable[[int], date]
    ) -> Report:
        def report(row: tuple[Any, ...]) -> list[Difference]:
            organization, time, *numbers = row
            ids, found = numbers[: len(names)], numbers[len(names) :]
            texts = (
                f"{name.strip(chr(34))}={self._text(name, id_)}" for name, id_ in zip(names, ids, strict=True)
            )
            key = ", ".join(texts)
            pairs = zip(counts, found[: len(counts)], found[len(counts) :], strict=True)
            return [
                Difference(
                    f"{count} {named}", self._organization(organization), when(time), key, stored, recounted
                )
                for count, stored, recounted in pairs
                if stored != recounted
            ]

        return report

    def _of_positions(self, what: str) -> Report:
        def report(row: tuple[Any, ...]) -> list[Difference]:
            organization, day, first, last, stored, right = row
            key = f"positions {first} to {last}"
            return [Difference(what, self._organization(organization), _date(day), key, int(stored), right)]

        return report

    def _of_text(self, what: str) -> Report:
        def report(row: tuple[Any, ...]) -> list[Difference]:
            organization, number = row
            return [Difference(what, self._organization(organization), None, f"id {number}", 0, 1)]

        return report

    def _of_receipt(self, what: str) -> Report:
        def report(row: tuple[Any, ...]) -> list[Difference]:
            organization, day, stored, recounted = row
            return [Difference(what, self._organization(organization), _date(day), "", stored, recounted)]

        return report

    def _organization(self, number: int) -> str:
        return self._text_or_number(Kind.ORGANIZATION, number)

    def _text(self, column: str, number: int) -> str:
        return self._text_or_number(_KINDS[column], number)

    def _text_or_number(self, kind: Kind, number: int) -> str:
        """A text, or its number if the dictionary lacks it."""
        try:
            return self._dictionary.text(kind, number)
        except IndexError:
            return str(number)


def _of_day(row: tuple[Any, ...]) -> list[Difference]:
    day, *numbers = row
    pairs = zip(("packed", "fresh"), numbers[:2], numbers[2:], strict=True)
    return [
        Difference("sizes of days", "", _date(day), name, stored, recounted)
        for name, stored, recounted in pairs
        if stored != recounted
    ]


def _of_correction(row: tuple[Any, ...]) -> list[Difference]:
    position, *numbers = row
    pairs = zip(("withdrawn", "restated", "added"), numbers[:3], numbers[3:], strict=True)
    return [
        Difference(f"rows {name} by a correction", "", None, f"position {position}", stored, recounted)
        for name, stored, recounted in pairs
        if stored != recounted
    ]


def _nothing(_: tuple[Any, ...]) -> list[Difference]:
    """Reports no differences: the check only reads."""
    return []


def _named(marginal: Marginal, time: str = "day") -> str:
    columns = [column.strip('"') for column in marginal.columns]
    return f"by {', '.join([time, *columns])}"


def _named_span(first: int, end: int) -> str:
    since = f" since {_date(first)}" if first > FIRST_DAY else ""
    return f"{since} before {_date(end)}" if end < END_DAY else since


def _date(number: int) -> date:
    return date.fromordinal(EPOCH.toordinal() + number)


def _first_of_month(number: int) -> date:
    return _date(first_day_of(number))
