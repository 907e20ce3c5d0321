from datetime import UTC, date, datetime
from urllib.parse import quote

import pytest

from calltally.api.usage_cursor import UsageCursor
from calltally.api.usage_parameters import UsageRequest, read_outcome_days, read_usage_question
from calltally.errors import InvalidInputError
from calltally.usage_query import Dimension, Metric, Ordering, UsageResult
from calltally.window import Granularity, Window

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)


def question(query_string: str, now: datetime = NOW) -> UsageRequest:
    return read_usage_question(query_string.encode(), "acme", now)


def window(query_string: str, now: datetime = NOW) -> tuple[str, str]:
    asked: Window = question(query_string, now).query.window
    return asked.start.isoformat(), asked.end.isoformat()


def faults(query_string: str) -> list[tuple[str, object]]:
    with pytest.raises(ExceptionGroup) as raised:
        question(query_string)
    found = raised.value.exceptions
    assert all(isinstance(fault, InvalidInputError) and fault.accepted for fault in found)
    return [(fault.field, fault.received) for fault in found if isinstance(fault, InvalidInputError)]


def test_an_empty_query_string_asks_for_the_total_of_calls_this_month_through_today() -> None:
    query = question("").query

    assert query.organization == "acme"
    assert query.window == Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 16, tzinfo=UTC))
    assert (query.granularity, query.time_zone, query.group_by) == (Granularity.TOTAL, "UTC", ())
    assert (query.metrics, query.order_by, query.where) == ((Metric.CALLS,), (), {})
    assert (query.limit, query.offset) == (1000, 0)


def test_every_parameter_finds_its_place_in_the_question() -> None:
    asked = question(
        "from=2026-01-01&to=2026-02-01T06:00:00.250Z&time_zone=America/New_York&granularity=week"
        "&group_by=route,status&metrics=status_429,active_days&order_by=-status_429,start&limit=7"
        "&format=csv&client_id=a&client_id=b&status=404&status_class=4xx&route="
    )

    query = asked.query
    assert query.window.start == datetime(2026, 1, 1, 5, tzinfo=UTC)
    assert query.window.end == datetime(2026, 2, 1, 6, 0, 0, 250_000, tzinfo=UTC)
    assert (query.granularity, query.time_zone) == (Granularity.WEEK, "America/New_York")
    assert query.group_by == (Dimension.ROUTE, Dimension.STATUS)
    assert query.metrics == (Metric.STATUS_429, Metric.ACTIVE_DAYS)
    assert query.order_by == (Ordering("status_429", descending=True), Ordering("start"))
    assert query.where == {
        Dimension.CLIENT_ID: {"a", "b"},
        Dimension.ROUTE: {""},
        Dimension.STATUS: {"404"},
        Dimension.STATUS_CLASS: {"4xx"},
    }
    assert (query.limit, asked.form) == (7, "csv")


@pytest.mark.parametrize(
    ("query_string", "start", "end"),
    [
        ("from=2018-11-04&to=2018-11-05", "2018-11-04T03:00:00+00:00", "2018-11-05T02:00:00+00:00"),
        ("from=2018-02-17&to=2018-02-18", "2018-02-17T02:00:00+00:00", "2018-02-18T03:00:00+00:00"),
    ],
)
def test_a_date_is_its_first_instant_also_where_clocks_are_set_at_midnight(
    query_string: str, start: str, end: str
) -> None:
    assert window(f"{query_string}&time_zone=America/Sao_Paulo") == (start, end)


def test_digits_finer_than_a_millisecond_are_cut() -> None:
    moments = "from=2026-03-01T00:00:00.0019Z&to=2026-03-01T00:00:00.9999999Z"

    assert window(moments) == ("2026-03-01T00:00:00.001000+00:00", "2026-03-01T00:00:00.999000+00:00")


