"""Converts results to SailPoint's responses."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import cast

from calltally.dialects.sailpoint.contract import (
    AccountUsage,
    SourceUsage,
    SourceUsageStatus,
    Status,
    SummaryResponse,
    TotalCount,
)
from calltally.usage_query import START, Metric, SourceActivity, UsageResult

_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


def to_sailpoint_count(result: UsageResult) -> TotalCount:
    ((calls,),) = result.rows
    return TotalCount(cast("int", calls))


def to_sailpoint_summary(result: UsageResult) -> list[SummaryResponse]:
    """One row per endpoint, most calls first, ties by endpoint; routes written alike are summed."""
    calls: Counter[str] = Counter()
    for route, number in result.rows:
        calls[_requested_uri(str(route))] += cast("int", number)
    rows = sorted(calls.items(), key=lambda row: (-row[1], row[0]))
    return [SummaryResponse(route, number) for route, number in rows]


def to_sailpoint_status(*, known: bool) -> SourceUsageStatus:
    return SourceUsageStatus(Status.COMPLETE if known else Status.INCOMPLETE)


def to_sailpoint_account_usages(result: UsageResult) -> list[AccountUsage]:
    """One row per month with activity, in the order of the result."""
    return [
        AccountUsage(cast("datetime", record[START]).date(), cast("int", record[Metric.ACTIVE_DAYS]))
        for record in result.records()
    ]


def to_sailpoint_source_usages(months: Iterable[SourceActivity], *, oldest_first: bool) -> list[SourceUsage]:
    """One row per month with activity; the mean is computed here, by the only division."""
    ordered = sorted(months, key=lambda activity: activity.month, reverse=not oldest_first)
    return [SourceUsage(month.month, month.account_days / month.accounts) for month in ordered]


def _requested_uri(route: str) -> str:
    """A route with each placeholder written ``<id>``.

    The second pass matches placeholders that contain braces, such as ``{n:[0-9]{3}}``.
    """
    return _PLACEHOLDER.sub("<id>", _PLACEHOLDER.sub("<id>", route))
