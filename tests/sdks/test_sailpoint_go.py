"""SailPoint's SDK for Go, version 2, against the running server: five operations on yearly paths."""

import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.sdks.conftest import Served
from tests.sdks.known_calls import ACCOUNTS, CROWDED_ROUTES, SOURCES, crowded_month
from tests.sdks.naive_count import NaiveCount
from tests.sdks.sdk_program import SdkProgram, Visit, go_program

OF_BOTH = pytest.mark.parametrize("version", ["V2025", "V2026"])
OF_ALL = pytest.mark.parametrize("version", ["Beta", "V3", "V2024", "V2025", "V2026"])

COUNT = {"version": "V2025", "api": "ApiUsageAPI", "operation": "GetTotalCount"}
SUMMARY = {"version": "V2025", "api": "ApiUsageAPI", "operation": "ListApiSummary"}
STATUS = {"version": "V2025", "api": "SourceUsagesAPI", "operation": "GetStatusBySourceId"}
OF_SOURCE = {"version": "V2025", "api": "SourceUsagesAPI", "operation": "GetUsagesBySourceId"}
OF_ACCOUNT = {"version": "V2025", "api": "AccountUsagesAPI", "operation": "GetUsagesByAccountId"}
ONE_OF_EACH = [COUNT, SUMMARY, STATUS | {"id": "hr"}, OF_SOURCE | {"id": "hr"}, OF_ACCOUNT | {"id": "acc-1"}]


@pytest.fixture(scope="module")
def sdk() -> SdkProgram:
    return go_program("sailpoint_go_v2")


