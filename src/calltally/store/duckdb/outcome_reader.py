"""Reads outcomes and what is kept for inspection."""

from duckdb import DuckDBPyConnection

from calltally.call_batch import Conflict, Correction, Erasure, RejectedSample
from calltally.dictionary import Kind
from calltally.store.duckdb import outcome_statements as statements
from calltally.store.duckdb.statements import Statement
from calltally.store.kept import KeptPage


class OutcomeReader:
    """The outcomes of one organization, read through one connection; see `UsageStore`."""

    def __init__(self, connection: DuckDBPyConnection, organization: int) -> None:
        self._connection = connection
        self._organization = organization

    def outcomes(self) -> dict[int, tuple[int, int, int, int, int]]:
        rows = statements.outcomes(self._organization).run(self._connection).fetchall()
        return {day: tuple(verdicts) for day, *verdicts in rows}

    def conflicts(self, page: KeptPage) -> tuple[tuple[int, Conflict], ...]:
        rows = statements.conflicts(self._organization, page).run(self._connection).fetchall()
        return tuple((number, Conflict(*row)) for number, *row in rows)

    def conflict_counts(self, first_day: int, end_day: int) -> tuple[int, int]:
        counts = statements.conflict_counts(self._organization, first_day, end_day)
        ((received, kept),) = counts.run(self._connection).fetchall()
        return received, kept

    def rejections(self) -> dict[int, dict[str, int]]:
        return self._by_day(statements.rejections(self._organization))

    def samples(self, page: KeptPage) -> tuple[tuple[int, RejectedSample], ...]:
        rows = statements.samples(self._organization, page).run(self._connection).fetchall()
        return tuple((number, RejectedSample(*row)) for number, *row in rows)

    def refusals(self) -> dict[int, dict[str, int]]:
        return self._by_day(statements.refusals(self._organization))

    def corrections(self, page: KeptPage) -> tuple[tuple[int, Correction], ...]:
        rows = statements.corrections(self._organization, page).run(self._connection).fetchall()
        return tuple((position, Correction(*row)) for position, *row in rows)

    def erasures(self) -> tuple[Erasure, ...]:
        rows = statements.erasures(self._organization).run(self._connection).fetchall()
        return tuple(Erasure(Kind(kind), *row) for kind, *row in rows)

    def _by_day(self, statement: Statement) -> dict[int, dict[str, int]]:
        days: dict[int, dict[str, int]] = {}
        for day, name, count in statement.run(self._connection).fetchall():
            days.setdefault(day, {})[name] = count
        return days