def test_a_window_is_cut_a_year_ahead_of_the_clock_where_no_call_can_be() -> None:
    assert window("from=1970-01-01&to=9999-12-31") == (
        "1970-01-01T00:00:00+00:00",
        "2027-03-16T12:00:00+00:00",
    )
    assert window("from=9000-01-01&to=9999-12-31") == (
        "2027-03-16T12:00:00+00:00",
        "2027-03-16T12:00:00+00:00",
    )


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "UTC"])
@pytest.mark.parametrize(
    "moment", ["1970-01-01", "1970-01-01T00:00:00Z", "9999-12-31", "9999-12-31T23:59:59.999Z"]
)
def test_the_ends_of_time_can_be_asked_for_in_every_zone(zone: str, moment: str) -> None:
    assert question(f"from={moment}&to={moment}&time_zone={zone}").query.time_zone == zone


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("from", ""),
        ("from", "yesterday"),
        ("from", "2026-02-30"),
        ("from", "2026-3-1"),
        ("from", "20260301"),
        ("from", "1969-12-31"),
        ("from", "1969-12-31T23:59:59Z"),
        ("from", "2026-03-01T10:15"),
        ("from", "2026-03-01T10:15:00"),
        ("from", "2026-03-01T24:00:00Z"),
        ("from", "2026-03-01T10:15:00+25:00"),
        ("to", "9999-12-31T23:59:59-01:00"),
        ("to", "\u0662\u0660\u0662\u0666-03-01"),
        ("time_zone", ""),
        ("time_zone", "CEST+1"),
        ("time_zone", "Europe"),
        ("time_zone", "../UTC"),
        ("time_zone", "/etc/passwd"),
        ("time_zone", "Europe/Berlin.x"),
        ("time_zone", "x" * 5000),
        ("time_zone", "Etc" + "/c" * 5000),
        ("granularity", "minute"),
        ("granularity", "Day"),
        ("group_by", "client"),
        ("group_by", ""),
        ("metrics", "errors"),
        ("order_by", "route"),
        ("order_by", "--calls"),
        ("order_by", "start"),
        ("limit", "0"),
        ("limit", "10001"),
        ("limit", "-1"),
        ("limit", "1e3"),
        ("limit", "٣"),
        ("limit", "9" * 5000),
        ("cursor", ""),
        ("cursor", "garbage"),
        ("cursor", "A" * 43),
        ("cursor", "_" * 43),
        ("format", "xml"),
        ("status", "2xx"),
        ("status", "99"),
        ("status", "600"),
        ("status", "-200"),
        ("status", "200,404"),
        ("status_class", "6xx"),
        ("status_class", "2XX"),
        ("client_id", "a\0b"),
    ],
)
def test_a_value_that_is_not_accepted_is_named_with_its_parameter(name: str, value: str) -> None:
    assert faults(f"{name}={quote(value)}") == [(name, value)]


@pytest.mark.parametrize("name", ["organization", "From", "", "access_token"])
def test_a_parameter_that_is_not_known_is_named_without_its_value(name: str) -> None:
    assert faults(f"{name}=may-be-a-secret") == [(name, None)]


def test_all_faults_are_found_together() -> None:
    query_string = "colour=red&from=x&limit=0&group_by=a,b&status=1&order_by=b&time_zone=Mars&limit=5"

    assert sorted(faults(query_string)) == [
        ("colour", None),
        ("from", "x"),
        ("group_by", "a"),
        ("group_by", "b"),
        ("limit", "0"),
        ("limit", "5"),
        ("status", "1"),
        ("time_zone", "Mars"),
    ]


def test_a_start_after_the_end_is_refused_also_when_the_end_was_not_given() -> None:
    assert faults("from=2026-03-02&to=2026-03-01") == [("from", "2026-03-02")]
    assert faults("from=2026-03-17") == [("from", "2026-03-17")]


def test_what_would_be_cut_into_too_many_buckets_is_refused() -> None:
    assert question("from=2015-01-01&granularity=hour").query.granularity is Granularity.HOUR
    assert faults("from=2010-01-01&granularity=hour") == [("granularity", "hour")]


@pytest.mark.parametrize(
    "query_string", [b"client_id=%FF", b"client_id=\xff", b"&".join([b"client_id=a"] * 1001)]
)
def test_a_query_string_that_cannot_be_read_at_all_is_one_fault(query_string: bytes) -> None:
    with pytest.raises(InvalidInputError, match="query string"):
        read_usage_question(query_string, "acme", NOW)


def test_the_order_of_parameters_does_not_matter_to_a_cursor_but_that_of_values_does() -> None:
    first = question("group_by=route,method&client_id=a&limit=2")
    cursor = first.next_cursor(UsageResult(("route", "method", "calls"), (("/", "GET", 1),) * 2, 5))

    assert question(f"cursor={cursor}&client_id=a&group_by=route,method").query.offset == 2
    assert faults(f"client_id=a&group_by=method,route&cursor={cursor}") == [("cursor", cursor)]


def test_a_forged_cursor_reaches_no_further_than_a_real_one() -> None:
    far_future = UsageCursor(2**63, 1).sealed("acme", [])
    far_offset = UsageCursor(0, 2**63).sealed("acme", [])

    assert faults(f"cursor={far_future}") == [("cursor", far_future)]
    assert faults(f"cursor={far_offset}") == [("cursor", far_offset)]


def test_outcomes_are_asked_for_by_date() -> None:
    assert read_outcome_days(b"", NOW) == (date(2026, 3, 1), date(2026, 3, 16))
    assert read_outcome_days(b"from=2026-01-05", NOW) == (date(2026, 1, 5), date(2026, 3, 16))
    assert read_outcome_days(b"to=2026-02-01", NOW) == (date(2026, 1, 1), date(2026, 2, 1))


@pytest.mark.parametrize(
    ("query_string", "name"),
    [
        ("from=2026-03-01T00:00:00Z", "from"),
        ("to=2026-02-29", "to"),
        ("from=2026-03-17", "from"),
        ("time_zone=UTC", "time_zone"),
    ],
)
def test_outcomes_refuse_what_they_cannot_answer(query_string: str, name: str) -> None:
    with pytest.raises(ExceptionGroup) as raised:
        read_outcome_days(query_string.encode(), NOW)

    assert [getattr(fault, "field", None) for fault in raised.value.exceptions] == [name]
