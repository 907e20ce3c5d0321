"""What is noted beside the calls, read back."""

from duckdb import DuckDBPyConnection

from calltally.call_batch import Conflict, Correction, Erasure, RejectedSample
from calltally.dictionary import Kind
from calltally.store.duckdb import book_statements as statements
from calltally.store.duckdb.statements import Statement
from calltally.store.usage_store import SAMPLES_KEPT


class Books:
    """The books of one organization, read through one connection; see `UsageStore`."""

    def __init__(self, connection: DuckDBPyConnection, organization: int) -> None:
        self._connection = connection
        self._organization = organization

    def outcomes(self) -> dict[int, tuple[int, int, int, int, int]]:
        rows = statements.outcomes(self._organization).run(self._connection).fetchall()
        return {day: tuple(verdicts) for day, *verdicts in rows}

    def conflicts(self) -> tuple[Conflict, ...]:
        rows = statements.conflicts(self._organization).run(self._connection).fetchall()
        return tuple(Conflict(*row) for row in rows)

    def rejections(self) -> dict[int, dict[str, int]]:
        return self._by_day(statements.rejections(self._organization))

    def samples(self) -> tuple[RejectedSample, ...]:
        rows = statements.samples(self._organization, SAMPLES_KEPT).run(self._connection).fetchall()
        return tuple(RejectedSample(*row) for row in rows)

    def refusals(self) -> dict[int, dict[str, int]]:
        return self._by_day(statements.refusals(self._organization))

    def corrections(self) -> tuple[tuple[int, Correction], ...]:
        rows = statements.corrections(self._organization).run(self._connection).fetchall()
        return tuple((position, Correction(*row)) for position, *row in rows)

    def erasures(self) -> tuple[Erasure, ...]:
        rows = statements.erasures(self._organization).run(self._connection).fetchall()
        return tuple(Erasure(Kind(kind), *row) for kind, *row in rows)

    def _by_day(self, statement: Statement) -> dict[int, dict[str, int]]:
        days: dict[int, dict[str, int]] = {}
        for day, name, count in statement.run(self._connection).fetchall():
            days.setdefault(day, {})[name] = count
        return days
