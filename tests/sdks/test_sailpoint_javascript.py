"""SailPoint's SDK for JavaScript, the newest 1.x that npm has, against the running server.

It knows the sources and accounts of three versions; the api-usage operations are not in it.
"""

import time
from typing import Any

import pytest

from tests.sdks.conftest import Served
from tests.sdks.known_calls import ACCOUNTS, SOURCES
from tests.sdks.sdk_program import SdkProgram, Visit, node_program

Question = dict[str, Any]

IN_EVERY_VERSION = pytest.mark.parametrize("version", ["", "Beta", "V2024"], ids=["v3", "beta", "v2024"])
STATUS: Question = {"operation": "getStatusBySourceId"}
OF_SOURCE: Question = {"operation": "getUsagesBySourceId"}
OF_ACCOUNT: Question = {"operation": "getUsagesByAccountId"}


@pytest.fixture(scope="module")
def sdk() -> SdkProgram:
    return node_program("sailpoint_javascript", "sailpoint.mjs")


def sources(version: str = "") -> Question:
    return {"api": f"SourceUsages{version}Api"}


def accounts(version: str = "") -> Question:
    return {"api": f"AccountUsages{version}Api"}


@IN_EVERY_VERSION
def test_a_source_has_a_status(sdk: SdkProgram, served: Served, version: str) -> None:
    question = sources(version) | STATUS

    known, unknown = sdk.ask(
        served.visit,
        question | {"parameters": {"sourceId": "hr"}},
        question | {"parameters": {"sourceId": "nothing"}},
    )

    assert (known.body, unknown.body) == ({"status": "COMPLETE"}, {"status": "INCOMPLETE"})


@IN_EVERY_VERSION
def test_a_source_has_mean_active_days_by_month(sdk: SdkProgram, served: Served, version: str) -> None:
    known = [source_id for source_id in SOURCES if source_id]

    answers = sdk.ask(
        served.visit,
        *(sources(version) | OF_SOURCE | {"parameters": {"sourceId": source_id}} for source_id in known),
    )

    expected = [served.calls.source_months(source_id, served.now) for source_id in known]
    assert [answer.body for answer in answers] == expected
    assert all(len(rows) >= 12 for rows in expected)


@IN_EVERY_VERSION
def test_an_account_has_active_days_by_month(sdk: SdkProgram, served: Served, version: str) -> None:
    known = [account_id for account_id in ACCOUNTS if account_id]

    answers = sdk.ask(
        served.visit,
        *(accounts(version) | OF_ACCOUNT | {"parameters": {"accountId": account_id}} for account_id in known),
    )

    expected = [served.calls.account_months(account_id, served.now) for account_id in known]
    assert [answer.body for answer in answers] == expected
    assert all(len(rows) >= 12 for rows in expected)


def test_summaries_take_all_collection_parameters(sdk: SdkProgram, served: Served) -> None:
    page = {"limit": 3, "offset": 2, "count": True, "sorters": "date"}

    of_source, of_account = sdk.ask(
        served.visit,
        sources() | OF_SOURCE | {"parameters": {"sourceId": "hr", **page}},
        accounts() | OF_ACCOUNT | {"parameters": {"accountId": "acc-1", **page}},
    )

    months = served.calls.source_months("hr", served.now)[::-1]
    days = served.calls.account_months("acc-1", served.now)[::-1]
    assert (of_source.body, of_source.headers["x-total-count"]) == (months[2:5], str(len(months)))
    assert (of_account.body, of_account.headers["x-total-count"]) == (days[2:5], str(len(days)))


def test_nothing_is_counted_in_the_header_unless_asked_for(sdk: SdkProgram, served: Served) -> None:
    question = accounts() | OF_ACCOUNT

    unasked, declined = sdk.ask(
        served.visit,
        question | {"parameters": {"accountId": "acc-1"}},
        question | {"parameters": {"accountId": "acc-1", "count": False, "sorters": "-date"}},
    )

    assert unasked.body == declined.body == served.calls.account_months("acc-1", served.now)
    assert "x-total-count" not in {*unasked.headers, *declined.headers}


