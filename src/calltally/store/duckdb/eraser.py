"""Erases a user or an account from everything that is stored."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection

from calltally.call_batch import Erasure
from calltally.dictionary import Dictionary, Kind
from calltally.store.duckdb import erase_statements as statements
from calltally.store.duckdb.statements import CALL_TABLES, Statement
from calltally.store.redaction import Redaction

_ROWS_AT_ONCE = 10_000


class Eraser:
    """One erasure, performed in the transaction of its batch.

    `redact` changes what is stored; `rename` updates the dictionary in memory after the commit.
    """

    def __init__(self, connection: DuckDBPyConnection, erasure: Erasure) -> None:
        self._connection = connection
        self._erasure = erasure
        self._redaction = Redaction(erasure)
        self._routes: dict[str, str] = {}

    def redact(self) -> None:
        erasure, redaction = self._erasure, self._redaction
        self._rename(erasure.kind, erasure.text, erasure.replacement)
        routes = statements.texts(Kind.ROUTE, erasure.organization).run(self._connection).fetchall()
        self._routes = redaction.routes(route for (route,) in routes)
        for old, new in self._routes.items():
            self._rename(Kind.ROUTE, old, new)
        self._redact_paths()
        self._redact_rows("conflict", ("content",), lambda content: (redaction.content(content),))
        self._redact_rows(
            "rejected_sample",
            ("content", "reason"),
            lambda content, reason: (redaction.content(content), redaction.prose(reason)),
        )
        self._redact_rows(
            "correction", ("subject",), lambda subject: (redaction.content(subject.encode()).decode(),)
        )

    def rename(self, dictionary: Dictionary) -> None:
        erasure = self._erasure
        dictionary.rename(erasure.kind, erasure.organization, erasure.text, erasure.replacement)
        for old, new in self._routes.items():
            dictionary.rename(Kind.ROUTE, erasure.organization, old, new)

    def _rename(self, kind: Kind, text: str, replacement: str) -> None:
        statements.rename(kind, self._erasure.organization, text, replacement).run(self._connection)

    def _redact_paths(self) -> None:
        organization = self._erasure.organization
        found = statements.paths_with(organization, self._erasure.text).run(self._connection).fetchall()
        changes = [(path, self._redaction.path(path), first, last) for path, first, last in found]
        changes = [change for change in changes if change[0] != change[1]]
        if changes:
            paths, redacted, firsts, lasts = zip(*changes, strict=True)
            changed = pa.table({"path": list(paths), "redacted": list(redacted)})
            span = min(firsts), max(lasts)
            for table in CALL_TABLES:
                self._change(changed, statements.change_paths(table, organization, *span))

    def _redact_rows(
        self, table: str, columns: tuple[str, ...], redacted: Callable[..., tuple[Any, ...]]
    ) -> None:
        rows = statements.rows_of(table, columns, self._erasure.organization).run(self._connection)
        changes: list[tuple[Any, ...]] = []
        while some := rows.fetchmany(_ROWS_AT_ONCE):
            changed = ((number, before, redacted(*before)) for number, *before in some)
            changes += [(number, *after) for number, before, after in changed if after != tuple(before)]
        if changes:
            arrays = [list(column) for column in zip(*changes, strict=True)]
            self._change(pa.table(arrays, names=["number", *columns]), statements.change_rows(table, columns))

    def _change(self, changed: pa.Table, statement: Statement) -> None:
        self._connection.register("changed", changed)
        try:
            statement.run(self._connection)
        finally:
            self._connection.unregister("changed")
