"""Exports calls and counts to files."""

from collections.abc import Callable
from pathlib import Path

from duckdb import DuckDBPyConnection

from calltally.clock import DAY_MS
from calltally.durable_files import sync
from calltally.store.duckdb import export_statements as statements
from calltally.store.duckdb.statements import Statement
from calltally.store.duckdb.usage.resolved_query import ResolvedQuery
from calltally.store.export import Form, What
from calltally.usage_query import Dimension

_COUNTED_BY = {
    "counts": (Dimension.CLIENT_ID, Dimension.USER_ID, Dimension.ROUTE, Dimension.METHOD),
    "sources": (Dimension.SOURCE_ID, Dimension.ACCOUNT_ID),
}


class Exporter:
    """Exports in one form to one path; the file gets its name once it is complete and on disk."""

    def __init__(self, connection: DuckDBPyConnection, form: Form, path: Path) -> None:
        self._connection = connection
        self._form = form
        self._path = path
        self._part = path.with_name(f"{path.name}.part")

    def write(
        self, question: ResolvedQuery, what: What, *, every_entry: bool, check: Callable[[], None]
    ) -> int:
        """Write what a query selects; returns the number of rows. ``check`` may refuse the written file."""
        part = str(self._part)
        if what == "calls":
            statement = statements.export_calls(question, self._form, part, every_entry=every_entry)
        else:
            days = question.start_ms // DAY_MS, question.end_ms // DAY_MS
            statement = statements.export_counts(
                question.organization, *days, _COUNTED_BY[what], self._form, part
            )
        return self._run(statement, check)

    def _run(self, statement: Statement, check: Callable[[], None]) -> int:
        try:
            rows = int(statement.run(self._connection).fetchall()[0][0])
            sync(self._part)
            check()
            self._part.replace(self._path)
        finally:
            self._part.unlink(missing_ok=True)
        return rows
