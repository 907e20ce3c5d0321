"""SailPoint's own Python SDK 1.4.2, unmodified, against the real server; it calls the yearly paths."""

from collections.abc import Iterator

import pytest

from tests.dialects.sailpoint.old_sdk import OldSdk, installed
from tests.dialects.sailpoint.sailpoint_server import SailPointServer, serving


@pytest.fixture(scope="module")
def server() -> Iterator[SailPointServer]:
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def old_sdk() -> OldSdk:
    return installed()


def test_the_old_sdk_reads_api_usage_on_the_yearly_path(server: SailPointServer, old_sdk: OldSdk) -> None:
    known = server.known
    result = old_sdk.run(
        server,
        f"""
api = api("v2025", "ApiUsageApi")
result = [
    seen(api.get_total_count_with_http_info),
    seen(api.get_total_count_with_http_info, filters='method eq "GET", startDate gt "{known.month.date()}"'),
    seen(api.list_api_summary_with_http_info, filters='method eq "GET"', limit=1, offset=1),
    seen(api.list_api_summary_with_http_info, filters='method ne "GET"'),
    seen(api.get_total_count_with_http_info, x_sail_point_experimental="false"),
]
""",
    )

    uri, calls = known.summary(method="GET")[1]
    assert result == [
        [{"NumberOfCalls": known.total()}, None],
        [{"NumberOfCalls": known.total(method="GET", after=known.month)}, None],
        [[{"RequestedUri": uri, "NumberOfCalls": calls}], None],
        ["BadRequestException", 400],
        ["BadRequestException", 400],
    ]


@pytest.mark.parametrize("version", ["beta", "v3", "v2024", "v2025"])
def test_the_old_sdk_reads_sources_and_accounts_in_every_version(
    server: SailPointServer, old_sdk: OldSdk, version: str
) -> None:
    result = old_sdk.run(
        server,
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

    ((month, mean), _), ((_, days), _) = server.known.mean_days("src-1"), server.known.account_days("acc-1")
    ((year_ago, one),) = server.known.account_days("acc/3 %2F")
    assert result == [
        [{"status": "COMPLETE"}, None],
        [[{"date": str(month), "count": mean}], "2"],
        [[{"date": str(month), "count": days}], "2"],
        [[{"date": str(year_ago), "count": one}], None],
        ["BadRequestException", 400],
    ]


def test_the_old_sdk_tells_401_403_and_429_apart(old_sdk: OldSdk) -> None:
    with serving(sailpoint_requests=1, sailpoint_request_seconds=60) as server:
        result = old_sdk.run(
            server,
            f"""
own = configuration.access_token
configuration.retries = False
count = api("v2025", "ApiUsageApi").get_total_count_with_http_info
result = []
for token in ("forged", {server.sender_token()!r}, own, own):
    configuration.access_token = token
    result.append(seen(count))
""",
        )

    assert result == [
        ["UnauthorizedException", 401],
        ["ForbiddenException", 403],
        [{"NumberOfCalls": server.known.total()}, None],
        ["ApiException", 429],
    ]