def nearly(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The SDK keeps a source's means as float32."""
    return [row | {"count": pytest.approx(row["count"], rel=1e-6)} for row in rows]


def after(served: Served) -> datetime:
    """Later than every call."""
    return served.now + timedelta(days=1)


def this_month(served: Served) -> NaiveCount:
    return served.calls.between(served.now.replace(day=1, hour=0, minute=0, second=0), after(served))


@OF_BOTH
def test_the_total_count_counts_this_month(sdk: SdkProgram, served: Served, version: str) -> None:
    answer = sdk.ask_one(served.visit, **COUNT | {"version": version})

    assert answer.body == {"NumberOfCalls": this_month(served).total}


@OF_BOTH
def test_the_total_count_takes_a_filter(sdk: SdkProgram, served: Served, version: str) -> None:
    start, end = served.now - timedelta(days=200), served.now - timedelta(days=20, hours=3)
    filters = (
        f'method eq "GET", startDate eq "{start:%Y-%m-%dT%H:%M:%SZ}", endDate lt {end:%Y-%m-%dT%H:%M:%SZ}'
    )

    answer = sdk.ask_one(served.visit, **COUNT | {"version": version, "filters": filters})

    assert answer.body == {"NumberOfCalls": served.calls.between(start, end).of(method="GET").total}


@OF_BOTH
def test_the_summary_ranks_the_routes_of_this_month(sdk: SdkProgram, served: Served, version: str) -> None:
    answer = sdk.ask_one(served.visit, **SUMMARY | {"version": version})

    assert answer.body == this_month(served).summary()


@OF_BOTH
def test_the_summary_takes_filter_limit_and_offset(sdk: SdkProgram, served: Served, version: str) -> None:
    start = (served.now - timedelta(days=100)).replace(hour=0, minute=0, second=0)
    page = {"filters": f'method eq "POST" and startDate eq "{start:%Y-%m-%d}"', "limit": 3, "offset": 1}

    answer = sdk.ask_one(served.visit, **SUMMARY | {"version": version} | page)

    rows = served.calls.between(start, after(served)).of(method="POST").summary()
    assert len(rows) == 6
    assert answer.body == rows[1:4]


def test_the_paginator_goes_on_until_an_empty_page(sdk: SdkProgram, served: Served) -> None:
    month = f"{crowded_month(served.now):%Y-%m}"

    answer = sdk.ask_one(served.visit, paginate=True, filters=f"startDate eq {month} and endDate eq {month}")

    assert CROWDED_ROUTES % 250 == 0
    assert answer.error == ""
    assert answer.body == [
        {"RequestedUri": f"/crowd/{number:03}", "NumberOfCalls": 1} for number in range(CROWDED_ROUTES)
    ]


@OF_ALL
def test_a_source_has_a_status(sdk: SdkProgram, served: Served, version: str) -> None:
    question = STATUS | {"version": version}

    known, escaped, unknown = sdk.ask(
        served.visit, *(question | {"id": source_id} for source_id in ("hr", "ad/2 é", "nothing"))
    )

    assert known.body == escaped.body == {"status": "COMPLETE"}
    assert unknown.body == {"status": "INCOMPLETE"}


@OF_ALL
def test_a_source_has_mean_active_days_by_month(sdk: SdkProgram, served: Served, version: str) -> None:
    known = [source_id for source_id in SOURCES if source_id]

    answers = sdk.ask(
        served.visit, *(OF_SOURCE | {"version": version, "id": source_id} for source_id in known)
    )

    assert [answer.body for answer in answers] == [
        nearly(served.calls.source_months(source_id, served.now)) for source_id in known
    ]


@OF_ALL
def test_an_account_has_active_days_by_month(sdk: SdkProgram, served: Served, version: str) -> None:
    known = [account_id for account_id in ACCOUNTS if account_id]

    answers = sdk.ask(
        served.visit, *(OF_ACCOUNT | {"version": version, "id": account_id} for account_id in known)
    )

    assert [answer.body for answer in answers] == [
        served.calls.account_months(account_id, served.now) for account_id in known
    ]


def test_summaries_take_all_collection_parameters(sdk: SdkProgram, served: Served) -> None:
    page = {"limit": 3, "offset": 2, "count": True, "sorters": "date"}

    of_source, of_account = sdk.ask(
        served.visit, OF_SOURCE | {"id": "hr"} | page, OF_ACCOUNT | {"id": "acc-1"} | page
    )

    months = served.calls.source_months("hr", served.now)[::-1]
    days = served.calls.account_months("acc-1", served.now)[::-1]
    assert (of_source.body, of_source.headers["x-total-count"]) == (nearly(months[2:5]), str(len(months)))
    assert (of_account.body, of_account.headers["x-total-count"]) == (days[2:5], str(len(days)))


def test_a_bad_parameter_is_an_error_with_the_error_model(sdk: SdkProgram, served: Served) -> None:
    answers = sdk.ask(
        served.visit,
        COUNT | {"filters": "status eq 200"},
        SUMMARY | {"limit": 251},
        OF_SOURCE | {"id": "hr", "sorters": "count"},
        OF_ACCOUNT | {"id": "acc-1", "offset": -1},
        COUNT | {"filters": 'method eq "GET'},
    )

    assert [(answer.status, answer.body["detailCode"]) for answer in answers] == [
        *[(400, "400.1.3 Illegal value")] * 4,
        (400, "400.0 Bad request syntax"),
    ]
    assert all(answer.body["trackingId"] == answer.headers["slpt-request-id"] for answer in answers)


def test_nobody_and_the_unwelcome_are_told_apart(sdk: SdkProgram, served: Served) -> None:
    nobody = sdk.ask(served.visit_of_nobody, *ONE_OF_EACH)
    forged = sdk.ask(Visit(served.server.address, token="forged"), *ONE_OF_EACH)
    sender = sdk.ask(served.visit_of_a_sender, *ONE_OF_EACH)

    assert [answer.status for answer in (*nobody, *forged)] == [401] * 10
    assert [(answer.status, answer.body["detailCode"]) for answer in sender] == [(403, "403 Forbidden")] * 5


def test_a_wrong_secret_opens_nothing(sdk: SdkProgram, served: Served) -> None:
    wrong = Visit(served.server.address, served.reader.client_id, "wrong")

    assert [answer.status for answer in sdk.ask(wrong, *ONE_OF_EACH)] == [401] * 5


def test_an_address_may_end_in_a_slash(sdk: SdkProgram, served: Served) -> None:
    visit = Visit(f"{served.server.address}/", served.reader.client_id, served.reader.client_secret)

    assert [answer.status for answer in sdk.ask(visit, *ONE_OF_EACH)] == [200] * 5


@pytest.mark.parametrize(
    "hurried", [{"sailpoint_requests": 2, "sailpoint_request_seconds": 2}], indirect=True
)
def test_a_request_too_many_is_repeated_after_the_time_that_the_sdk_is_told(
    sdk: SdkProgram, hurried: Visit
) -> None:
    began = time.monotonic()

    answers = sdk.ask(hurried, COUNT, COUNT, COUNT)

    assert [answer.body for answer in answers] == [{"NumberOfCalls": 0}] * 3
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize(
    "hurried", [{"sailpoint_requests": 1, "sailpoint_request_seconds": 60}], indirect=True
)
def test_a_request_too_many_is_an_error_where_the_sdk_does_not_repeat(
    sdk: SdkProgram, hurried: Visit
) -> None:
    first, second = sdk.ask(hurried, COUNT | {"retries": 0}, COUNT | {"retries": 0})

    assert (first.status, second.status) == (200, 429)
    assert 1 <= int(second.headers["retry-after"]) <= 60
