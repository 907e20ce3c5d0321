"""The store's SQL: the class of statements, and the simpler queries.

Every function here and in the other modules of statements is pure: values in, a `Statement` out.
"""

from collections.abc import Iterable, Sequence
from inspect import cleandoc

from duckdb import DuckDBPyConnection

from calltally.store.duckdb.marginals import narrowest_marginal

Bound = int | str | bytes | list[int]

FRESH_CALLS, PACKED_CALLS = CALL_TABLES = ("call_fresh", "call_packed")
"""The tables of calls: fresh ones as batches brought them, fast to write; packed ones, sorted and compressed.
The view ``call`` unites both; adding, changing and deleting rows names the table."""

NO_ORGANIZATION = -1
"""The number of no organization: no stored row has it."""

WEIGHT = "CASE entry WHEN 1 THEN -1 ELSE 1 END"
"""The weight of a row of calls; see `calltally.call_batch.Entry`."""

COMMITTED = "position <= (SELECT MAX(value) FROM meta WHERE name = 'position')"
"""The rows of calls that a transaction may rely on: DuckDB moves the rows that a batch adds in bulk into a
table as they are, and every transaction sees them while the commit lasts, even one that began earlier
(workaround: bulk-rows)."""

UNSTORED = "unstored"
"""The table of unstored calls while a query counts them; see `UnstoredCalls`."""

TAKES_AN_IDENTITY = "entry IN (0, 3)"
"""The rows that accept their identities."""


class Statement:
    """SQL text and its bound values: ``$name`` in the text refers to one of ``parameters``."""

    def __init__(self, sql: str, **parameters: Bound) -> None:
        self.sql = cleandoc(sql)
        self.parameters = parameters

    def run(self, connection: DuckDBPyConnection) -> DuckDBPyConnection:
        """Run on a connection and return it, ready for fetching."""
        return connection.execute(self.sql, self.parameters)


def where(conditions: Iterable[str]) -> str:
    """The WHERE clause with all conditions, one per line; empty without conditions."""
    joined = "\n  AND  ".join(conditions)
    return f"WHERE  {joined}" if joined else ""


def columns(expressions: Sequence[str]) -> str:
    """The list of a SELECT: on one line if it is short, else one expression per line."""
    line = ", ".join(expressions)
    return line if len(line) <= 90 else ",\n       ".join(expressions)


def source_has_accounts(organization: int, source: int, *, with_unstored: bool = False) -> Statement:
    """One row if any call with an account was counted on a source."""
    unstored = f"""
            UNION ALL
            SELECT account, {WEIGHT}
            FROM   {UNSTORED}
            WHERE  organization = $organization
              AND  source = $source"""  # noqa: S608 - constants from here
    return Statement(
        f"""
        WITH counted AS (
            SELECT account, calls
            FROM   by_source_account_month
            WHERE  organization = $organization
              AND  source = $source
            UNION ALL
            SELECT account, calls
            FROM   by_source_account_unsettled
            WHERE  organization = $organization
              AND  source = $source{unstored if with_unstored else ""}
        )
        SELECT 1
        FROM   counted
        WHERE  account <> 0
        GROUP BY account
        HAVING SUM(counted.calls) > 0
        LIMIT 1
        """,  # noqa: S608 - constants from here
        organization=organization,
        source=source,
    )


def last_days(organization: int, column: str, kind: int) -> Statement:
    """The last day with a call, by the texts of one column."""
    marginal = narrowest_marginal({column})
    if marginal is None:
        raise ValueError(f"no marginal has {column}")
    return Statement(
        f"""
        WITH daily AS (
            SELECT {column} AS id, day
            FROM   {marginal.name}
            WHERE  organization = $organization
              AND  {column} <> 0
            GROUP BY {column}, day
            HAVING SUM(calls) > 0
        )
        SELECT dictionary.text, MAX(daily.day)
        FROM   daily
        JOIN   dictionary
               ON dictionary.kind = $kind AND dictionary.id = daily.id
        GROUP BY dictionary.text
        """,  # noqa: S608 - names from marginals.py
        organization=organization,
        kind=kind,
    )


def dictionary() -> Statement:
    return Statement(
        """
        SELECT kind, organization, id, text, derived
        FROM   dictionary
        ORDER BY kind, id
        """
    )


def meta() -> Statement:
    """Every name with its value; for the position, which has a row per batch, the greatest."""
    return Statement("SELECT name, MAX(value) FROM meta GROUP BY name")


def identity_key() -> Statement:
    return Statement("SELECT scheme, secret FROM identity_key")


def timelines() -> Statement:
    return Statement("SELECT id, after FROM life ORDER BY number")


def metadata_blocks() -> Statement:
    """The metadata blocks of the file with free space, which a checkpoint may overwrite."""
    return Statement("SELECT block_id FROM pragma_metadata_info('store') WHERE free_blocks > 0")


def extent() -> Statement:
    """The first and the last instant of calls and counts, and the last receipt; NULL if there are none."""
    return Statement(
        """
        SELECT LEAST(first_ms, first_day * 86400000),
               GREATEST(last_ms, last_day * 86400000 + 86399999),
               COALESCE(received_ms, 0)
        FROM   (SELECT MIN(time_ms) AS first_ms, MAX(time_ms) AS last_ms, MAX(received_ms) AS received_ms
                FROM   call),
               (SELECT MIN(CAST(day AS BIGINT)) AS first_day, MAX(CAST(day AS BIGINT)) AS last_day
                FROM   by_day)
        """
    )


def last_position(received_ms: int) -> Statement:
    """The greatest position received up to an instant."""
    return Statement(
        """
        SELECT COALESCE(MAX(position), 0)
        FROM   call
        WHERE  received_ms <= $received_ms
        """,
        received_ms=received_ms,
    )


def retained() -> Statement:
    """The days before which calls and counts were pruned; NULL if none were."""
    return Statement("SELECT calls_from, counts_from FROM retained")
