"""Requests for Segment's two operations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypeVar

from calltally.clients.pages import Pages
from calltally.clients.question import Question, reads
from calltally.clients.vendor_request import VendorRequest
from calltally.dialects.segment.contract import (
    DEFAULT_COUNT,
    MAX_COUNT,
    APICallSnapshot,
    DailyPerSourceAPICallsUsage,
    DailyWorkspaceAPICallsUsage,
    MediaType,
    Operation,
    SourceAPICallSnapshot,
    Success,
)

D = TypeVar("D", DailyPerSourceAPICallsUsage, DailyWorkspaceAPICallsUsage)

_HEADERS = {"Accept": str(MediaType.V1)}


@dataclass(frozen=True, slots=True)
class SegmentQuestions:
    """Builds requests. ``period`` is any day or instant of a month (UTC) and selects the whole month.

    Numbers are running totals from the start of the month, and are texts, as Segment sends them:
    ``int(snapshot.api_calls)``.
    """

    def get_daily_per_source_api_calls_usage(
        self, period: str | date, *, count: int | None = None, cursor: str | None = None
    ) -> Question[DailyPerSourceAPICallsUsage]:
        """The number of calls of each source from the start of the month through each day.

        ``count`` rows, 1 to 1000 and by default 200, from the ``cursor`` of an earlier page on. Raises
        `ValueError` for a `datetime` without a time zone.
        """
        request = _get(Operation.GET_DAILY_PER_SOURCE_API_CALLS_USAGE, period, count, cursor)
        read = reads(Success[DailyPerSourceAPICallsUsage])
        return Question(request, lambda response: read(response).data)

    def iterate_daily_per_source_api_calls_usage(
        self, period: str | date, *, page_size: int = MAX_COUNT
    ) -> Pages[DailyPerSourceAPICallsUsage, str, SourceAPICallSnapshot]:
        """All rows of `get_daily_per_source_api_calls_usage`, read in pages of 1 to 1000 rows."""

        def page_at(cursor: str | None) -> Question[DailyPerSourceAPICallsUsage]:
            return self.get_daily_per_source_api_calls_usage(period, count=page_size, cursor=cursor)

        return Pages(page_at(None), _source_rows, _cursor_after, page_at)

    def get_daily_workspace_api_calls_usage(
        self, period: str | date, *, count: int | None = None, cursor: str | None = None
    ) -> Question[DailyWorkspaceAPICallsUsage]:
        """The number of calls of the workspace from the start of the month through each day.

        The arguments are those of `get_daily_per_source_api_calls_usage`.
        """
        request = _get(Operation.GET_DAILY_WORKSPACE_API_CALLS_USAGE, period, count, cursor)
        read = reads(Success[DailyWorkspaceAPICallsUsage])
        return Question(request, lambda response: read(response).data)

    def iterate_daily_workspace_api_calls_usage(
        self, period: str | date, *, page_size: int = MAX_COUNT
    ) -> Pages[DailyWorkspaceAPICallsUsage, str, APICallSnapshot]:
        """All rows of `get_daily_workspace_api_calls_usage`, read in pages of 1 to 1000 rows."""

        def page_at(cursor: str | None) -> Question[DailyWorkspaceAPICallsUsage]:
            return self.get_daily_workspace_api_calls_usage(period, count=page_size, cursor=cursor)

        return Pages(page_at(None), _workspace_rows, _cursor_after, page_at)


def _get(operation: Operation, period: str | date, count: int | None, cursor: str | None) -> VendorRequest:
    query = [("period", _text(period))]
    if count is not None or cursor is not None:
        # Segment's own models require the count.
        query.append(("pagination.count", str(DEFAULT_COUNT if count is None else count)))
    if cursor is not None:
        query.append(("pagination.cursor", cursor))
    return VendorRequest("GET", str(operation), tuple(query), _HEADERS)


def _text(period: str | date) -> str:
    if isinstance(period, datetime):
        if period.tzinfo is None:
            raise ValueError(
                f"period is {period!r}; accepted is a datetime with a time zone, a date or a text"
            )
        return period.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return period.isoformat() if isinstance(period, date) else period


def _source_rows(page: DailyPerSourceAPICallsUsage) -> Sequence[SourceAPICallSnapshot]:
    return page.snapshots


def _workspace_rows(page: DailyWorkspaceAPICallsUsage) -> Sequence[APICallSnapshot]:
    return page.snapshots


def _cursor_after(page: D) -> str | None:
    return page.pagination.next or None
