"""Laws that hold for any calls, however they come, from the sender's request to the answer."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from calltally.apply.applier import batch_of_frames
from calltally.journal.journal_reader import JournalReader
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from calltally.store.usage_store import UsageStore
from calltally.usage_query import Dimension, Metric, UsageQuery
from calltally.window import Granularity
from tests.properties.naive_meter import NaiveMeter
from tests.support.metering import ALL_TIME, NOON, Metering
from tests.support.seeds import examples

T = TypeVar("T")
SentCall = dict[str, Any]

QUICK = settings(max_examples=examples(100))

texts = st.sampled_from(["", "a", "b", "ä", "🦆"])
times = st.sampled_from(
    [
        "2026-03-15T11:59:00Z",
        "2026-03-15T11:59:00.0009Z",
        "2026-03-15T13:59:00+02:00",
        "2026-03-15T00:00:00Z",
        "2026-03-14T23:59:59.9999Z",
        "2026-03-01T00:30:00+01:00",
        "2026-02-08T12:00:00Z",
    ]
)
contents = st.fixed_dictionaries(
    {"time": times},
    optional={
        "client_id": texts,
        "user_id": texts,
        "source_id": texts,
        "account_id": texts,
        "method": st.sampled_from(["GET", "get", "PUT"]),
        "route": st.sampled_from(["", "/own/{x}"]),
        "path": st.sampled_from(["", "/users/17", "/users/18?a=b", "/users/18#c", "/own"]),
        "status": st.sampled_from([0, 101, 200, 204, 302, 404, 429, 500, 599]),
        "duration_ms": st.sampled_from([None, 0, 1, 2**63 - 1]),
        "client_name": texts,
    },
)
ids = st.fixed_dictionaries({"id": st.sampled_from("123456")}, optional={"origin": texts})
wrong = st.sampled_from([{"status": 99}, {"status": 600}, {"time": "2026-02-08T11:59:59.999Z"}])
calls = st.one_of(
    *[st.builds(lambda one, two: {**one, **two}, ids, contents)] * 7,
    st.builds(lambda one, two, three: {**one, **two, **three}, ids, contents, wrong),
)
batches = st.lists(st.lists(calls, max_size=8), max_size=6)


def metered(law: Callable[[Metering], Awaitable[T]]) -> T:
    """What is found with a new meter that runs meanwhile."""

    async def run() -> T:
        with tempfile.TemporaryDirectory() as folder:
            meter = Metering(Path(folder))
            await meter.up()
            try:
                return await law(meter)
            finally:
                await meter.down()

    return asyncio.run(run())


async def told(meter: Metering, batch: list[SentCall]) -> list[str]:
    """The verdict of each call of a request."""
    receipt = await meter.send(*batch)
    verdicts = dict.fromkeys(range(len(batch)), "accepted")
    verdicts.update({verdict.index: str(verdict.verdict) for verdict in receipt.verdicts})
    assert receipt.accepted == list(verdicts.values()).count("accepted")
    return list(verdicts.values())


async def answers(meter: Metering) -> list[Any]:
    """What is counted, by each dimension and by day."""
    tables = [await meter.table(dimension) for dimension in Dimension]
    by_day = await meter.table(Dimension.CLIENT_ID, Dimension.STATUS, granularity=Granularity.DAY)
    return [*tables, by_day]


@QUICK
@given(batches, st.sets(st.integers(0, 6)))
def test_every_verdict_answer_and_book_equals_a_naive_count_also_over_restarts(
    sent: list[list[SentCall]], restarts: set[int]
) -> None:
    async def law(meter: Metering) -> None:
        naive = NaiveMeter(NOON)
        for number, batch in enumerate(sent):
            if number in restarts:
                await meter.restart()
            assert await told(meter, batch) == [naive.take(call) for call in batch]

        for dimension in Dimension:
            assert await meter.table(dimension) == naive.table(dimension)
        pair = Dimension.ROUTE, Dimension.ACCOUNT_ID
        assert await meter.table(*pair) == naive.table(*pair)
        verdicts = ("accepted", "duplicate", "conflict", "rejected")
        total = naive.verdicts.total()
        books = (total, *(naive.verdicts[verdict] for verdict in verdicts))
        assert list((await meter.books()).values()) == ([books] if total else [])

    metered(law)


@QUICK
@given(st.dictionaries(st.sampled_from("12345678"), contents, min_size=1), st.data())
def test_any_order_and_batching_of_the_same_calls_gives_the_same_answers(
    content_of: dict[str, SentCall], data: st.DataObject
) -> None:
    all_calls = [{"id": id_, **content} for id_, content in content_of.items()]
    shuffled = data.draw(st.permutations(all_calls + all_calls[:3]))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(shuffled)))))
    parts = [shuffled[start:end] for start, end in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]

    async def at_once(meter: Metering) -> list[Any]:
        await meter.send(*all_calls)
        return await answers(meter)

    async def in_parts(meter: Metering) -> list[Any]:
        await asyncio.gather(*(meter.send(*part) for part in parts))
        return await answers(meter)

    assert metered(at_once) == metered(in_parts)


@QUICK
@given(batches)
def test_sending_everything_again_accepts_nothing_and_changes_no_answer(sent: list[list[SentCall]]) -> None:
    async def law(meter: Metering) -> None:
        for batch in sent:
            await meter.send(*batch)
        before = await answers(meter)
        again = [verdict for batch in sent for verdict in await told(meter, batch)]

        assert "accepted" not in again
        assert await answers(meter) == before

    metered(law)


@settings(QUICK, max_examples=examples(15))
@given(batches, st.lists(st.integers(1, 9), min_size=1), st.integers(0, 6))
def test_replaying_the_journal_in_other_pieces_gives_the_same_answers(
    sent: list[list[SentCall]], sizes: list[int], opened_again_after: int
) -> None:
    async def law(meter: Metering) -> None:
        for batch in sent:
            await meter.send(*batch)
        await meter.settled()
        journal = meter.meter.journal
        with tempfile.TemporaryDirectory() as folder:
            copy = DuckDBUsageStore(Path(folder) / "store", threads=1)
            replay(copy, journal.reader(0), sizes[:opened_again_after])
            copy.close()
            copy = DuckDBUsageStore(Path(folder) / "store", threads=1)
            replay(copy, journal.reader(copy.position), sizes)
            replay(copy, journal.reader(copy.position), [10**9])

            assert copy.position == meter.store.position == len(list(filter(None, sent)))
            assert told_by(copy) == told_by(meter.store)
            assert copy.outcomes("acme") == meter.store.outcomes("acme")
            copy.close()

    metered(law)


def replay(store: UsageStore, journal: JournalReader, sizes: list[int]) -> None:
    """Applies what is left of a journal, in pieces of about so many calls, as far as they go."""
    for size in sizes:
        if frames := journal.read(size):
            store.apply(batch_of_frames(frames))


def told_by(store: UsageStore) -> list[Any]:
    """A store's own answers to many questions."""
    query = UsageQuery(organization="acme", window=ALL_TIME, metrics=tuple(Metric))
    asked = [replace(query, group_by=(dimension,)) for dimension in Dimension]
    asked += [replace(query, granularity=granularity) for granularity in Granularity]
    return [store.usage(each) for each in asked]
