"""Genesys's seven operations, asked of Calltally."""

import asyncio
import json
import time
from typing import Any

import pytest
from msgspec import UNSET

from calltally.clients import (
    AsyncGenesysClient,
    CredentialsError,
    ExecutionTimeoutError,
    GenesysOrganization,
    RejectedRequestError,
    RetryPolicy,
    UnexpectedReplyError,
    UnknownTargetError,
)
from calltally.clients.genesys import (
    ApiUsageRow,
    Column,
    Cursors,
    ErrorBody,
    Period,
    QueryStatus,
    SearchColumn,
    UsageMetric,
    UsageResult,
)
from tests.clients.calltally_server import CalltallyServer
from tests.clients.conversations import Talk
from tests.clients.scripted_vendor import Reply, ScriptedVendor

MARCH = "2026-03-01/2026-03-31"


def test_a_query_is_posted_and_its_rows_are_waited_for(talk: Talk, calltally: CalltallyServer) -> None:
    execution = talk(
        calltally.organization,
        lambda client: client.post_usage_query(
            MARCH, metrics=[UsageMetric.STATUS_400, UsageMetric.REQUESTS], group_by=[Column.OAUTH_CLIENT_ID]
        ),
    )
    result = talk(calltally.organization, lambda client: client.wait_for_usage_query(execution, timeout=10))

    assert result.query_status is QueryStatus.COMPLETE
    assert sorted(result.results, key=lambda row: row.client_id) == [
        ApiUsageRow(client_id="billing", client_name="Billing", status400=1, requests=3),
        ApiUsageRow(client_id="shop", client_name="Shop", status400=0, requests=2),
    ]
    assert result.results[0].status200 is UNSET


def test_the_results_of_a_query_can_be_looked_at_again(talk: Talk, calltally: CalltallyServer) -> None:
    execution = talk(
        calltally.organization, lambda client: client.post_usage_query(MARCH, granularity=Period.MONTH)
    )
    waited = talk(
        calltally.organization, lambda client: client.wait_for_usage_query(execution.execution_id, timeout=10)
    )
    looked = talk(
        calltally.organization, lambda client: client.get_usage_query_execution_id_results(execution)
    )

    assert looked == waited
    assert {row.date for row in looked.results} == {"2026-03-01T00:00:00Z"}


def test_a_search_finds_methods_and_routes(talk: Talk, calltally: CalltallyServer) -> None:
    execution = talk(
        calltally.organization,
        lambda client: client.post_usage_simplesearch(
            MARCH,
            metrics=[SearchColumn.TEMPLATE_URI, UsageMetric.STATUS_200],
            oauth_client_names=["Billing"],
            http_methods=["GET"],
            template_uris=["users/{id}"],
        ),
    )
    result = talk(
        calltally.organization, lambda client: client.wait_for_usage_simplesearch(execution, timeout=10)
    )

    assert result.results == (ApiUsageRow(template_uri="users/{id}", status200=2),)


@pytest.mark.parametrize("page_size", [1, 2, 1000])
def test_all_pages_of_a_search_together_hold_every_row_once(
    talk: Talk, calltally: CalltallyServer, page_size: int
) -> None:
    execution = talk(calltally.organization, lambda client: client.post_usage_simplesearch(MARCH))

    rows = talk(
        calltally.organization,
        lambda client: client.iterate_usage_simplesearch_results(execution, page_size=page_size, timeout=10),
    )

    assert sorted((row.date, row.template_uri, row.status200) for row in rows) == [
        ("2026-03-01T00:00:00Z", "users/{id}", 1),
        ("2026-03-02T00:00:00Z", "orders", 1),
        ("2026-03-02T00:00:00Z", "users/{id}", 1),
        ("2026-03-05T00:00:00Z", "orders", 0),
    ]


def test_a_page_of_a_search_can_be_asked_for_by_its_cursor(talk: Talk, calltally: CalltallyServer) -> None:
    execution = talk(calltally.organization, lambda client: client.post_usage_simplesearch(MARCH))
    first = talk(
        calltally.organization,
        lambda client: client.wait_for_usage_simplesearch(execution, page_size=3, timeout=10),
    )
    second = talk(
        calltally.organization,
        lambda client: client.get_usage_simplesearch_execution_id_results(
            execution, after=first.cursors.after, page_size=3
        ),
    )

    assert (len(first.results), len(second.results)) == (3, 1)
    assert second.cursors.after is None


