"""What the dates and instants in a filter name."""

from datetime import UTC, datetime, timedelta

import pytest

from calltally.dialects.sailpoint.date_literal import DateLiteral, shifted

MS = timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2025-08-01", datetime(2025, 8, 1, tzinfo=UTC), datetime(2025, 8, 2, tzinfo=UTC)),
        ("2024-02", datetime(2024, 2, 1, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)),
        ("2018", datetime(2018, 1, 1, tzinfo=UTC), datetime(2019, 1, 1, tzinfo=UTC)),
        ("2025-12-31", datetime(2025, 12, 31, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_date_names_the_whole_of_its_day_month_or_year(text: str, start: datetime, end: datetime) -> None:
    assert DateLiteral.from_text(text) == DateLiteral(start, end)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("2018-12-18T23:05:55Z", datetime(2018, 12, 18, 23, 5, 55, tzinfo=UTC)),
        ("2018-12-18t23:05:55z", datetime(2018, 12, 18, 23, 5, 55, tzinfo=UTC)),
        ("2018-12-18 23:05", datetime(2018, 12, 18, 23, 5, tzinfo=UTC)),
        ("2018-12-18T23:05:55", datetime(2018, 12, 18, 23, 5, 55, tzinfo=UTC)),
        ("2018-12-18T23:05:55.1239999Z", datetime(2018, 12, 18, 23, 5, 55, 123000, tzinfo=UTC)),
        ("2018-12-18T23:05:55.5Z", datetime(2018, 12, 18, 23, 5, 55, 500000, tzinfo=UTC)),
        ("2018-12-18T23:05:55+02:00", datetime(2018, 12, 18, 21, 5, 55, tzinfo=UTC)),
        ("2018-12-18T23:05:55-0130", datetime(2018, 12, 19, 0, 35, 55, tzinfo=UTC)),
    ],
)
def test_an_instant_names_one_millisecond_and_is_utc_without_a_zone(text: str, start: datetime) -> None:
    assert DateLiteral.from_text(text) == DateLiteral(start, start + MS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "today",
        "18",
        "20250801",
        "2025-8-1",
        "2025-02-29",
        "2025-13",
        "0000",
        "2025-08-01T24:00:00Z",
        "2016-12-31T23:59:60Z",
        "2025-08-01T10Z",
        "2025-08-01T10:00:00+24:00",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "\uff12\uff10\uff12\uff15-08-01",
        "2025-08-01\n",
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        DateLiteral.from_text(text)


@pytest.mark.parametrize("text", ["9999", "9999-12", "9999-12-31", "9999-12-31T23:59:59.999Z"])
def test_the_last_moment_of_the_calendar_ends_with_it(text: str) -> None:
    assert DateLiteral.from_text(text).end == datetime.max.replace(tzinfo=UTC)


def test_no_instant_is_moved_before_the_calendar_begins() -> None:
    first = datetime.min.replace(tzinfo=UTC)

    assert shifted(first, -MS) == first
