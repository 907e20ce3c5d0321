"""What a store promises about calendar buckets: exact in every time zone, also where clocks are set."""

import pytest

from calltally.errors import InvalidInputError
from tests.call_batches import a_call
from tests.contract.questions import Store, answer, apply, count, rows

YEAR = ("2026-01-01", "2027-01-01")


class CalendarContract:
    """Tests that every store must pass; a subclass gives the fixture ``store``."""

    def test_hours_begin_on_the_hour(self, store: Store) -> None:
        apply(store, a_call(time="2026-03-10T12:59:59.999Z"), a_call(time="2026-03-10T13:00:00Z"))

        assert rows(store, per="hour") == [("2026-03-10T12:00Z", 1), ("2026-03-10T13:00Z", 1)]

    def test_days_begin_at_midnight(self, store: Store) -> None:
        apply(store, a_call(time="2026-03-10T23:59:59.999Z"), a_call(time="2026-03-11T00:00:00Z"))

        assert rows(store, per="day") == [("2026-03-10T00:00Z", 1), ("2026-03-11T00:00Z", 1)]

    def test_weeks_begin_on_monday_also_over_the_end_of_a_year(self, store: Store) -> None:
        apply(
            store,
            a_call(time="2025-12-28T12:00:00Z"),  # a Sunday
            a_call(time="2025-12-29T12:00:00Z"),
            a_call(time="2026-01-04T12:00:00Z"),
            a_call(time="2026-01-05T12:00:00Z"),
        )

        assert rows(store, ("2025-12-01", "2026-02-01"), per="week") == [
            ("2025-12-22T00:00Z", 1),
            ("2025-12-29T00:00Z", 2),
            ("2026-01-05T00:00Z", 1),
        ]

    def test_weeks_before_1970_begin_on_monday_too(self, store: Store) -> None:
        apply(store, a_call(time="1969-12-28T12:00:00Z"), a_call(time="1969-12-29T12:00:00Z"))

        assert rows(store, ("1969-12-01", "1970-01-01"), per="week") == [
            ("1969-12-22T00:00Z", 1),
            ("1969-12-29T00:00Z", 1),
        ]

    def test_months_have_their_own_lengths(self, store: Store) -> None:
        apply(store, *(a_call(time=f"2028-{day}T12:00:00Z") for day in ("01-31", "02-29", "03-01", "12-31")))

        assert rows(store, ("2028-01-01", "2029-01-01"), per="month") == [
            ("2028-01-01T00:00Z", 1),
            ("2028-02-01T00:00Z", 1),
            ("2028-03-01T00:00Z", 1),
            ("2028-12-01T00:00Z", 1),
        ]

    def test_a_bucket_that_the_window_cuts_keeps_its_start(self, store: Store) -> None:
        apply(store, a_call(time="2026-03-10T12:10:00Z"), a_call(time="2026-03-10T12:50:00Z"))

        cut = ("2026-03-10T12:30:00", "2026-03-11T00:00:00")
        assert rows(store, cut, per="hour") == [("2026-03-10T12:00Z", 1)]
        assert rows(store, cut, per="month") == [("2026-03-01T00:00Z", 1)]

    def test_a_time_zone_that_does_not_exist_is_refused(self, store: Store) -> None:
        for name in ("Mars/Olympus", "", "../etc/passwd", "Europe"):
            with pytest.raises(InvalidInputError) as refusal:
                count(store, zone=name)
            assert refusal.value.field == "time_zone"
            assert refusal.value.received == name

    def test_buckets_carry_grouped_dimensions(self, store: Store) -> None:
        apply(
            store,
            a_call(source_id="s", time="2026-03-10T12:00:00Z"),
            a_call(source_id="r", time="2026-03-10T12:00:00Z"),
            a_call(source_id="s", time="2026-03-11T12:00:00Z"),
        )

        assert rows(store, per="day", by=["source_id"]) == [
            ("2026-03-10T00:00Z", "r", 1),
            ("2026-03-10T00:00Z", "s", 1),
            ("2026-03-11T00:00Z", "s", 1),
        ]
        assert answer(store, per="day", by=["source_id"]).columns == ("start", "source_id", "calls")

    # Other time zones

    def test_days_weeks_and_months_are_those_of_the_time_zone(self, store: Store) -> None:
        apply(store, a_call(time="2026-01-31T22:59:59Z"), a_call(time="2026-01-31T23:00:00Z"))

        berlin = {"zone": "Europe/Berlin"}
        assert rows(store, YEAR, per="day", **berlin) == [("2026-01-30T23:00Z", 1), ("2026-01-31T23:00Z", 1)]
        assert rows(store, YEAR, per="month", **berlin) == [
            ("2025-12-31T23:00Z", 1),
            ("2026-01-31T23:00Z", 1),
        ]
        assert rows(store, YEAR, per="week", **berlin) == [("2026-01-25T23:00Z", 2)]

    def test_a_day_of_23_hours_ends_an_hour_early(self, store: Store) -> None:
        apply(
            store,
            a_call(time="2026-03-28T22:59:59Z"),
            a_call(time="2026-03-28T23:00:00Z"),
            a_call(time="2026-03-29T21:59:59Z"),
            a_call(time="2026-03-29T22:00:00Z"),
        )

        assert rows(store, YEAR, per="day", zone="Europe/Berlin") == [
            ("2026-03-27T23:00Z", 1),
            ("2026-03-28T23:00Z", 2),
            ("2026-03-29T22:00Z", 1),
        ]

    def test_a_day_of_25_hours_ends_an_hour_late(self, store: Store) -> None:
        apply(
            store,
            a_call(time="2026-10-24T21:59:59Z"),
            a_call(time="2026-10-24T22:00:00Z"),
            a_call(time="2026-10-25T22:59:59Z"),
            a_call(time="2026-10-25T23:00:00Z"),
        )

        assert rows(store, YEAR, per="day", zone="Europe/Berlin") == [
            ("2026-10-23T22:00Z", 1),
            ("2026-10-24T22:00Z", 2),
            ("2026-10-25T23:00Z", 1),
        ]

    def test_an_hour_that_clocks_show_twice_is_two_buckets(self, store: Store) -> None:
        apply(
            store,
            a_call(time="2026-10-25T00:30:00Z"),  # 02:30, summer
            a_call(time="2026-10-25T01:30:00Z"),  # 02:30, winter
            a_call(time="2026-10-25T02:30:00Z"),
        )

        assert rows(store, YEAR, per="hour", zone="Europe/Berlin") == [
            ("2026-10-25T00:00Z", 1),
            ("2026-10-25T01:00Z", 1),
            ("2026-10-25T02:00Z", 1),
        ]

    def test_a_day_whose_midnight_is_skipped_begins_at_one(self, store: Store) -> None:
        apply(
            store,
            a_call(time="2026-09-06T03:59:59Z"),  # 23:59:59 in Santiago, then clocks show 01:00
            a_call(time="2026-09-06T04:00:00Z"),
            a_call(time="2026-09-07T02:59:59Z"),
        )

        assert rows(store, YEAR, per="day", zone="America/Santiago") == [
            ("2026-09-05T04:00Z", 1),
            ("2026-09-06T04:00Z", 2),
        ]

    def test_a_zone_half_an_hour_off_has_its_own_hours(self, store: Store) -> None:
        apply(store, a_call(time="2026-03-10T12:29:59Z"), a_call(time="2026-03-10T12:30:00Z"))

        assert rows(store, per="hour", zone="Asia/Kolkata") == [
            ("2026-03-10T11:30Z", 1),
            ("2026-03-10T12:30Z", 1),
        ]
        assert rows(store, per="hour", zone="Asia/Kathmandu") == [("2026-03-10T12:15Z", 2)]

    def test_a_zone_whose_clocks_are_set_by_half_an_hour_cuts_the_hour(self, store: Store) -> None:
        apply(
            store,
            a_call(time="2026-04-04T14:59:00Z"),  # 01:59 on Lord Howe Island, then 01:30 again
            a_call(time="2026-04-04T15:01:00Z"),
            a_call(time="2026-04-04T15:31:00Z"),
            a_call(time="2026-10-03T15:29:00Z"),  # 01:59, then 02:30
            a_call(time="2026-10-03T15:31:00Z"),
            a_call(time="2026-10-03T16:01:00Z"),
        )

        assert rows(store, YEAR, per="hour", zone="Australia/Lord_Howe") == [
            ("2026-04-04T14:00Z", 1),
            ("2026-04-04T15:00Z", 1),
            ("2026-04-04T15:30Z", 1),
            ("2026-10-03T14:30Z", 1),
            ("2026-10-03T15:30Z", 1),
            ("2026-10-03T16:00Z", 1),
        ]

    def test_the_hour_of_a_change_is_known_when_the_window_begins_within_it(self, store: Store) -> None:
        apply(store, a_call(time="2026-04-04T15:20:00Z"))

        cut = ("2026-04-04T15:10:00", "2026-04-04T15:25:00")
        assert rows(store, cut, per="hour", zone="Australia/Lord_Howe") == [("2026-04-04T15:00Z", 1)]

    def test_a_zone_that_skipped_a_day_has_no_such_day(self, store: Store) -> None:
        apply(store, a_call(time="2011-12-30T09:59:59Z"), a_call(time="2011-12-30T10:00:00Z"))

        assert rows(store, ("2011-12-01", "2012-02-01"), per="day", zone="Pacific/Apia") == [
            ("2011-12-29T10:00Z", 1),
            ("2011-12-30T10:00Z", 1),
        ]

    def test_active_days_are_days_of_the_time_zone(self, store: Store) -> None:
        apply(store, a_call(time="2026-03-10T22:30:00Z"), a_call(time="2026-03-10T23:30:00Z"))

        assert rows(store, metrics=["active_days"]) == [(1,)]
        assert rows(store, metrics=["active_days"], zone="Europe/Berlin") == [(2,)]
        assert rows(store, metrics=["active_days"], zone="Europe/Berlin", per="month") == [
            ("2026-02-28T23:00Z", 2)
        ]

    def test_a_zone_without_an_offset_is_as_utc(self, store: Store) -> None:
        apply(store, a_call(time="2026-03-10T23:30:00Z"))

        assert rows(store, per="day", zone="Africa/Abidjan") == [("2026-03-10T00:00Z", 1)]

    def test_a_window_may_span_all_of_time(self, store: Store) -> None:
        apply(store, a_call(time="0001-01-01T00:00:00Z"), a_call(time="2026-03-10T12:00:00Z"))

        ever = ("0001-01-01", "9999-12-31T23:59:59.999999")
        assert count(store, ever) == 2
        assert rows(store, ever, per="month") == [("0001-01-01T00:00Z", 1), ("2026-03-01T00:00Z", 1)]
        assert rows(store, ("0002-01-01", ever[1]), per="month", zone="America/New_York") == [
            ("2026-03-01T05:00Z", 1)
        ]
