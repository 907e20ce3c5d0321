"""Running totals: any calls, any page, always the naive sum."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dialects.segment.segment_app import PER_SOURCE, WORKSPACE, SegmentApp
from tests.support.seeds import examples

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)

instants = st.builds(
    lambda hours, ms: datetime(2026, 1, 25, tzinfo=UTC) + timedelta(hours=hours, milliseconds=ms),
    st.integers(0, 24 * 70),
    st.sampled_from([-1, 0, 1]),
)
calls_of_acme = st.lists(
    st.tuples(instants, st.sampled_from(["", "a", "b", "B", "é", "source/1"])), max_size=25
)
months = st.sampled_from([date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)])

Calls = Sequence[tuple[datetime, str]]


@settings(max_examples=examples(40))
@given(calls_of_acme, months, st.integers(1, 40))
def test_every_row_is_the_naive_sum(calls: Calls, month: date, count: int) -> None:
    app = SegmentApp(known_calls=False)
    app.count(*({"time": at.isoformat(), "source_id": source_id} for at, source_id in calls))

    per_source, workspace = asyncio.run(_both(app, f"period={month}", count))

    assert per_source == _naive_per_source(calls, month)
    assert workspace == _naive_workspace(calls, month)


@settings(max_examples=examples(20))
@given(calls_of_acme, months)
def test_the_sources_of_a_day_add_up_to_the_workspace(calls: Calls, month: date) -> None:
    app = SegmentApp(known_calls=False)
    app.count(*({"time": at.isoformat(), "source_id": source_id} for at, source_id in calls))

    per_source, workspace = asyncio.run(_both(app, f"period={month}", 1000))

    sums = {day: sum(int(calls) for on, _, calls in per_source if on == day) for day, _ in workspace}
    assert sums == {day: int(calls) for day, calls in workspace}


async def _both(app: SegmentApp, period: str, count: int) -> tuple[list[Any], list[Any]]:
    async with app.visitor() as client:
        rows: dict[str, list[Any]] = {PER_SOURCE: [], WORKSPACE: []}
        for path, collected in rows.items():
            cursor: str | None = ""
            while cursor is not None:
                question = f"{path}?{period}&pagination.count={count}&pagination.cursor={cursor}"
                data = (await client.get(question)).json()["data"]
                pagination = data.pop("pagination")
                collected.extend(next(iter(data.values())))
                cursor = pagination.get("next")
            assert len(collected) == pagination["totalEntries"]
    app.threads.close()
    per_source = [(row["timestamp"], row["sourceId"], row["apiCalls"]) for row in rows[PER_SOURCE]]
    return per_source, [(row["timestamp"], row["apiCalls"]) for row in rows[WORKSPACE]]


def _naive_per_source(calls: Calls, month: date) -> list[tuple[str, str, str]]:
    counted = [
        (at.date(), source)
        for at, source in calls
        if _same_month(at.date(), month) and at.date() <= NOW.date()
    ]
    return [
        (_stamp(day), source, str(sum(on <= day and of == source for on, of in counted)))
        for day in _days(month)
        for source in sorted({source for _, source in counted})
    ]


def _naive_workspace(calls: Calls, month: date) -> list[tuple[str, str]]:
    days = [at.date() for at, _ in calls if _same_month(at.date(), month)]
    return [(_stamp(day), str(sum(on <= day for on in days))) for day in _days(month)]


def _days(month: date) -> list[date]:
    days = [month + timedelta(days=number) for number in range(31)]
    return [day for day in days if _same_month(day, month) and day <= NOW.date()]


def _same_month(day: date, month: date) -> bool:
    return (day.year, day.month) == (month.year, month.month)


def _stamp(day: date) -> str:
    return day.strftime("%Y-%m-%dT00:00:00Z")
