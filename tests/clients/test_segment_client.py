"""Segment's two operations, asked of Calltally."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from calltally.clients import CredentialsError, RejectedRequestError, SegmentWorkspace, UnexpectedReplyError
from calltally.clients.segment import APICallSnapshot, RequestErrorEnvelope
from tests.clients.calltally_server import CalltallyServer
from tests.clients.conversations import Talk
from tests.clients.scripted_vendor import Reply, ScriptedVendor


def test_the_workspace_has_running_totals_by_day(talk: Talk, calltally: CalltallyServer) -> None:
    page = talk(
        calltally.workspace, lambda client: client.get_daily_workspace_api_calls_usage("2026-03-01", count=3)
    )

    assert page.snapshots == (
        APICallSnapshot("1", "2026-03-01T00:00:00Z"),
        APICallSnapshot("4", "2026-03-02T00:00:00Z"),
        APICallSnapshot("4", "2026-03-03T00:00:00Z"),
    )
    assert page.pagination.total_entries == 10


def test_each_source_has_running_totals_by_day(talk: Talk, calltally: CalltallyServer) -> None:
    page = talk(
        calltally.workspace,
        lambda client: client.get_daily_per_source_api_calls_usage("2026-03-01", count=4),
    )

    assert [(row.source_id, row.api_calls) for row in page.snapshots] == [
        ("a b/c", "0"),
        ("crm", "1"),
        ("a b/c", "1"),
        ("crm", "3"),
    ]


def test_a_cursor_leads_to_the_next_page(talk: Talk, calltally: CalltallyServer) -> None:
    first = talk(
        calltally.workspace, lambda client: client.get_daily_workspace_api_calls_usage("2026-03-01", count=2)
    )
    second = talk(
        calltally.workspace,
        lambda client: client.get_daily_workspace_api_calls_usage(
            "2026-03-01", count=2, cursor=first.pagination.next
        ),
    )

    assert second.snapshots[0].timestamp == "2026-03-03T00:00:00Z"
    assert second.pagination.previous == first.pagination.current


@pytest.mark.parametrize("page_size", [1, 3, 1000])
def test_all_pages_together_hold_every_row_once(
    talk: Talk, calltally: CalltallyServer, page_size: int
) -> None:
    days = talk(
        calltally.workspace,
        lambda client: client.iterate_daily_workspace_api_calls_usage("2026-03-01", page_size=page_size),
    )
    rows = talk(
        calltally.workspace,
        lambda client: client.iterate_daily_per_source_api_calls_usage("2026-03-01", page_size=page_size),
    )

    assert [row.timestamp[8:10] for row in days] == [f"{day:02}" for day in range(1, 11)]
    assert len({(row.source_id, row.timestamp) for row in rows}) == len(rows) == 20


@pytest.mark.parametrize(
    ("period", "sent"),
    [
        ("2026-03", "2026-03"),
        (date(2026, 3, 1), "2026-03-01"),
        (datetime(2026, 3, 1, 12, tzinfo=UTC), "2026-03-01T12:00:00Z"),
        (datetime(2026, 3, 1, 1, tzinfo=timezone(timedelta(hours=2))), "2026-02-28T23:00:00Z"),
    ],
)
def test_a_period_may_be_a_text_a_date_or_an_instant(
    talk: Talk, vendor: ScriptedVendor, period: str | date, sent: str
) -> None:
    usage = {"dailyWorkspaceAPICallsUsage": [], "pagination": {"current": "MA==", "next": None}}
    vendor.replies = [Reply(body={"data": usage})]

    talk(
        SegmentWorkspace("t0ken", vendor.base_url),
        lambda client: client.get_daily_workspace_api_calls_usage(period, cursor="Mw=="),
    )

    (heard,) = vendor.heard
    query = f"period={sent}&pagination.count=200&pagination.cursor=Mw=="
    assert heard.target == f"/usage/api-calls/daily?{query.replace(':', '%3A').replace('Mw==', 'Mw%3D%3D')}"
    assert heard.headers["accept"] == "application/vnd.segment.v1+json"


def test_an_instant_without_a_time_zone_is_refused_at_once(talk: Talk, calltally: CalltallyServer) -> None:
    instant = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - that is the point

    with pytest.raises(ValueError, match="with a time zone"):
        talk(calltally.workspace, lambda client: client.get_daily_workspace_api_calls_usage(instant))


def test_pages_that_go_in_a_circle_are_an_error(talk: Talk, vendor: ScriptedVendor) -> None:
    usage = {"dailyWorkspaceAPICallsUsage": [], "pagination": {"current": "a", "next": "a"}}
    vendor.replies = [Reply(body={"data": usage})] * 3

    with pytest.raises(UnexpectedReplyError, match="circle"):
        talk(
            SegmentWorkspace("t0ken", vendor.base_url),
            lambda client: client.iterate_daily_workspace_api_calls_usage("2026-03"),
        )

    assert len(vendor.heard) == 2


def test_a_bad_period_is_refused_in_segments_words(talk: Talk, calltally: CalltallyServer) -> None:
    with pytest.raises(RejectedRequestError, match="with 422: input-validation: ") as caught:
        talk(calltally.workspace, lambda client: client.get_daily_workspace_api_calls_usage("yesterday"))

    assert isinstance(caught.value.body, RequestErrorEnvelope)
    assert caught.value.body.errors[0].field == "period"


def test_a_wrong_token_is_told(talk: Talk, calltally: CalltallyServer) -> None:
    with pytest.raises(CredentialsError) as caught:
        talk(
            SegmentWorkspace("guessed", calltally.base_url),
            lambda client: client.get_daily_workspace_api_calls_usage("2026-03"),
        )

    assert isinstance(caught.value.body, RequestErrorEnvelope)
