"""The SQL that takes a batch into the tables. ``batch`` is the registered Arrow table of its calls."""

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
    """One row per key of a gathering marginal that the batch has calls of.

    ``corrected`` says that rows may be withdrawn ones.

    Counting rows is quicker than adding up weights, and nearly every batch has nothing but received calls.
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


def take_back_a_row(marginal: Marginal) -> list[Statement]:
    """Adds a row of nobody's to the fresh counts and removes it again, in the transaction that adds others.

    DuckDB moves rows that a transaction brings in bulk into the table as they are, and every other
    transaction sees them for as long as the commit lasts, also one that began before: so a merge could sum
    rows that it does not remove, or remove some that it did not sum. From a transaction that has removed one
    of its own, DuckDB takes row by row, unseen until the commit is through (workaround: bulk-rows).
    """
    table = marginal.table(FRESH)
    zeros = ", ".join("0" for _ in (*marginal.key[1:], *COUNTS))
    return [
        Statement(f"INSERT INTO {table} VALUES ($nobody, {zeros})", nobody=NO_ORGANIZATION),  # noqa: S608 - of our own names
        Statement(f"DELETE FROM {table}\nWHERE  organization = $nobody", nobody=NO_ORGANIZATION),  # noqa: S608 - likewise
    ]


def note_days() -> Statement:
    """How many rows of each day the batch adds."""
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
    """Notes the position as one more row, of which the greatest counts.

    An update would exclude checkpoints until every question asked before has its answer; rows that are only
    added do not (workaround: blocked-checkpoints).
    """
    return Statement("INSERT INTO meta VALUES ('position', $position)", position=position)


def found(scheme: str, secret: bytes) -> list[Statement]:
    """The first rows of a new store."""
    return [
        Statement("INSERT INTO identity_key VALUES ($scheme, $secret)", scheme=scheme, secret=secret),
        Statement("INSERT INTO meta VALUES ('position', 0)"),
    ]


def begin_life(timeline: int, position: int) -> Statement:
    return Statement(
        """
        INSERT INTO life
        SELECT COALESCE(MAX(number), 0) + 1, $timeline, $position
        FROM   life
        """,
        timeline=timeline,
        position=position,
    )