def test_one_clients_calls_are_queried(talk: Talk, calltally: CalltallyServer) -> None:
    execution = talk(
        calltally.organization,
        lambda client: client.post_oauth_client_usage_query(
            "shop", MARCH, group_by=[Column.HTTP_METHOD], metrics=["Requests"]
        ),
    )
    result = talk(
        calltally.organization,
        lambda client: client.wait_for_oauth_client_usage_query("shop", execution, timeout=10),
    )

    assert result.results == (ApiUsageRow(http_method="POST", requests=2),)


def test_one_clients_last_days_are_summed_up(talk: Talk, calltally: CalltallyServer) -> None:
    execution = talk(
        calltally.organization, lambda client: client.get_oauth_client_usage_summary("shop", days=6)
    )
    result = talk(
        calltally.organization,
        lambda client: client.wait_for_oauth_client_usage_query("shop", execution, timeout=10),
    )

    (row,) = result.results
    assert (row.template_uri, row.http_method, row.requests, row.status500) == ("orders", "POST", 1, 1)


def test_a_client_without_calls_has_no_rows(talk: Talk, calltally: CalltallyServer) -> None:
    execution = talk(calltally.organization, lambda client: client.get_oauth_client_usage_summary("a/b %"))
    result = talk(
        calltally.organization,
        lambda client: client.wait_for_oauth_client_usage_query("a/b %", execution, timeout=10),
    )

    assert result == UsageResult(QueryStatus.COMPLETE)


def test_an_unknown_execution_is_told_in_genesyss_words(talk: Talk, calltally: CalltallyServer) -> None:
    with pytest.raises(UnknownTargetError, match=r"not\.found: ") as caught:
        talk(calltally.organization, lambda client: client.get_usage_query_execution_id_results("nothing"))

    assert isinstance(caught.value.body, ErrorBody)
    assert caught.value.body.context_id == caught.value.headers["ININ-Correlation-Id"]


def test_a_bad_interval_is_refused(talk: Talk, calltally: CalltallyServer) -> None:
    with pytest.raises(RejectedRequestError) as caught:
        talk(calltally.organization, lambda client: client.post_usage_query("yesterday"))

    assert caught.value.status == 400


def test_a_wrong_secret_is_told(talk: Talk, calltally: CalltallyServer) -> None:
    with pytest.raises(CredentialsError, match="invalid_client"):
        talk(
            GenesysOrganization(calltally.base_url, calltally.reader[0], "guessed"),
            lambda client: client.post_usage_query(MARCH),
        )


def organization(vendor: ScriptedVendor) -> GenesysOrganization:
    return GenesysOrganization(vendor.base_url, access_token="t0ken")


def test_only_what_is_given_is_sent(talk: Talk, vendor: ScriptedVendor) -> None:
    accepted = {"executionId": "e-1", "resultsUri": "/there", "unheardOf": 1}
    vendor.replies = [Reply(202, accepted), Reply(200, accepted), Reply(202, accepted)]

    talk(organization(vendor), lambda client: client.post_usage_query(MARCH))
    talk(
        organization(vendor),
        lambda client: client.post_oauth_client_usage_query(
            "c/1", MARCH, granularity="Day", metrics=["Requests"], group_by=("HttpMethod",)
        ),
    )
    talk(organization(vendor), lambda client: client.post_usage_simplesearch(MARCH, http_methods=["GET"]))

    assert [(heard.target, json.loads(heard.body)) for heard in vendor.heard] == [
        ("/api/v2/usage/query", {"interval": MARCH}),
        (
            "/api/v2/oauth/clients/c%2F1/usage/query",
            {"interval": MARCH, "granularity": "Day", "metrics": ["Requests"], "groupBy": ["HttpMethod"]},
        ),
        ("/api/v2/usage/simplesearch", {"interval": MARCH, "httpMethods": ["GET"]}),
    ]


