"""The SQL that selects the current versions of calls."""
# ruff: noqa: S608 - formatted parts are constants from here; values are bound

from calltally.store.duckdb.statements import Statement, where
from calltally.store.duckdb.usage.resolved_query import ResolvedQuery
from calltally.store.duckdb.usage.row_source import CLASS_OF_CALL, membership
from calltally.usage_query import Dimension

_COLUMNS = (
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


def current_calls(organization: int) -> Statement:
    """The last valid row of each identity in the registered table ``asked``, or the last one withdrawn.

    A withdrawal cancels the rows of the same identity and time at earlier positions.
    """
    return Statement(
        f"""
        WITH stored AS (
            SELECT asked.index, call.*,
                   MAX(position) FILTER (WHERE entry = 1)
                       OVER (PARTITION BY asked.index, time_ms) AS withdrawn
            FROM   call
            JOIN   asked ON call.identity_low = asked.identity_low
             AND  call.identity_high = asked.identity_high
            WHERE  organization = $organization
        ),
        judged AS (
            SELECT *, entry <> 1 AND position >= COALESCE(withdrawn, 0) AS active
            FROM   stored
        )
        SELECT {", ".join(_COLUMNS)}, active
        FROM   judged
        QUALIFY ROW_NUMBER() OVER (PARTITION BY index ORDER BY active DESC, position DESC, entry DESC) = 1
        ORDER BY index
        """,
        organization=organization,
    )


def calls_within(question: ResolvedQuery, limit: int) -> Statement:
    """The valid rows that match a query, in the order of time."""
    rows = active_rows(question)
    return Statement(
        f"""{rows.sql}
SELECT {", ".join(_COLUMNS)}, TRUE AS active
FROM   active
ORDER BY time_ms, position, identity_high, identity_low
LIMIT $limit""",
        **rows.parameters,
        limit=limit,
    )


def active_rows(question: ResolvedQuery) -> Statement:
    """The table ``active`` of a WITH clause: the matching rows that no other row withdraws.

    A withdrawn row and the row that withdraws it are equal except for position and entry, so a query matches
    both or neither.
    """
    conditions = [
        Statement("organization = $organization", organization=question.organization),
        Statement("time_ms >= $start_ms", start_ms=question.start_ms),
        Statement("time_ms <  $end_ms", end_ms=question.end_ms),
        *(
            membership(dimension, numbers, CLASS_OF_CALL if dimension is Dimension.STATUS_CLASS else "")
            for dimension, numbers in question.where.items()
        ),
    ]
    bound = {name: value for one in conditions for name, value in one.parameters.items()}
    asked = [one.sql for one in conditions]
    return Statement(
        f"""WITH withdrawn AS (
    SELECT identity_high, identity_low, time_ms, MAX(position) AS withdrawn_at
    FROM   call
    {where([*asked, "entry = 1"])}
    GROUP BY ALL
),
asked AS (
    FROM   call
    {where([*asked, "entry <> 1"])}
),
active AS (
    SELECT asked.*
    FROM   asked
    LEFT JOIN withdrawn USING (identity_high, identity_low, time_ms)
    WHERE  position >= COALESCE(withdrawn_at, 0)
)""",
        **bound,
    )
