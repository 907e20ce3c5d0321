"""The SQL that finds and removes unused texts of the dictionary."""

from textwrap import indent

from calltally.dictionary import Kind
from calltally.store.duckdb.marginals import MARGINALS
from calltally.store.duckdb.statements import COMMITTED, Statement
from calltally.store.duckdb.usage.resolved_query import COLUMNS, KINDS

COLUMN_OF_KIND = {Kind.ORIGIN: "origin"} | {kind: COLUMNS[dimension] for dimension, kind in KINDS.items()}
"""The column with the ids of a kind; organizations are in every table."""


def unused_texts(kind: Kind) -> Statement:
    """The ids of a kind that no call and no count uses."""
    return Statement(
        f"WITH used AS (\n{indent(_used(kind), '    ')}\n)\n"
        "SELECT kind, derived, organization, id\n"
        "FROM   dictionary\n"
        "ANTI JOIN used USING (id)\n"
        "WHERE  kind = $kind",
        kind=kind,
    )


def missing_texts(kind: Kind, limit: int) -> Statement:
    """The organizations and ids of a kind that calls or counts use and the dictionary lacks."""
    used = _used(kind, "organization, ", COMMITTED)
    known = "SELECT organization, id\nFROM   dictionary\nWHERE  kind = $kind"
    return Statement(
        f"WITH used AS (\n{indent(used, '    ')}\n),\n"
        f"known AS (\n{indent(known, '    ')}\n)\n"
        "SELECT organization, id\n"
        "FROM   used\n"
        "ANTI JOIN known USING (organization, id)\n"
        "WHERE  id <> 0\n"
        "ORDER BY ALL\n"
        f"LIMIT {limit}",
        kind=kind,
    )


def note_removal() -> Statement:
    """Record what the registered table ``removed`` deletes from the dictionary; runs before `remove`."""
    return Statement(
        """
        INSERT INTO removed_text
        SELECT kind, MAX(dictionary.id), COUNT(removed.id)
        FROM   dictionary
        LEFT JOIN removed USING (kind, id)
        GROUP BY kind
        HAVING COUNT(removed.id) > 0
        """
    )


def remove() -> Statement:
    """Delete the texts with the kinds and ids of the registered table ``removed``."""
    return Statement(
        """
        DELETE FROM dictionary
        USING removed
        WHERE  dictionary.kind = removed.kind
          AND  dictionary.id = removed.id
        """
    )


def removed_texts() -> Statement:
    """By kind: the last id at a removal, and how many texts were removed."""
    return Statement(
        "SELECT kind, MAX(last_id), CAST(SUM(texts) AS BIGINT)\nFROM   removed_text\nGROUP BY kind"
    )


def _used(kind: Kind, before: str = "", of_calls: str = "") -> str:
    """The distinct ids of a kind in calls and in counts of days and months."""
    column = COLUMN_OF_KIND[kind]
    counted = [marginal for marginal in MARGINALS if column in marginal.columns]
    tables = [table for marginal in counted for table in (marginal.name, marginal.months)]
    calls = f"SELECT {before}{column} AS id\nFROM   call" + (f"\nWHERE  {of_calls}" if of_calls else "")
    return "\nUNION\n".join([calls, *(f"SELECT {before}{column}\nFROM   {table}" for table in tables)])
