from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from calltally.call import Call
from calltally.demo.demo_calls import SLICE_CALLS, DemoCalls
from calltally.demo.demo_story import RETIRED_CLIENT, RUNAWAY_CLIENT, SUCCESSOR_CLIENT, DemoStory
from calltally.demo.words import ABANDONED_SOURCE, QUIET_SOURCES, UNUSED_SOURCES

NOW = datetime(2026, 11, 20, 13, 42, 7, tzinfo=UTC)
SIZE = 200_000


def calls_until(now: datetime, *, seed: int = 1, calls: int = 20_000) -> list[Call]:
    return [call for each in DemoCalls(now, seed=seed, calls=calls).slices() for call in each]


def days_through(first: date, last: date) -> set[str]:
    return {str(first + timedelta(days=day)) for day in range((last - first).days + 1)}


@pytest.fixture(scope="module")
def demo() -> DemoCalls:
    return DemoCalls(NOW, calls=SIZE)


@pytest.fixture(scope="module")
def calls(demo: DemoCalls) -> list[Call]:
    return [call for each in demo.slices() for call in each]


def calls_of_client(demo: DemoCalls, calls: list[Call], name: str) -> list[Call]:
    client_id = demo.organization.clients.ids[demo.organization.clients.names.index(name)]
    return [call for call in calls if call.client_id == client_id]


def calls_of_source(demo: DemoCalls, calls: list[Call], name: str) -> list[Call]:
    source_id = demo.organization.sources.ids[demo.organization.sources.names.index(name)]
    return [call for call in calls if call.source_id == source_id]


def test_the_same_seed_and_instant_give_the_same_calls() -> None:
    assert calls_until(NOW) == calls_until(NOW)


def test_another_seed_gives_other_calls() -> None:
    assert calls_until(NOW, seed=2)[:100] != calls_until(NOW)[:100]


def test_a_later_minute_of_the_day_only_adds_calls() -> None:
    earlier = calls_until(NOW - timedelta(hours=5))
    later = calls_until(NOW)

    assert later[: len(earlier)] == earlier
    assert len(later) > len(earlier)


def test_about_two_million_calls_are_planned_by_default() -> None:
    assert 1_980_000 < DemoCalls(NOW).planned < 2_020_000


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 1, 1, 0, 0, tzinfo=UTC),
        datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 12, 31, 12, 0, tzinfo=UTC),
    ],
)
def test_the_size_is_kept_whatever_the_day(now: datetime) -> None:
    assert 19_500 < len(calls_until(now)) < 20_300


def test_calls_fill_thirteen_months_up_to_the_minute(calls: list[Call]) -> None:
    assert {call.time[:10] for call in calls} == days_through(date(2025, 11, 1), date(2026, 11, 20))
    assert len({call.time[:7] for call in calls}) == 13
    assert "2026-11-20T13:20" < calls[-1].time < "2026-11-20T13:42"


def test_ids_are_unique_and_calls_come_in_the_order_of_time(demo: DemoCalls, calls: list[Call]) -> None:
    assert len({call.id for call in calls}) == len(calls)
    assert all(before.time <= after.time for before, after in pairwise(calls))
    assert max(len(each) for each in demo.slices()) <= SLICE_CALLS


def test_a_few_hundred_clients_and_thousands_of_accounts_call(calls: list[Call]) -> None:
    assert 280 <= len({call.client_id for call in calls}) <= 300
    assert len({call.account_id for call in calls}) > 3500
    assert len({call.user_id for call in calls}) > 1500
    assert 55 <= len({(call.method, call.route) for call in calls}) <= 60


def test_every_client_source_and_account_is_named_once_on_its_first_call(calls: list[Call]) -> None:
    firsts: dict[str, Call] = {}
    for call in calls:
        firsts.setdefault(call.client_id, call)

    assert all(call.client_name for call in firsts.values())
    assert sum(bool(call.client_name) for call in calls) == len(firsts)
    assert sum(bool(call.source_name) for call in calls) == len({c.source_id for c in calls} - {""})
    assert sum(bool(call.account_name) for call in calls) == len({c.account_id for c in calls} - {""})


def test_a_call_of_an_account_names_it_in_its_path(calls: list[Call]) -> None:
    of_accounts = [call for call in calls if call.account_id]

    assert all(call.account_id in call.path and call.source_id for call in of_accounts)
    assert all("{" not in call.path for call in calls)


