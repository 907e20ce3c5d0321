"""Converts results to Segment's responses."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import cast

from calltally.dialects.segment.contract import (
    APICallSnapshot,
    DailyPerSourceAPICallsUsage,
    DailyWorkspaceAPICallsUsage,
    SourceAPICallSnapshot,
    Success,
)
from calltally.dialects.segment.page import Page
from calltally.dialects.segment.usage_grid import Cell
from calltally.usage_query import START, Dimension, UsageResult


def to_segment_sources(result: UsageResult) -> list[str]:
    """The sources of a result, ascending by code point; calls without a source have the empty one."""
    return sorted(str(source_id) for source_id, _ in result.rows)


def to_segment_source_usage(
    page: Page, results: Iterable[UsageResult]
) -> Success[DailyPerSourceAPICallsUsage]:
    """A page of running totals by source, from the results of `from_segment_days` for its days."""
    totals = _running_totals(page, results)
    snapshots = tuple(
        SourceAPICallSnapshot(source_id, str(totals[day, source_id]), _timestamp(day))
        for day, source_id in page.cells
    )
    return Success(DailyPerSourceAPICallsUsage(snapshots, page.pagination()))


def to_segment_workspace_usage(
    page: Page, results: Iterable[UsageResult]
) -> Success[DailyWorkspaceAPICallsUsage]:
    """A page of running totals of all calls."""
    totals = _running_totals(page, results)
    snapshots = tuple(APICallSnapshot(str(totals[cell]), _timestamp(cell[0])) for cell in page.cells)
    return Success(DailyWorkspaceAPICallsUsage(snapshots, page.pagination()))


def _running_totals(page: Page, results: Iterable[UsageResult]) -> dict[Cell, int]:
    """Totals from the start of the month through each day of the page, for each of its sources."""
    sources = page.sources
    before: dict[str, int] = {}
    daily: dict[Cell, int] = {}
    for result in results:
        by_source, by_day = Dimension.SOURCE_ID in result.columns, START in result.columns
        for row in result.rows:
            source_id, calls = str(row[-2]) if by_source else "", cast("int", row[-1])
            if source_id not in sources:
                continue
            if by_day:
                daily[cast("datetime", row[0]).date(), source_id] = calls
            else:
                before[source_id] = calls
    totals: dict[Cell, int] = {}
    days = page.days
    for source_id in sources:
        total = before.get(source_id, 0)
        for day in days:
            total += daily.get((day, source_id), 0)
            totals[day, source_id] = total
    return totals


def _timestamp(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"
