"""The SQL that takes a batch into the tables. ``batch`` is the registered Arrow table of its calls."""
# ruff: noqa: S608 - what is put into the text are names from marginals.py; values are bound

from calltally.store.duckdb.marginals import FRESH, Marginal
from calltally.store.duckdb.statements import Statement

CALL_COLUMNS = (
    "organization",
    "time_ms",
    "received_ms",
    "position",
    "origin",
    "client",
    '"user"',
    "source",
    "account",
    "method",
    "route",
    "path",
    "status",
    "duration_ms",
    "request_bytes",
    "response_bytes",
    "identity_high",
    "identity_low",
    "digest",
    "entry",
)
"""The columns of the table call, in order."""

_ABSENT_AS_NULL = ("duration_ms", "request_bytes", "response_bytes")


def append_calls() -> Statement:
    values = [f"NULLIF({name}, -1)" if name in _ABSENT_AS_NULL else name for name in CALL_COLUMNS]
    return Statement(f"INSERT INTO call\nSELECT {', '.join(values)}\nFROM   batch")


def count_in(marginal: Marginal) -> Statement:
    """One row per key of a marginal that the batch has calls of."""
    key = ", ".join(marginal.key)
    return Statement(
        f"""
        INSERT INTO {marginal.table(FRESH)}
        SELECT {key},
               COUNT(*),
               COUNT(*) FILTER (WHERE status BETWEEN 200 AND 299),
               COUNT(*) FILTER (WHERE status BETWEEN 300 AND 399),
               COUNT(*) FILTER (WHERE status BETWEEN 400 AND 499),
               COUNT(*) FILTER (WHERE status = 429),
               COUNT(*) FILTER (WHERE status BETWEEN 500 AND 599)
        FROM   batch
        GROUP BY {key}
        """
    )


def note_days() -> Statement:
    """How many calls of each day the batch adds unsorted."""
    return Statement(
        """
        INSERT INTO call_day
        SELECT day, 0, COUNT(*)
        FROM   batch
        GROUP BY day
        """
    )


def append_rows(table: str) -> Statement:
    """All of the registered Arrow table ``added``, whose columns are those of the table."""
    return Statement(f"INSERT INTO {table} FROM added")


def move_to(position: int) -> Statement:
    return Statement("UPDATE meta SET value = $position WHERE name = 'position'", position=position)


def found(identity_seed: int) -> Statement:
    """The first rows of a new store."""
    return Statement(
        "INSERT INTO meta VALUES ('identity_seed', $identity_seed), ('position', 0)",
        identity_seed=identity_seed,
    )