def test_calls_grow_to_about_twice_their_number(calls: list[Call]) -> None:
    months = Counter(call.time[:7] for call in calls)

    assert 1.6 < months["2026-09"] / months["2025-11"] < 2.2


def test_weekends_and_nights_are_quiet_for_people(calls: list[Call]) -> None:
    of_people = [datetime.fromisoformat(call.time) for call in calls if call.user_id]
    weekdays = Counter(time.weekday() for time in of_people)
    hours = Counter(time.hour for time in of_people)

    assert weekdays[5] + weekdays[6] < weekdays[1] / 2
    assert hours[3] * 20 < hours[9]


def test_the_runaway_client_outdoes_all_others_in_its_week_only(demo: DemoCalls, calls: list[Call]) -> None:
    week = days_through(demo.story.runaway_from, demo.story.runaway_through)
    runaway = calls_of_client(demo, calls, RUNAWAY_CLIENT)

    in_week = [call for call in runaway if call.time[:10] in week]
    assert len(week) == 7
    assert len(in_week) > sum(call.time[:10] in week for call in calls) / 2
    assert len(runaway) - len(in_week) < len(in_week) / 50
    assert sum(call.status == 429 for call in in_week) > len(in_week) * 0.7


def test_on_the_outage_day_most_calls_fail_for_hours(demo: DemoCalls, calls: list[Call]) -> None:
    day = f"{demo.story.outage_day}T"
    outage = [call for call in calls if f"{day}08:40" <= call.time < f"{day}13:20"]
    failures = Counter(call.time[:10] for call in calls if call.status >= 500)

    assert sum(call.status >= 500 for call in outage) > len(outage) * 0.6
    assert failures.most_common(1)[0][0] == str(demo.story.outage_day)
    assert failures.most_common(2)[0][1] > failures.most_common(2)[1][1] * 5


def test_one_client_hands_over_to_its_successor(demo: DemoCalls, calls: list[Call]) -> None:
    retired = calls_of_client(demo, calls, RETIRED_CLIENT)
    successor = calls_of_client(demo, calls, SUCCESSOR_CLIENT)

    assert retired[-1].time[:10] <= str(demo.story.handover_day + timedelta(days=14))
    assert successor[0].time[:10] >= str(demo.story.handover_day - timedelta(days=14))
    assert min(len(retired), len(successor)) > 1000


def test_sources_are_busy_quiet_abandoned_and_unused(demo: DemoCalls, calls: list[Call]) -> None:
    counts = {name: len(calls_of_source(demo, calls, name)) for name in demo.organization.sources.names}

    assert len(counts) == 25
    assert [counts[name] for name in UNUSED_SOURCES] == [0, 0]
    assert all(0 < counts[name] < 50 for name in QUIET_SOURCES)
    assert sum(count > 1000 for count in counts.values()) >= 8
    assert calls_of_source(demo, calls, ABANDONED_SOURCE)[-1].time[:10] < str(demo.story.abandoned_day)


def test_many_accounts_have_gone_dormant(calls: list[Call]) -> None:
    last_seen = {call.account_id: call.time[:10] for call in calls if call.account_id}

    dormant = sum(day < "2026-08-20" for day in last_seen.values())
    assert 0.25 < dormant / len(last_seen) < 0.55


def test_statuses_and_measures_are_believable(calls: list[Call]) -> None:
    ordinary = Counter(call.status for call in calls if "2026-01" <= call.time < "2026-02")

    assert ordinary[200] > ordinary[201] > ordinary[404] > ordinary[500] > 0
    assert sum(count for status, count in ordinary.items() if 200 <= status < 300) > 0.9 * ordinary.total()
    assert all(call.duration_ms is not None and call.duration_ms >= 1 for call in calls)
    assert all((call.request_bytes is None) == (call.method in ("GET", "DELETE")) for call in calls)


@pytest.mark.parametrize(
    "today", [date(2026, 1, 1), date(2024, 2, 29), date(2026, 11, 20), date(2026, 12, 31)]
)
def test_the_story_lies_within_its_days(today: date) -> None:
    story = DemoStory.told_on(today)

    dates = [
        story.first_day,
        story.abandoned_day,
        story.handover_day,
        story.outage_day,
        story.runaway_from,
        story.runaway_through,
        story.today,
    ]
    assert dates == sorted(dates)
    assert 366 <= story.days <= 397
    assert story.first_day.day == 1
    assert story.runaway_from.weekday() == 0
    assert story.outage_day.weekday() == 1
