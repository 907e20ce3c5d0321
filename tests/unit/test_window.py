"""Days begin when the clocks of a place say so."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from calltally.errors import InvalidInputError
from calltally.window import Window, midnight, months_before


@pytest.mark.parametrize(
    ("day", "zone", "first_instant"),
    [
        (date(2026, 3, 29), "Europe/Berlin", "2026-03-28T23:00:00+00:00"),
        (date(2026, 3, 30), "Europe/Berlin", "2026-03-29T22:00:00+00:00"),
        (date(2018, 11, 4), "America/Sao_Paulo", "2018-11-04T03:00:00+00:00"),
        (date(1919, 3, 31), "America/Toronto", "1919-03-31T04:30:00+00:00"),
        (date(2026, 1, 1), "Asia/Kathmandu", "2025-12-31T18:15:00+00:00"),
    ],
    ids=[
        "summer time begins",
        "the day after",
        "midnight is skipped",
        "the gap begins before midnight",
        "+05:45",
    ],
)
def test_a_day_begins_at_its_first_instant(day: date, zone: str, first_instant: str) -> None:
    assert midnight(day, ZoneInfo(zone)).isoformat() == first_instant


def test_a_window_of_days_holds_the_last_day_whole() -> None:
    window = Window.of_days(date(2026, 3, 1), date(2026, 3, 31))

    assert window == Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))


def test_a_window_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"ends .* before it starts"):
        Window(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("count", "first"), [(0, date(2026, 1, 1)), (1, date(2025, 12, 1)), (13, date(2024, 12, 1))]
)
def test_months_are_counted_back_over_years(count: int, first: date) -> None:
    assert months_before(date(2026, 1, 1), count) == first
