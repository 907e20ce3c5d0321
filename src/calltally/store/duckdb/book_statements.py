"""The SQL that reads what is noted beside the calls."""

from calltally.store.duckdb.statements import Statement


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
        ORDER BY position, rowid
        """,
        organization=organization,
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


def samples(organization: int, at_most: int) -> Statement:
    """The first rejected calls of each receipt day and code, in the order they came."""
    return Statement(
        """
        SELECT organization, received_ms, code, field, reason, content
        FROM   rejected_sample
        WHERE  organization = $organization
        WINDOW came AS (PARTITION BY day_of(received_ms), code ORDER BY position, rowid)
        QUALIFY ROW_NUMBER() OVER came <= $at_most
        ORDER BY position, rowid
        """,
        organization=organization,
        at_most=at_most,
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


def corrections(organization: int) -> Statement:
    return Statement(
        """
        SELECT position, organization, received_ms, who, why, action, subject, withdrawn, restated, added
        FROM   correction
        WHERE  organization = $organization
        ORDER BY position
        """,
        organization=organization,
    )


def erasures(organization: int) -> Statement:
    """Every erasure; the text is empty, because it is stored nowhere."""
    return Statement(
        """
        SELECT kind, organization, '', replacement, received_ms, who, why
        FROM   erasure
        WHERE  organization = $organization
        ORDER BY position
        """,
        organization=organization,
    )