def test_a_busy_login_is_waited_for_with_the_execution(talk: Talk, vendor: ScriptedVendor) -> None:
    vendor.tokens = [Reply(503, "busy")]
    vendor.replies = [Reply(body={"queryStatus": "Running"}), Reply(body={"queryStatus": "Complete"})]

    result = talk(
        GenesysOrganization(vendor.base_url, "id-1", "s3cret"),
        lambda client: client.wait_for_usage_query("e-1", timeout=10),
        retries=RetryPolicy(attempts=1),
    )

    assert result.query_status is QueryStatus.COMPLETE
    assert len(vendor.logins) == 2


def test_an_execution_that_runs_too_long_is_given_up_in_time(talk: Talk, vendor: ScriptedVendor) -> None:
    vendor.replies = [Reply(body={"queryStatus": "Running"})] * 10
    begun = time.monotonic()

    with pytest.raises(ExecutionTimeoutError, match=r"the execution e-1 in 0\.3 seconds"):
        talk(organization(vendor), lambda client: client.wait_for_usage_query("e-1", timeout=0.3))

    assert 0.3 <= time.monotonic() - begun < 1.3


async def test_a_wait_can_be_cancelled_and_the_client_goes_on(vendor: ScriptedVendor) -> None:
    vendor.replies = [Reply(body={"queryStatus": "Running"}), Reply(body={"queryStatus": "Complete"})]

    async with AsyncGenesysClient(organization(vendor)) as client:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.wait_for_usage_query("e-1"), 0.1)
        result = await client.get_usage_query_execution_id_results("e-1")

    assert result.query_status is QueryStatus.COMPLETE


def test_a_single_text_is_no_list(talk: Talk, vendor: ScriptedVendor) -> None:
    with pytest.raises(ValueError, match="metrics is 'Requests'; accepted is a list"):
        talk(organization(vendor), lambda client: client.post_usage_query(MARCH, metrics="Requests"))


@pytest.mark.parametrize(
    ("body", "result"),
    [
        ({"queryStatus": "Running"}, UsageResult(QueryStatus.RUNNING)),
        ({"queryStatus": "Failed", "results": None, "cursors": None}, UsageResult(QueryStatus.FAILED)),
        (
            {"queryStatus": "Complete", "results": [{"clientId": "c", "userId": None, "date": None}], "x": 1},
            UsageResult(QueryStatus.COMPLETE, (ApiUsageRow(client_id="c"),)),
        ),
        (
            {"queryStatus": "Complete", "results": [], "cursors": {"after": "a b&=", "before": None}},
            UsageResult(QueryStatus.COMPLETE, (), Cursors(after="a b&=")),
        ),
    ],
)
def test_what_is_null_in_results_counts_as_absent(
    talk: Talk, vendor: ScriptedVendor, body: dict[str, Any], result: UsageResult
) -> None:
    vendor.replies = [Reply(body=body)]

    answer = talk(
        organization(vendor), lambda client: client.get_usage_simplesearch_execution_id_results("e-1")
    )

    assert answer == result


@pytest.mark.parametrize("body", [{}, {"queryStatus": "Resting"}, {"queryStatus": "Complete", "results": {}}])
def test_results_of_another_shape_are_an_error(
    talk: Talk, vendor: ScriptedVendor, body: dict[str, Any]
) -> None:
    vendor.replies = [Reply(body=body)]

    with pytest.raises(UnexpectedReplyError):
        talk(organization(vendor), lambda client: client.get_usage_query_execution_id_results("e-1"))


def test_an_error_with_details_is_read_whole(talk: Talk, vendor: ScriptedVendor) -> None:
    details = [{"errorCode": "bad", "fieldName": "interval"}]
    vendor.replies = [Reply(400, {"code": "bad.request", "message": "No.", "details": details})]

    with pytest.raises(RejectedRequestError, match=r"bad\.request: No\.") as caught:
        talk(organization(vendor), lambda client: client.post_usage_query(MARCH))

    assert isinstance(caught.value.body, ErrorBody)
    assert caught.value.body.details is not None
    assert caught.value.body.details[0].field_name == "interval"
