"""The month that a period names."""

from datetime import date

import pytest

from calltally.dialects.segment.usage_month import UsageMonth

FEBRUARY = UsageMonth(date(2021, 2, 1))


@pytest.mark.parametrize(
    "text",
    [
        "2021-02-01",
        "2021-02-28",
        "2021-02",
        "2021-02-14T00:00:00.000000Z",
        "2021-02-01T00:00:00Z",
        "2021-02-01t00:00:00z",
        "2021-02-28T23:59:59.999999999Z",
        "2021-02-28T23:59:59,9Z",
        "2021-02-01 00:00",
        "2021-02-01T00:00:00",
        "2021-02-01T00:00:00+00:00",
        "2021-02-01T00:00:00 00:00",
        "2021-03-01T01:30:00+02:00",
        "2021-03-01T01:30:00 0200",
        "2021-01-31T23:00:00-01",
    ],
)
def test_a_date_or_an_instant_names_the_month_in_utc_that_contains_it(text: str) -> None:
    assert UsageMonth.from_text(text) == FEBRUARY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "february",
        "2021",
        "20210201",
        "2021-2-1",
        "2021-02-29",
        "2021-13-01",
        "0000-01-01",
        "2021-02-01T24:00:00Z",
        "2021-02-01T00:00:60Z",
        "2021-02-01T00:00:00+24:00",
        "2021-02-01T00:00:00+00:60",
        "2021-02-01T00:00:00Z ",
        "2021-02-01T00:00:00.Z",
        "1612137600",
        "0001-01-01T00:00+01:00",
        "9999-12-31T23:00-01:00",
        "\u0662021-02-01",
    ],
)
def test_everything_else_names_no_month(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        UsageMonth.from_text(text)


def test_a_past_month_has_all_its_days() -> None:
    days = FEBRUARY.days_through(date(2021, 3, 1))

    assert (len(days), days[0], days[-1]) == (28, date(2021, 2, 1), date(2021, 2, 28))


def test_this_month_has_its_days_through_today() -> None:
    assert FEBRUARY.days_through(date(2021, 2, 2)) == (date(2021, 2, 1), date(2021, 2, 2))
    assert FEBRUARY.days_through(date(2021, 2, 1)) == (date(2021, 2, 1),)
    assert len(FEBRUARY.days_through(date(2021, 2, 28))) == 28


def test_a_future_month_has_no_days() -> None:
    assert FEBRUARY.days_through(date(2021, 1, 31)) == ()
    assert UsageMonth(date(9999, 12, 1)).days_through(date(2021, 1, 31)) == ()


def test_december_ends_with_the_year() -> None:
    assert UsageMonth(date(2020, 12, 1)).days_through(date(2021, 2, 1))[-1] == date(2020, 12, 31)


def test_a_month_contains_its_own_days_only() -> None:
    assert date(2021, 2, 28) in FEBRUARY
    assert date(2021, 3, 1) not in FEBRUARY
    assert date(2020, 2, 1) not in FEBRUARY
