"""The SQL that finds calls counted more than once."""
# ruff: noqa: S608 - formatted parts are constants from here; values are bound

from calltally.clock import DAY_MS
from calltally.store.duckdb.statements import COMMITTED, TAKES_AN_IDENTITY, WEIGHT, Statement

_OF_SPAN = f"time_ms >= $first_ms\n      AND  time_ms <  $end_ms\n      AND  {COMMITTED}"
_KEY = "organization, day, identity_high, identity_low"
_CALL_KEY = "call.organization, call.identity_high, call.identity_low"
_DOUBLED = f"""
WITH taken AS (
    SELECT organization, day_of(time_ms) AS day, identity_high, identity_low
    FROM   call
    WHERE  {_OF_SPAN}
      AND  {TAKES_AN_IDENTITY}
      AND  identity_high % $parts = $part
    GROUP BY ALL
    HAVING COUNT(*) > 1
),
row_of_day AS (
    SELECT call.*, taken.day,
           MAX(position) FILTER (WHERE entry = 1) OVER (PARTITION BY {_CALL_KEY}, time_ms) AS withdrawn
    FROM   call
    JOIN   taken ON call.identity_low = taken.identity_low
     AND  call.identity_high = taken.identity_high
     AND  call.organization = taken.organization
     AND  day_of(call.time_ms) = taken.day
    WHERE  {_OF_SPAN}
),
doubled AS (
    SELECT {_KEY}, MIN(position) AS first, MAX(position) AS last, SUM({WEIGHT}) AS counted,
           CAST(BOOL_OR(entry <> 1 AND position >= COALESCE(withdrawn, 0)) AS BIGINT) AS wanted
    FROM   row_of_day
    GROUP BY ALL
    HAVING counted > wanted
)"""

_COLUMNS = (
    "position",
    "received_ms",
    "identity_high",
    "identity_low",
    "digest",
    "time_ms",
    "COALESCE(duration_ms, -1) AS duration_ms",
    "COALESCE(request_bytes, -1) AS request_bytes",
    "COALESCE(response_bytes, -1) AS response_bytes",
    "organization",
    "origin",
    "client",
    '"user"',
    "source",
    "account",
    "method",
    "route",
    "path",
    "status",
    "entry",
)


def doubled_calls(first_day: int, end_day: int, part: int, parts: int, limit: int) -> Statement:
    """Organization, day, first and last position of doubled calls, their count and their correct count.

    Each of ``parts`` has about as many identities, since the halves of an identity are hashes.
    """
    return Statement(
        f"{_DOUBLED}\n"
        "SELECT organization, day, first, last, counted, wanted\n"
        "FROM   doubled\n"
        "ORDER BY ALL\n"
        "LIMIT $limit",
        **_span(first_day, end_day, part, parts),
        limit=limit,
    )


def rows_of_doubled_calls(first_day: int, end_day: int, part: int, parts: int, limit: int) -> Statement:
    """All rows of at most ``limit`` doubled calls."""
    return Statement(
        f"{_DOUBLED},\n"
        f"listed AS (\n    SELECT {_KEY}\n    FROM   doubled\n    ORDER BY day, {_KEY}\n    LIMIT $limit\n)\n"
        f"SELECT {', '.join(_COLUMNS)}\n"
        "FROM   row_of_day\n"
        f"JOIN   listed USING ({_KEY})\n"
        f"ORDER BY day, {_KEY}, position, entry",
        **_span(first_day, end_day, part, parts),
        limit=limit,
    )


def _span(first_day: int, end_day: int, part: int, parts: int) -> dict[str, int]:
    return {"first_ms": first_day * DAY_MS, "end_ms": end_day * DAY_MS, "part": part, "parts": parts}
