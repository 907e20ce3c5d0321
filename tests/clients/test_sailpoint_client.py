"""SailPoint's five operations, asked of Calltally."""

from datetime import date

import pytest

from calltally.clients import (
    CredentialsError,
    PermissionMissingError,
    RejectedRequestError,
    SailPointTenant,
)
from calltally.clients.sailpoint import (
    AccountUsage,
    ErrorResponseDto,
    Listing,
    SourceUsage,
    SourceUsageStatus,
    Status,
    SummaryResponse,
    TotalCount,
)
from tests.clients.calltally_server import CalltallyServer
from tests.clients.conversations import Talk

VERSIONS = pytest.mark.parametrize("version", ["v2025", "v2026", "v1"])


def in_version(server: CalltallyServer, version: str) -> SailPointTenant:
    return SailPointTenant(server.base_url, *server.reader, version=version)


@VERSIONS
def test_the_total_count_counts_this_month(talk: Talk, calltally: CalltallyServer, version: str) -> None:
    answer = talk(in_version(calltally, version), lambda client: client.get_total_count())

    assert answer == TotalCount(5)


def test_filters_are_passed_on(talk: Talk, calltally: CalltallyServer) -> None:
    filters = 'method eq "GET", startDate gt "2026-02-01"'

    assert talk(calltally.tenant, lambda client: client.get_total_count(filters=filters)) == TotalCount(4)


@VERSIONS
def test_the_summary_lists_endpoints_the_most_called_first(
    talk: Talk, calltally: CalltallyServer, version: str
) -> None:
    answer = talk(in_version(calltally, version), lambda client: client.list_api_summary(limit=2))

    assert answer == Listing((SummaryResponse("/users/<id>", 3), SummaryResponse("/orders", 2)))


def test_the_summary_is_walked_through_page_by_page(talk: Talk, calltally: CalltallyServer) -> None:
    rows = talk(calltally.tenant, lambda client: client.iterate_api_summary(page_size=1))

    assert [row.requested_uri for row in rows] == ["/users/<id>", "/orders"]


@pytest.mark.parametrize(
    ("source_id", "status"),
    [
        ("crm", Status.COMPLETE),
        ("a b/c", Status.COMPLETE),
        ("..", Status.INCOMPLETE),
        ("nothing", Status.INCOMPLETE),
    ],
)
def test_a_source_has_a_status(
    talk: Talk, calltally: CalltallyServer, source_id: str, status: Status
) -> None:
    answer = talk(calltally.tenant, lambda client: client.get_status_by_source_id(source_id))

    assert answer == SourceUsageStatus(status)


def test_a_source_has_mean_active_days_by_month(talk: Talk, calltally: CalltallyServer) -> None:
    # In March ann was active on two days and bob on one.
    answer = talk(calltally.tenant, lambda client: client.get_usages_by_source_id("crm", count=True))

    march, february = SourceUsage(date(2026, 3, 1), 1.5), SourceUsage(date(2026, 2, 1), 1.0)
    assert answer == Listing((march, february), total=2)


def test_an_account_has_active_days_by_month(talk: Talk, calltally: CalltallyServer) -> None:
    answer = talk(calltally.tenant, lambda client: client.get_usages_by_account_id("100%"))

    assert list(answer) == [AccountUsage(date(2026, 3, 1), 2)]
    assert answer.total is None


def test_a_page_knows_where_it_begins(talk: Talk, calltally: CalltallyServer) -> None:
    answer = talk(
        calltally.tenant,
        lambda client: client.get_usages_by_account_id("ann", limit=1, offset=1, count=True, sorters="date"),
    )

    assert answer == Listing((AccountUsage(date(2026, 3, 1), 2),), offset=1, total=2)


def test_months_are_walked_through_page_by_page(talk: Talk, calltally: CalltallyServer) -> None:
    months = talk(calltally.tenant, lambda client: client.iterate_usages_by_account_id("ann", page_size=1))
    sources = talk(
        calltally.tenant,
        lambda client: client.iterate_usages_by_source_id("crm", page_size=2, sorters="date"),
    )

    assert [month.date.month for month in months] == [3, 2]
    assert [month.date.month for month in sources] == [2, 3]


@pytest.mark.parametrize("version", ["beta", "v3", "v2024"])
def test_older_versions_have_the_operations_of_their_time(
    talk: Talk, calltally: CalltallyServer, version: str
) -> None:
    tenant = in_version(calltally, version)

    assert len(talk(tenant, lambda client: client.get_usages_by_account_id("ann"))) == 2
    with pytest.raises(ValueError, match=f"no api-usage in '{version}', only in v1, v2025, v2026"):
        talk(tenant, lambda client: client.get_total_count())


def test_a_bad_filter_is_refused_in_sailpoints_words(talk: Talk, calltally: CalltallyServer) -> None:
    with pytest.raises(RejectedRequestError, match=r"400\.1\.3 Illegal value") as caught:
        talk(calltally.tenant, lambda client: client.get_total_count(filters="status eq 200"))

    assert isinstance(caught.value.body, ErrorResponseDto)
    assert caught.value.body.tracking_id == caught.value.headers["SLPT-Request-ID"]


def test_a_missing_permission_is_told(talk: Talk, calltally: CalltallyServer) -> None:
    tenant = SailPointTenant(calltally.base_url, *calltally.sender)

    with pytest.raises(PermissionMissingError):
        talk(tenant, lambda client: client.get_total_count())


def test_a_wrong_secret_is_told(talk: Talk, calltally: CalltallyServer) -> None:
    tenant = SailPointTenant(calltally.base_url, calltally.reader[0], "guessed")

    with pytest.raises(CredentialsError, match="invalid_client") as caught:
        talk(tenant, lambda client: client.get_total_count())

    assert "guessed" not in str(caught.value)


@pytest.mark.parametrize("page_size", [0, -1, 251])
def test_a_page_size_that_sailpoint_does_not_serve_is_refused_at_once(
    talk: Talk, calltally: CalltallyServer, page_size: int
) -> None:
    with pytest.raises(ValueError, match="accepted is 1 to 250"):
        talk(calltally.tenant, lambda client: client.iterate_api_summary(page_size=page_size))
