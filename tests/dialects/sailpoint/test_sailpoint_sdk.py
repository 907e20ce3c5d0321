"""SailPoint's own Python SDK 2.x, unmodified, which calls the service family's paths of the real server."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sailpoint import account_usages, api_usage, source_usages
from sailpoint.configuration import Configuration, ConfigurationParams
from sailpoint.paginator import Paginator

from tests.dialects.sailpoint.known_calls import MILLISECOND, KnownCalls
from tests.dialects.sailpoint.sailpoint_server import SailPointServer, send, serving


@pytest.fixture(scope="module")
def server() -> Iterator[SailPointServer]:
    """Globex calls of the same names are counted beside acme's."""
    with serving() as server:
        send(server.process, server.process.new_client("globex"), *server.known.globex)
        yield server


@pytest.fixture(scope="module")
def known(server: SailPointServer) -> KnownCalls:
    return server.known


@pytest.fixture
def configuration(server: SailPointServer) -> Any:
    return logged_in(server)


def logged_in(server: SailPointServer, slash: str = "") -> Any:
    """The SDK's configuration, which exchanges the secret for a token by itself."""
    return configured(server.base_url + slash, **server.reader.as_form())


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


def seen(rows: Any) -> list[tuple[str, int]]:
    return [(row.requested_uri, row.number_of_calls) for row in rows]


def by_month(rows: Any) -> list[tuple[Any, float]]:
    return [(row.var_date, row.count) for row in rows]


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_total_count_counts_this_month_also_behind_a_trailing_slash(
    server: SailPointServer, slash: str
) -> None:
    count = api_usages(logged_in(server, slash)).get_total_count_v1()

    assert count == {"NumberOfCalls": server.known.total()}
    assert server.known.total() >= 7


def test_the_published_example_filter_is_understood(configuration: Any, known: KnownCalls) -> None:
    filters = 'method eq "GET", startDate gt "2025-08-01"'
    august = datetime.fromisoformat("2025-08-01T00:00:00Z")

    count = api_usages(configuration).get_total_count_v1(filters=filters)

    assert count == {"NumberOfCalls": known.total(method="GET", after=august)}


def test_a_call_with_the_experimental_header_is_answered_too(configuration: Any, known: KnownCalls) -> None:
    configuration.experimental = True
    configuration.suppress_experimental_warnings = True

    count = api_usages(configuration).get_total_count_v1(x_sail_point_experimental="true")

    assert count == {"NumberOfCalls": known.total()}


def test_the_summary_is_cut_by_limit_and_offset(configuration: Any, known: KnownCalls) -> None:
    last_month = (known.month - MILLISECOND).date().replace(day=1)
    today = known.now.date()
    filters = f'startDate eq "{last_month}" and endDate eq "{today}"'

    rows = api_usages(configuration).list_api_summary_v1(filters=filters, limit=2, offset=1)

    of_both_months = known.summary(after=datetime.fromisoformat(f"{last_month}T00:00:00Z") - MILLISECOND)
    assert seen(rows) == of_both_months[1:3]


def test_a_window_ends_before_or_with_its_last_day(configuration: Any, known: KnownCalls) -> None:
    first, last = known.month - timedelta(days=400), known.month - timedelta(days=1)
    api = api_usages(configuration)

    with_it = api.get_total_count_v1(filters=f"startDate eq {first.date()} and endDate eq {last.date()}")
    before_it = api.get_total_count_v1(filters=f"startDate eq {first.date()} and endDate lt {last.date()}")

    assert with_it == {"NumberOfCalls": known.total(after=first - MILLISECOND, before=known.month)}
    assert before_it == {"NumberOfCalls": known.total(after=first - MILLISECOND, before=last)}


def test_the_paginator_collects_every_row_once(configuration: Any, known: KnownCalls) -> None:
    rows = Paginator.paginate(api_usages(configuration).list_api_summary_v1, 1000, limit=2)

    assert seen(rows) == known.summary()


def test_the_paginator_relies_on_pages_of_250_unless_told_otherwise(
    server: SailPointServer, configuration: Any
) -> None:
    routes = [f"/route/{number:03}" for number in range(501)]
    server.count(*({"id": route, "time": "2024-06-01T00:00:00Z", "route": route} for route in routes))

    rows = Paginator.paginate(
        api_usages(configuration).list_api_summary_v1, 1000, filters="endDate eq 2024-06"
    )

    assert [row.requested_uri for row in rows] == routes


