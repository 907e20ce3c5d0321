"""Our answers in Segment's words, down to the JSON."""

from datetime import UTC, date, datetime

import msgspec

from calltally.dialects.segment.contract import Operation
from calltally.dialects.segment.cursor import Cursor
from calltally.dialects.segment.page import Page
from calltally.dialects.segment.usage_grid import WORKSPACE, UsageGrid
from calltally.dialects.segment.writing import (
    to_segment_source_usage,
    to_segment_sources,
    to_segment_workspace_usage,
)
from calltally.usage_query import UsageResult, Value

DAYS = tuple(date(2026, 3, day) for day in (1, 2, 3))


def at(day: int) -> datetime:
    return datetime(2026, 3, day, tzinfo=UTC)


def result(columns: tuple[str, ...], *rows: tuple[Value, ...]) -> UsageResult:
    return UsageResult(columns, rows, len(rows))


def json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def test_a_workspace_row_carries_calls_as_a_string_and_an_instant() -> None:
    cursor = Cursor(Operation.GET_DAILY_WORKSPACE_API_CALLS_USAGE, DAYS[0], "")
    page = Page(UsageGrid(DAYS[:1], WORKSPACE), cursor, 10)

    answer = to_segment_workspace_usage(page, [result(("start", "calls"), (at(1), 9_007_199_254_740_993))])

    assert json(answer) == (
        '{"data":{"dailyWorkspaceAPICallsUsage":'
        '[{"apiCalls":"9007199254740993","timestamp":"2026-03-01T00:00:00Z"}],'
        f'"pagination":{{"current":"{cursor.text()}","totalEntries":1}}}}}}'
    )


def test_a_source_row_carries_its_source_too() -> None:
    cursor = Cursor(Operation.GET_DAILY_PER_SOURCE_API_CALLS_USAGE, DAYS[0], "")
    page = Page(UsageGrid(DAYS[:1], ("a",)), cursor, 10)

    answer = to_segment_source_usage(page, [result(("start", "source_id", "calls"), (at(1), "a", 2))])

    assert json(answer) == (
        '{"data":{"dailyPerSourceAPICallsUsage":'
        '[{"sourceId":"a","apiCalls":"2","timestamp":"2026-03-01T00:00:00Z"}],'
        f'"pagination":{{"current":"{cursor.text()}","totalEntries":1}}}}}}'
    )


def test_totals_run_through_days_without_calls_and_begin_with_what_came_before() -> None:
    cursor = Cursor(Operation.GET_DAILY_PER_SOURCE_API_CALLS_USAGE, DAYS[0], "b")
    page = Page(UsageGrid(DAYS, ("a", "b")), cursor, 4)
    before = result(("source_id", "calls"), ("a", 10))
    daily = result(("start", "source_id", "calls"), (at(1), "a", 1), (at(1), "b", 2), (at(3), "b", 4))

    answer = to_segment_source_usage(page, [before, daily])

    assert [(row.source_id, row.api_calls, row.timestamp[8:10]) for row in answer.data.snapshots] == [
        ("b", "2", "01"),
        ("a", "11", "02"),
        ("b", "2", "02"),
        ("a", "11", "03"),
    ]


def test_sources_come_by_code_point_and_the_empty_one_first() -> None:
    sources = result(("source_id", "calls"), ("b", 1), ("", 1), ("é", 1), ("B", 1))

    assert to_segment_sources(sources) == ["", "B", "b", "é"]
