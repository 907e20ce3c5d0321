"""The SQL that stores a batch. ``batch`` is the registered Arrow table of its calls."""

from calltally.store.duckdb.marginals import CONDITIONS, COUNTS, FRESH, Marginal
from calltally.store.duckdb.statements import FRESH_CALLS, NO_ORGANIZATION, WEIGHT, Statement

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
"""The columns of the tables of calls, in order."""

_ABSENT_AS_NULL = ("duration_ms", "request_bytes", "response_bytes")


def append_calls() -> Statement:
    values = [f"NULLIF({name}, -1)" if name in _ABSENT_AS_NULL else name for name in CALL_COLUMNS]
    return Statement(f"INSERT INTO {FRESH_CALLS}\nSELECT {', '.join(values)}\nFROM   batch")


def count_in(marginal: Marginal, *, corrected: bool = False) -> Statement:
    """Insert one row per key of the batch into a gathering marginal.

    ``corrected`` means that rows may be withdrawals. Without them rows are counted, which is faster than
    summing weights; nearly every batch has received calls only.
    """
    key = ", ".join(marginal.key)
    counts = ",\n       ".join(_count(count, corrected) for count in COUNTS)
    return Statement(
        f"INSERT INTO {marginal.table(FRESH)}\nSELECT {key},\n       {counts}\nFROM   batch\nGROUP BY {key}"
    )


def _count(count: str, corrected: bool) -> str:
    condition = CONDITIONS[count]
    if corrected:
        return f"SUM(CASE WHEN {condition} THEN {WEIGHT} ELSE 0 END)" if condition else f"SUM({WEIGHT})"
    return f"COUNT(*) FILTER (WHERE {condition})" if condition else "COUNT(*)"


def remove_own_row(marginal: Marginal) -> list[Statement]:
    """Add a row of no organization to the fresh counts and remove it, in the transaction that adds others.

    DuckDB moves rows that a transaction adds in bulk into the table as they are, and every other transaction
    sees them while the commit lasts, even one that began earlier: a merge could sum rows that it does not
    remove, or remove rows that it did not sum. If a transaction has removed a row of its own, DuckDB adds its
    rows one by one, and they stay invisible until the commit ends (workaround: bulk-rows).
    """
    table = marginal.table(FRESH)
    zeros = ", ".join("0" for _ in (*marginal.key[1:], *COUNTS))
    return [
        Statement(f"INSERT INTO {table} VALUES ($nobody, {zeros})", nobody=NO_ORGANIZATION),  # noqa: S608 - of our own names
        Statement(f"DELETE FROM {table}\nWHERE  organization = $nobody", nobody=NO_ORGANIZATION),  # noqa: S608 - likewise
    ]


def note_days() -> Statement:
    """Record how many rows of each day the batch adds."""
    return Statement(
        """
        INSERT INTO call_day
        SELECT day, 0, COUNT(*)
        FROM   batch
        GROUP BY day
        """
    )


def append_rows(table: str) -> Statement:
    """Insert all rows of the registered Arrow table ``added``, which has the table's columns."""
    return Statement(f"INSERT INTO {table} FROM added")


def move_to(position: int) -> Statement:
    """Record the position as a further row; the greatest one counts.

    An update would block checkpoints until every earlier query has finished; added rows do not
    (workaround: blocked-checkpoints).
    """
    return Statement("INSERT INTO meta VALUES ('position', $position)", position=position)


def found(scheme: str, secret: bytes) -> list[Statement]:
    """The first rows of a new store."""
    return [
        Statement("INSERT INTO identity_key VALUES ($scheme, $secret)", scheme=scheme, secret=secret),
        Statement("INSERT INTO meta VALUES ('position', 0)"),
    ]


def begin_timeline(timeline: int, position: int) -> Statement:
    return Statement(
        """
        INSERT INTO life
        SELECT COALESCE(MAX(number), 0) + 1, $timeline, $position
        FROM   life
        """,
        timeline=timeline,
        position=position,
    )
