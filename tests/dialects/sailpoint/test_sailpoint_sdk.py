"""SailPoint's own Python SDKs, unmodified, against a real server.

2.x calls the paths of the service family, 1.4.2 the yearly ones.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sailpoint import account_usages, api_usage, source_usages
from sailpoint.configuration import Configuration, ConfigurationParams
from sailpoint.paginator import Paginator

from tests.dialects.sailpoint.old_sdk import OldSdk, installed
from tests.dialects.sailpoint.sailpoint_server import SailPointServer, serving


@pytest.fixture(scope="module")
def sailpoint_server() -> Iterator[SailPointServer]:
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def old_sdk() -> OldSdk:
    return installed()


@pytest.fixture(scope="module")
def configuration(sailpoint_server: SailPointServer) -> Any:
    return configured(sailpoint_server.base_url, access_token=sailpoint_server.token)


def configured(base_url: str, **credentials: str) -> Any:
    params = ConfigurationParams()
    params.base_url = base_url
    for name, value in credentials.items():
        setattr(params, name, value)
    return Configuration(params)


def api_usages(configuration: Any) -> Any:
    return api_usage.ApiUsageApi(api_usage.ApiClient(configuration))


def sources(configuration: Any) -> Any:
    return source_usages.SourceUsagesApi(source_usages.ApiClient(configuration))


def accounts(configuration: Any) -> Any:
    return account_usages.AccountUsagesApi(account_usages.ApiClient(configuration))


def test_the_total_count_counts_this_month(configuration: Any) -> None:
    assert api_usages(configuration).get_total_count_v1() == {"NumberOfCalls": 7}


def test_the_published_example_filter_is_understood(configuration: Any) -> None:
    filters = 'method eq "GET", startDate gt "2025-08-01"'

    # GET since August: six this month and one in February.
    assert api_usages(configuration).get_total_count_v1(filters=filters) == {"NumberOfCalls": 7}


def test_a_call_with_the_experimental_header_is_answered_too(configuration: Any) -> None:
    configuration.experimental = True
    configuration.suppress_experimental_warnings = True

    count = api_usages(configuration).get_total_count_v1(x_sail_point_experimental="true")

    assert count == {"NumberOfCalls": 7}


def test_the_summary_is_cut_by_limit_and_offset(configuration: Any) -> None:
    rows = api_usages(configuration).list_api_summary_v1(
        filters='startDate eq "2026-03-01" and endDate eq "2026-03-10"', limit=2, offset=1
    )

    assert [(row.requested_uri, row.number_of_calls) for row in rows] == [
        ("/v2025/sources/<id>", 2),
        ("/v2025/accounts", 1),
    ]


def test_the_paginator_collects_every_row_once(configuration: Any) -> None:
    rows = Paginator.paginate(api_usages(configuration).list_api_summary_v1, 1000, limit=2)

    assert [row.requested_uri for row in rows] == [
        "/v2025/accounts/<id>",
        "/v2025/sources/<id>",
        "",
        "/v2025/accounts",
    ]


def test_the_paginator_relies_on_pages_of_250_unless_told_otherwise(
    sailpoint_server: SailPointServer, configuration: Any
) -> None:
    sailpoint_server.app.count(
        *({"time": "2024-06-01T00:00:00Z", "route": f"/route/{number:03}"} for number in range(501))
    )

    rows = Paginator.paginate(
        api_usages(configuration).list_api_summary_v1, 1000, filters="endDate eq 2024-06"
    )

    assert [row.requested_uri for row in rows] == [f"/route/{number:03}" for number in range(501)]


def test_a_source_has_a_status(configuration: Any) -> None:
    api = sources(configuration)

    assert api.get_status_by_source_id_v1("src-1").status == "COMPLETE"
    assert api.get_status_by_source_id_v1("nothing").status == "INCOMPLETE"
    assert api.get_status_by_source_id_v1("src-9").status == "INCOMPLETE"


def test_a_source_has_mean_active_days_by_month(configuration: Any) -> None:
    rows = sources(configuration).get_usages_by_source_id_v1("src-1")

    assert [(row.var_date, row.count) for row in rows] == [(date(2026, 3, 1), 2.5), (date(2026, 2, 1), 1.0)]


def test_summaries_take_all_collection_parameters(configuration: Any) -> None:
    page = {"limit": 1, "offset": 1, "count": True, "sorters": "date"}

    for reply in (
        sources(configuration).get_usages_by_source_id_v1_with_http_info("src-1", **page),
        accounts(configuration).get_usages_by_account_id_v1_with_http_info("acc-1", **page),
    ):
        assert [row.var_date for row in reply.data] == [date(2026, 3, 1)]
        assert reply.headers["x-total-count"] == "2"  # a plain dictionary, spelled as uvicorn sends it


def test_an_account_has_active_days_by_month(configuration: Any) -> None:
    rows = accounts(configuration).get_usages_by_account_id_v1("acc-1")

    assert [(row.var_date, row.count) for row in rows] == [(date(2026, 3, 1), 3), (date(2026, 2, 1), 1)]


def test_ids_may_hold_slashes_blanks_percents_and_letters_of_any_kind(configuration: Any) -> None:
    assert sources(configuration).get_usages_by_source_id_v1("src/2 é")[0].count == 1.0
    assert accounts(configuration).get_usages_by_account_id_v1("acc/3 %2F")[0].count == 1


def test_an_unknown_id_has_no_rows(configuration: Any) -> None:
    assert sources(configuration).get_usages_by_source_id_v1("nothing") == []
    assert accounts(configuration).get_usages_by_account_id_v1("acc-9", limit=5, count=True) == []


@pytest.mark.parametrize(
    ("filters", "code"),
    [
        ("status eq 200", "400.1.3 Illegal value"),
        ('startDate gt "yesterday"', "400.1.3 Illegal value"),
        ('method eq "GET', "400.0 Bad request syntax"),
    ],
)
def test_a_bad_filter_raises_bad_request_with_the_error_model(
    configuration: Any, filters: str, code: str
) -> None:
    with pytest.raises(api_usage.exceptions.BadRequestException) as caught:
        api_usages(configuration).list_api_summary_v1(filters=filters)

    assert caught.value.data.detail_code == code
    assert caught.value.data.tracking_id == caught.value.headers["SLPT-Request-ID"]
    assert [message.locale for message in caught.value.data.messages] == ["en-US", "und"]


def test_a_wrong_token_raises_unauthorized(sailpoint_server: SailPointServer) -> None:
    foreign = configured(sailpoint_server.base_url, access_token="forged")

    with pytest.raises(api_usage.exceptions.UnauthorizedException) as caught:
        api_usages(foreign).get_total_count_v1()

    assert caught.value.data.error == "JWT validation failed"


def test_a_missing_permission_raises_forbidden(sailpoint_server: SailPointServer) -> None:
    sender = configured(sailpoint_server.base_url, access_token="sender-token")

    with pytest.raises(account_usages.exceptions.ForbiddenException) as caught:
        accounts(sender).get_usages_by_account_id_v1("acc-1")

    assert caught.value.data.detail_code == "403 Forbidden"


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_secret_is_exchanged_for_a_token_also_behind_a_trailing_slash(
    sailpoint_server: SailPointServer, slash: str
) -> None:
    own = configured(
        sailpoint_server.base_url + slash,
        client_id=sailpoint_server.client_id,
        client_secret=sailpoint_server.client_secret,
    )

    assert api_usages(own).get_total_count_v1() == {"NumberOfCalls": 7}


def test_a_request_too_many_is_repeated_by_the_sdk_after_the_time_it_is_told() -> None:
    with serving(requests=2, per_seconds=1) as server:
        api = api_usages(configured(server.base_url, access_token=server.token))

        counts = [api.get_total_count_v1() for _ in range(4)]

    assert counts == [{"NumberOfCalls": 7}] * 4


def test_a_request_too_many_raises_429_where_the_sdk_does_not_repeat() -> None:
    with serving(requests=1, per_seconds=60) as server:
        configuration = configured(server.base_url, access_token=server.token)
        configuration.retries = False
        api = api_usages(configuration)
        api.get_total_count_v1()

        with pytest.raises(api_usage.exceptions.ApiException) as caught:
            api.get_total_count_v1()

    assert (caught.value.status, caught.value.data.message) == (429, " Rate Limit Exceeded ")


def test_the_old_sdk_reads_api_usage_on_the_yearly_path(
    sailpoint_server: SailPointServer, old_sdk: OldSdk
) -> None:
    result = old_sdk.run(
        sailpoint_server,
        """
