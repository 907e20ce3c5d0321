"""The store's SQL: what a statement is, and the questions that need little of it.

Every function here and in the other modules of statements is pure: values in, a `Statement` out.
"""

from collections.abc import Iterable, Sequence
from inspect import cleandoc

from duckdb import DuckDBPyConnection

from calltally.store.duckdb.marginals import narrowest_marginal

Bound = int | str | list[int]


class Statement:
    """SQL text and what is bound to it: ``$name`` in the text stands for one of ``parameters``."""

    def __init__(self, sql: str, **parameters: Bound) -> None:
        self.sql = cleandoc(sql)
        self.parameters = parameters

    def run(self, connection: DuckDBPyConnection) -> DuckDBPyConnection:
        """Runs on a connection and returns it, ready to be fetched from."""
        return connection.execute(self.sql, self.parameters)


def where(conditions: Iterable[str]) -> str:
    """The clause that demands all conditions, one per line; nothing for no condition."""
    joined = "\n  AND  ".join(conditions)
    return f"WHERE  {joined}" if joined else ""


def columns(expressions: Sequence[str]) -> str:
    """The list of a SELECT: on one line when it is short, else one expression per line."""
    line = ", ".join(expressions)
    return line if len(line) <= 90 else ",\n       ".join(expressions)


def source_activity(organization: int, source: int, first_day: int, end_day: int) -> Statement:
    """Per month: the days of all accounts with a call on a source, and how many accounts had one."""
    return Statement(
        """
        WITH daily AS (
            SELECT month_of(day) AS month, account
            FROM   by_source_account
            WHERE  organization = $organization
              AND  source = $source
              AND  account <> 0
              AND  day >= $first_day
              AND  day <  $end_day
            GROUP BY month, account, day
            HAVING SUM(calls) > 0
        )
        SELECT month, COUNT(*) AS account_days, COUNT(DISTINCT account) AS accounts
        FROM   daily
        GROUP BY month
        ORDER BY month
        """,
        organization=organization,
        source=source,
        first_day=first_day,
        end_day=end_day,
    )


def source_has_accounts(organization: int, source: int) -> Statement:
    """One row when any call with an account was counted on a source."""
    return Statement(
        """
        SELECT 1
        FROM   by_source_account
        WHERE  organization = $organization
          AND  source = $source
          AND  account <> 0
        GROUP BY account
        HAVING SUM(calls) > 0
        LIMIT 1
        """,
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


def outcomes(organization: int) -> Statement:
    return Statement(
        """
        SELECT receipt_day, SUM(received), SUM(accepted), SUM(duplicate), SUM(conflict), SUM(rejected)
        FROM   outcome
        WHERE  organization = $organization
        GROUP BY receipt_day
        ORDER BY receipt_day
        """,
        organization=organization,
    )


def conflicts(organization: int) -> Statement:
    """The kept conflicts of an organization in the order they came."""
    return Statement(
        """
        SELECT organization, received_ms, identity_high, identity_low, content
        FROM   conflict
        WHERE  organization = $organization
        ORDER BY position, received_ms, identity_high, identity_low
        """,
        organization=organization,
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
    return Statement("SELECT name, value FROM meta")


def extent() -> Statement:
    """The first and the last instant of calls, and the last receipt; NULL without calls."""
    return Statement("SELECT MIN(time_ms), MAX(time_ms), MAX(received_ms) FROM call")
