"""Laws of counting that hold for any calls, in any batches, however they lie in the store."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from calltally.call import Call
from calltally.store.duckdb.compaction import CompactionLimits
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from calltally.store.memory.memory_store import MemoryUsageStore
from calltally.store.usage_store import UsageStore
from calltally.unstored_calls import NONE_UNSTORED
from calltally.usage_query import START, Dimension, Metric, Ordering, UsageQuery
from calltally.window import Granularity, Window
from tests.call_batches import a_call, batch_of, unstored_of
from tests.support.seeds import examples

EAGER = CompactionLimits(fresh_rows=1, merged_rows=4, runs_of_month=2, fresh_calls=4, packed_at_once=3)
YEARS = Window(datetime(1969, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
QUICK = settings(max_examples=examples(20, deep=1000))

_SPRING = datetime(2026, 3, 27, 20, tzinfo=UTC)
_AUTUMN = datetime(2026, 10, 23, 20, tzinfo=UTC)
_LORD_HOWE = datetime(2026, 4, 4, 13, tzinfo=UTC)

instants = st.builds(
    lambda around, minutes, milliseconds: around + timedelta(minutes=minutes, milliseconds=milliseconds),
    st.sampled_from(
        [_SPRING, _AUTUMN, _LORD_HOWE, datetime(2025, 12, 30, tzinfo=UTC), datetime(1969, 12, 31, tzinfo=UTC)]
    ),
    st.integers(0, 3 * 24 * 60),
    st.sampled_from([0, 1, 59_999]),
)
texts = st.sampled_from(["", "a", "b", "ä", "it's", "🦆"])
calls = st.builds(
    lambda at, **fields: a_call(time=at.isoformat(), **fields),
    instants,
    organization=st.sampled_from(["acme", "acme", "acme", "globex"]),
    client_id=texts,
    user_id=texts,
    source_id=texts,
    account_id=texts,
    route=texts,
    method=st.sampled_from(["GET", "PUT"]),
    status=st.sampled_from([0, 101, 200, 204, 302, 404, 429, 500]),
)
batches = st.lists(st.lists(calls, max_size=12), min_size=1, max_size=5)
windows = st.one_of(
    st.just(Window(datetime(1969, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))),
    st.builds(lambda one, other: Window(min(one, other), max(one, other)), instants, instants),
)
values = {
    Dimension.STATUS: st.sampled_from(["0", "200", "429", "x"]),
    Dimension.STATUS_CLASS: st.sampled_from(["2xx", "4xx", "none", "x"]),
    Dimension.METHOD: st.sampled_from(["GET", "PUT", "POST"]),
}
zones = st.sampled_from(
    [
        "UTC",
        "UTC",
        "UTC",
        "Europe/Berlin",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "America/Santiago",
        "Africa/Abidjan",
    ]
)


@st.composite
def queries(draw: st.DrawFn) -> UsageQuery:
    group_by = tuple(draw(st.lists(st.sampled_from(Dimension), unique=True, max_size=4)))
    metrics = tuple(draw(st.lists(st.sampled_from(Metric), unique=True, min_size=1)))
    filtered = draw(st.lists(st.sampled_from(Dimension), unique=True, max_size=2))
    query = UsageQuery(
        organization=draw(st.sampled_from(["acme", "acme", "globex", "unknown"])),
        window=draw(windows),
        granularity=draw(st.sampled_from(Granularity)),
        time_zone=draw(zones),
        group_by=group_by,
        where={one: draw(st.frozensets(values.get(one, texts), min_size=1, max_size=3)) for one in filtered},
        metrics=metrics,
        limit=draw(st.one_of(st.none(), st.integers(0, 5))),
        offset=draw(st.sampled_from([0, 0, 2])),
    )
    columns = draw(st.lists(st.sampled_from(query.columns), unique=True, max_size=2))
    order_by = tuple(Ordering(column, draw(st.booleans())) for column in columns)
    return replace(query, order_by=order_by)


@contextmanager
def a_store() -> Iterator[tuple[DuckDBUsageStore, Path]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.duckdb"
        store = DuckDBUsageStore(path, limits=EAGER, threads=1)
        try:
            yield store, path
        finally:
            store.close()


def counted(store: UsageStore, batches_of_calls: list[list[Call]], *, compacting: bool = False) -> None:
    for one in batches_of_calls:
        store.apply(batch_of(store, *one))
        while compacting and store.compact():
            pass


@QUICK
@given(batches, st.lists(queries(), min_size=4, max_size=8), st.booleans())
def test_any_question_has_the_same_answer_as_counting_call_by_call(
    given_batches: list[list[Call]], asked: list[UsageQuery], compacting: bool
) -> None:
    plain = MemoryUsageStore()
    counted(plain, given_batches)
    with a_store() as (store, _):
        counted(store, given_batches, compacting=compacting)

        assert [store.usage(query) for query in asked] == [plain.usage(query) for query in asked]


@QUICK
@given(batches, st.lists(queries(), min_size=4, max_size=8), st.data())
def test_no_answer_tells_which_calls_the_store_has_taken(
    given_batches: list[list[Call]], asked: list[UsageQuery], data: st.DataObject
) -> None:
    plain = MemoryUsageStore()
    counted(plain, given_batches)
    answers = [plain.usage(query) for query in asked]
    known = data.draw(
        st.integers(0, len(given_batches)), "batches that the store held when the rest was read"
    )
    taken = data.draw(st.integers(known, len(given_batches)), "batches held when asked")
    with a_store() as (store, _):
        counted(store, given_batches[:known], compacting=True)
        rest = [
            batch_of(store, *one, position=position)
            for position, one in enumerate(given_batches[known:], known + 1)
        ]
        lacking = unstored_of(*rest) if rest else NONE_UNSTORED
        for batch in rest[: taken - known]:
            store.apply(batch)

        assert [store.usage(query, lacking) for query in asked] == answers
        for source in ("", "a", "ä", "unknown"):
            activity = store.source_activity("acme", source, YEARS, lacking)
            assert activity == plain.source_activity("acme", source, YEARS)
            has_accounts = store.source_has_accounts("acme", source, lacking)
            assert has_accounts == plain.source_has_accounts("acme", source)


@settings(QUICK, max_examples=examples(5))
@given(batches, st.lists(queries(), min_size=4, max_size=8))
def test_neither_batching_nor_merging_nor_opening_again_changes_an_answer(
    given_batches: list[list[Call]], asked: list[UsageQuery]
) -> None:
    everything = [call for one in given_batches for call in one]
    with a_store() as (store, path), a_store() as (other, _):
        counted(store, given_batches)
        counted(other, [[call] for call in reversed(everything)], compacting=True)
        answers = [store.usage(query) for query in asked]

        assert [other.usage(query) for query in asked] == answers
        while store.compact():
            assert store.usage(asked[0]) == answers[0]
        store.close()
        again = DuckDBUsageStore(path)
        assert [again.usage(query) for query in asked] == answers
        again.close()


@settings(QUICK, max_examples=examples(25))
@given(batches, queries(), instants)
def test_a_window_split_in_two_adds_up_to_the_whole(
    given_batches: list[list[Call]], asked: UsageQuery, at: datetime
) -> None:
    window = asked.window
    middle = min(max(at, window.start), window.end)
    metrics = tuple(metric for metric in Metric if metric is not Metric.ACTIVE_DAYS)
    whole = replace(asked, metrics=metrics, order_by=(), limit=None, offset=0)
    with a_store() as (store, _):
        counted(store, given_batches)
        parts = [
            replace(whole, window=Window(window.start, middle)),
            replace(whole, window=Window(middle, window.end)),
        ]

        assert sums(store, *parts) == sums(store, whole)


def sums(store: UsageStore, *asked: UsageQuery) -> dict[tuple[object, ...], list[int]]:
    """The metrics by group, added up over the questions."""
    added: dict[tuple[object, ...], list[int]] = {}
    for query in asked:
        keys = len(query.columns) - len(query.metrics)
        for row in store.usage(query).rows:
            before = added.setdefault(row[:keys], [0] * len(query.metrics))
            added[row[:keys]] = [one + int(other) for one, other in zip(before, row[keys:], strict=True)]  # type: ignore[arg-type]
    return added


@settings(QUICK, max_examples=examples(10))
@given(batches)
def test_source_activity_is_the_same_as_counting_call_by_call(given_batches: list[list[Call]]) -> None:
    plain = MemoryUsageStore()
    counted(plain, given_batches)
    with a_store() as (store, _):
        counted(store, given_batches, compacting=True)

        for source in ("", "a", "b", "unknown"):
            assert store.source_activity("acme", source, YEARS) == plain.source_activity(
                "acme", source, YEARS
            )
            assert store.source_has_accounts("acme", source) == plain.source_has_accounts("acme", source)


@settings(QUICK, max_examples=examples(15))
@given(batches)
def test_hours_add_up_to_their_day(given_batches: list[list[Call]]) -> None:
    every_hour = UsageQuery(
        organization="acme",
        window=Window(datetime(1969, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        granularity=Granularity.HOUR,
    )
    with a_store() as (store, _):
        counted(store, given_batches)
        by_day: dict[object, int] = {}
        for record in store.usage(every_hour).records():
            start = record[START]
            assert isinstance(start, datetime)
            day = start.replace(hour=0)
            by_day[day] = by_day.get(day, 0) + int(record["calls"])  # type: ignore[arg-type]

        days = store.usage(replace(every_hour, granularity=Granularity.DAY)).records()
        assert by_day == {record[START]: record["calls"] for record in days}