def test_the_paginator_collects_every_row_once(sdk: SdkProgram, served: Served) -> None:
    question = accounts() | OF_ACCOUNT | {"parameters": {"accountId": "acc-1"}}

    rows = served.calls.account_months("acc-1", served.now)

    answers = sdk.ask(
        served.visit, *(question | {"increment": increment} for increment in (5, len(rows), 250))
    )

    assert [answer.body for answer in answers] == [rows] * 3


def test_an_unknown_id_has_no_rows(sdk: SdkProgram, served: Served) -> None:
    of_source, of_account = sdk.ask(
        served.visit,
        sources() | OF_SOURCE | {"parameters": {"sourceId": "nothing"}},
        accounts() | OF_ACCOUNT | {"parameters": {"accountId": "nothing"}},
    )

    assert (of_source.status, of_source.body) == (of_account.status, of_account.body) == (200, [])


def test_a_bad_parameter_is_thrown_with_the_error_model(sdk: SdkProgram, served: Served) -> None:
    wrong: list[Question] = [
        {"limit": 251},
        {"limit": -1},
        {"offset": -1},
        {"count": "maybe"},
        {"sorters": "count"},
    ]

    answers = sdk.ask(
        served.visit,
        *(accounts() | OF_ACCOUNT | {"parameters": {"accountId": "acc-1", **one}} for one in wrong),
    )

    assert {answer.error for answer in answers} == {"AxiosError: Request failed with status code 400"}
    assert {answer.body["detailCode"] for answer in answers} == {"400.1.3 Illegal value"}
    assert all(answer.body["trackingId"] == answer.headers["slpt-request-id"] for answer in answers)


def test_nobody_and_the_unwelcome_are_told_apart(sdk: SdkProgram, served: Served) -> None:
    parameters = {"sourceId": "hr", "accountId": "acc-1"}
    questions = [
        question | {"parameters": parameters}
        for question in (sources() | OF_SOURCE, sources() | STATUS, accounts() | OF_ACCOUNT)
    ]

    nobody = sdk.ask(served.visit_of_nobody, *questions)
    forged = sdk.ask(Visit(served.server.address, token="forged"), *questions)
    sender = sdk.ask(served.visit_of_a_sender, *questions)

    assert [(one.status, type(one.body["error"])) for one in (*nobody, *forged)] == [(401, str)] * 6
    assert [(one.status, one.body["detailCode"]) for one in sender] == [(403, "403 Forbidden")] * 3


def test_a_wrong_secret_opens_nothing(sdk: SdkProgram, served: Served) -> None:
    wrong = Visit(served.server.address, served.reader.client_id, "wrong")

    answer = sdk.ask_one(wrong, **sources(), **STATUS, parameters={"sourceId": "hr"})

    assert answer.status == 0
    assert "status code 401" in answer.error


def test_an_address_may_end_in_a_slash(sdk: SdkProgram, served: Served) -> None:
    visit = Visit(f"{served.server.address}/", served.reader.client_id, served.reader.client_secret)

    answer = sdk.ask_one(visit, **sources(), **STATUS, parameters={"sourceId": "hr"})

    assert answer.body == {"status": "COMPLETE"}


@pytest.mark.parametrize(
    "hurried", [{"sailpoint_requests": 1, "sailpoint_request_seconds": 60}], indirect=True
)
def test_a_request_too_many_is_thrown_at_once_and_counted_by_version(sdk: SdkProgram, hurried: Visit) -> None:
    asked = STATUS | {"parameters": {"sourceId": "hr"}}
    began = time.monotonic()

    first, second, elsewhere = sdk.ask(hurried, sources() | asked, sources() | asked, sources("Beta") | asked)

    assert [first.status, second.status, elsewhere.status] == [200, 429, 200]
    assert second.body == {"message": " Rate Limit Exceeded "}
    assert 1 <= int(second.headers["retry-after"]) <= 60
    assert time.monotonic() - began < 30