api = api("v2025", "ApiUsageApi")
result = [
    seen(api.get_total_count_with_http_info),
    seen(api.get_total_count_with_http_info, filters='method eq "GET", startDate gt "2026-03-01"'),
    seen(api.list_api_summary_with_http_info, filters='method eq "GET"', limit=1, offset=1),
    seen(api.list_api_summary_with_http_info, filters='method ne "GET"'),
    seen(api.get_total_count_with_http_info, x_sail_point_experimental="false"),
]
""",
    )

    assert result == [
        [{"NumberOfCalls": 7}, None],
        [{"NumberOfCalls": 5}, None],
        [[{"RequestedUri": "/v2025/sources/<id>", "NumberOfCalls": 2}], None],
        ["BadRequestException", 400],
        ["BadRequestException", 400],
    ]


@pytest.mark.parametrize("version", ["beta", "v3", "v2024", "v2025"])
def test_the_old_sdk_reads_sources_and_accounts_in_every_version(
    sailpoint_server: SailPointServer, old_sdk: OldSdk, version: str
) -> None:
    result = old_sdk.run(
        sailpoint_server,
        f"""
sources, accounts = api({version!r}, "SourceUsagesApi"), api({version!r}, "AccountUsagesApi")
page = dict(limit=1, offset=1, count=True, sorters="date")
result = [
    seen(sources.get_status_by_source_id_with_http_info, "src-1"),
    seen(sources.get_usages_by_source_id_with_http_info, "src-1", **page),
    seen(accounts.get_usages_by_account_id_with_http_info, "acc-1", **page),
    seen(accounts.get_usages_by_account_id_with_http_info, "acc/3 %2F"),
    seen(accounts.get_usages_by_account_id_with_http_info, "acc-1", sorters="count"),
]
""",
    )

    assert result == [
        [{"status": "COMPLETE"}, None],
        [[{"date": "2026-03-01", "count": 2.5}], "2"],
        [[{"date": "2026-03-01", "count": 3}], "2"],
        [[{"date": "2025-03-01", "count": 1}], None],
        ["BadRequestException", 400],
    ]


def test_the_old_sdk_tells_401_403_and_429_apart(old_sdk: OldSdk) -> None:
    script = """
configuration.retries = False
count = api("v2025", "ApiUsageApi").get_total_count_with_http_info
result = []
for token in ("forged", "sender-token", "acme-token", "acme-token"):
    configuration.access_token = token
    result.append(seen(count))
"""
    with serving(requests=1, per_seconds=60) as server:
        result = old_sdk.run(server, script)

    assert result == [
        ["UnauthorizedException", 401],
        ["ForbiddenException", 403],
        [{"NumberOfCalls": 7}, None],
        ["ApiException", 429],
    ]
