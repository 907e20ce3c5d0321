"""The SQL that reads outcomes and what is kept for inspection."""

from calltally.store.duckdb.statements import Statement
from calltally.store.kept import KeptPage


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


def conflicts(organization: int, page: KeptPage) -> Statement:
    """A page of an organization's kept conflicts with their numbers, newest first."""
    return _page(
        "conflict", "organization, received_ms, identity_high, identity_low, content", organization, page
    )


def rejections(organization: int) -> Statement:
    return Statement(
        """
        SELECT receipt_day, code, SUM(calls)
        FROM   rejection
        WHERE  organization = $organization
        GROUP BY receipt_day, code
        ORDER BY receipt_day, code
        """,
        organization=organization,
    )


def samples(organization: int, page: KeptPage) -> Statement:
    """A page of the kept rejected calls with their numbers, newest first."""
    return _page(
        "rejected_sample", "organization, received_ms, code, field, reason, content", organization, page
    )


def kept_counts(table: str) -> Statement:
    """The number of kept entries per organization, day of receipt and code, and the last entry's number."""
    code = "code" if table == "rejected_sample" else "''"
    return Statement(
        f"""
        SELECT organization, day_of(received_ms) AS day, {code} AS code, COUNT(*), MAX(number)
        FROM   {table}
        GROUP BY ALL
        """  # noqa: S608 - one of two names
    )


def drop_kept_before(table: str, organization: int, before_ms: int) -> Statement:
    """Delete what is kept of an organization's receipts before an instant."""
    return Statement(
        f"""
        DELETE FROM {table}
        WHERE  organization = $organization
          AND  received_ms < $before_ms
        """,  # noqa: S608 - one of two names
        organization=organization,
        before_ms=before_ms,
    )


def conflict_counts(organization: int, first_day: int, end_day: int) -> Statement:
    """How many conflicts were received on some days, and how many of them are kept."""
    return Statement(
        """
        SELECT (SELECT CAST(COALESCE(SUM(conflict), 0) AS BIGINT)
                FROM   outcome
                WHERE  organization = $organization
                  AND  receipt_day >= $first_day
                  AND  receipt_day <  $end_day),
               (SELECT COUNT(*)
                FROM   conflict
                WHERE  organization = $organization
                  AND  day_of(received_ms) >= $first_day
                  AND  day_of(received_ms) <  $end_day)
        """,
        organization=organization,
        first_day=first_day,
        end_day=end_day,
    )


def refusals(organization: int) -> Statement:
    return Statement(
        """
        SELECT receipt_day, reason, SUM(requests)
        FROM   refusal
        WHERE  organization = $organization
        GROUP BY receipt_day, reason
        ORDER BY receipt_day, reason
        """,
        organization=organization,
    )


def corrections(organization: int, page: KeptPage) -> Statement:
    """A page of an organization's corrections with their positions, newest first."""
    return _page(
        "correction",
        "organization, received_ms, who, why, action, subject, withdrawn, restated, added",
        organization,
        page,
        number="position",
    )


def erasures(organization: int) -> Statement:
    """Every erasure, with an empty text, which is stored nowhere."""
    return Statement(
        """
        SELECT kind, organization, '', replacement, received_ms, who, why
        FROM   erasure
        WHERE  organization = $organization
        ORDER BY position
        """,
        organization=organization,
    )


def _page(table: str, fields: str, organization: int, page: KeptPage, number: str = "number") -> Statement:
    """Selects the rows of a page before reading their content."""
    of_code = "" if page.code is None else "\n              AND  code = $code"
    return Statement(
        f"""
        SELECT {number}, {fields}
        FROM   {table}
        WHERE  {number} IN (
            SELECT {number}
            FROM   {table}
            WHERE  organization = $organization
              AND  {number} < $below
              AND  day_of(received_ms) >= $first_day
              AND  day_of(received_ms) <  $end_day{of_code}
            ORDER BY {number} DESC
            LIMIT  $limit
        )
        ORDER BY {number} DESC
        """,  # noqa: S608 - names from here
        organization=organization,
        below=page.below,
        first_day=page.days[0],
        end_day=page.days[1],
        limit=page.limit,
        **({} if page.code is None else {"code": page.code}),
    )