def test_a_source_has_a_status(configuration: Any) -> None:
    api = sources(configuration)

    assert api.get_status_by_source_id_v1("src-1").status == "COMPLETE"
    assert api.get_status_by_source_id_v1("nothing").status == "INCOMPLETE"
    assert api.get_status_by_source_id_v1("src-9").status == "INCOMPLETE"


def test_a_source_is_complete_once_a_call_that_names_it_is_acknowledged(
    server: SailPointServer, configuration: Any
) -> None:
    api = sources(configuration)
    early = api.get_status_by_source_id_v1("src-named").status
    server.count({"id": "before", "time": "2024-01-01T00:00:00Z"})
    server.count(
        {"id": "n", "time": "2024-01-01T00:00:00Z", "source_id": "src-named", "source_name": "Named"}
    )

    late = api.get_status_by_source_id_v1("src-named").status

    assert (early, late) == ("INCOMPLETE", "COMPLETE")


def test_a_source_has_mean_active_days_by_month(configuration: Any, known: KnownCalls) -> None:
    rows = sources(configuration).get_usages_by_source_id_v1("src-1")

    assert by_month(rows) == known.mean_days("src-1")
    assert len(rows) == 2


def test_summaries_take_all_collection_parameters(configuration: Any, known: KnownCalls) -> None:
    page = {"limit": 1, "offset": 1, "count": True, "sorters": "date"}

    for reply in (
        sources(configuration).get_usages_by_source_id_v1_with_http_info("src-1", **page),
        accounts(configuration).get_usages_by_account_id_v1_with_http_info("acc-1", **page),
    ):
        assert [row.var_date for row in reply.data] == [known.month.date()]
        assert reply.headers["x-total-count"] == "2"  # a plain dictionary, spelled as uvicorn sends it


def test_an_account_has_active_days_by_month(configuration: Any, known: KnownCalls) -> None:
    rows = accounts(configuration).get_usages_by_account_id_v1("acc-1")

    assert by_month(rows) == known.account_days("acc-1")
    assert len(rows) == 2


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


def test_a_wrong_token_raises_unauthorized(server: SailPointServer) -> None:
    foreign = configured(server.base_url, access_token="forged")

    with pytest.raises(api_usage.exceptions.UnauthorizedException) as caught:
        api_usages(foreign).get_total_count_v1()

    assert caught.value.data.error == "the token is neither an access token nor an API token"


def test_a_wrong_secret_is_told_to_the_sdk(server: SailPointServer, capsys: Any) -> None:
    wrong = configured(server.base_url, client_id=server.reader.client_id, client_secret="wrong")

    assert wrong.access_token is None
    assert "Unauthorized when retrieving access token." in capsys.readouterr().out


def test_a_missing_permission_raises_forbidden(server: SailPointServer) -> None:
    sender = configured(server.base_url, access_token=server.sender_token())

    with pytest.raises(account_usages.exceptions.ForbiddenException) as caught:
        accounts(sender).get_usages_by_account_id_v1("acc-1")

    assert caught.value.data.detail_code == "403 Forbidden"


def test_a_request_too_many_is_repeated_by_the_sdk_after_the_time_it_is_told() -> None:
    with serving(sailpoint_requests=2, sailpoint_request_seconds=1) as server:
        api = api_usages(logged_in(server))

        counts = [api.get_total_count_v1() for _ in range(4)]

    assert counts == [{"NumberOfCalls": server.known.total()}] * 4


def test_a_request_too_many_raises_429_where_the_sdk_does_not_repeat() -> None:
    with serving(sailpoint_requests=1, sailpoint_request_seconds=60) as server:
        configuration = logged_in(server)
        configuration.retries = False
        api = api_usages(configuration)
        api.get_total_count_v1()

        with pytest.raises(api_usage.exceptions.ApiException) as caught:
            api.get_total_count_v1()

    assert (caught.value.status, caught.value.data.message) == (429, " Rate Limit Exceeded ")
