"""Laws that hold for any calls and any corrections of them."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from calltally.call import CallName
from calltally.call_batch import Correction
from calltally.dictionary import Kind
from calltally.errors import InvalidInputError, NotFoundError
from calltally.usage_query import Dimension
from calltally.window import Granularity
from tests.properties.naive_ledger import NaiveLedger
from tests.properties.naive_meter import identity_of
from tests.properties.test_counting_laws import calls, contents
from tests.support.metering import NOON, LastingMetering, Metering
from tests.support.seeds import examples

SentCall = dict[str, Any]
Counted = tuple[int, int, int]

DAYS = [datetime(2026, 2, 8, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 15, tzinfo=UTC)]

identities = st.tuples(st.sampled_from("123456"), st.sampled_from(["", "", "", "a"]))
sound_calls = st.builds(
    lambda id_, content: {"id": id_[0], "origin": id_[1], **content}, identities, contents
)
some_calls = st.lists(sound_calls, max_size=3, unique_by=identity_of)
sends = st.tuples(st.just("send"), st.lists(calls, min_size=1, max_size=6))
cancels = st.tuples(st.just("cancel"), st.lists(identities, min_size=1, max_size=3))
amends = st.tuples(st.just("amend"), some_calls.filter(len))
replaces = st.tuples(
    st.just("replace"),
    st.tuples(st.sampled_from(DAYS), st.none() | st.sampled_from(["", "a"]), some_calls),
)
restarts = st.tuples(st.just("restart"), st.none())
deeds = st.lists(st.one_of(sends, sends, cancels, amends, replaces, restarts), max_size=10)


@settings(max_examples=examples(150))
@given(deeds)
def test_every_answer_equals_a_naive_count_after_any_calls_and_corrections(
    done: list[tuple[str, Any]],
) -> None:
    run(Metering, lambda meter: equals_a_naive_count(meter, done))


@settings(max_examples=examples(15))
@given(deeds)
def test_so_it_does_with_the_embedded_store(done: list[tuple[str, Any]]) -> None:
    run(LastingMetering, lambda meter: equals_a_naive_count(meter, done))


async def equals_a_naive_count(meter: Metering, done: list[tuple[str, Any]]) -> None:
    naive = NaiveLedger(NOON)
    for deed, what in done:
        if deed == "send":
            receipt = await meter.send(*what)
            verdicts = [naive.take(call) for call in what]
            assert receipt.accepted == verdicts.count("accepted")
            assert receipt.rejected == verdicts.count("rejected")
        elif deed == "restart":
            await meter.restart()
        else:
            assert await corrected(meter, deed, what) == expected(naive, deed, what)

    for dimension in Dimension:
        assert await meter.table(dimension) == naive.table(dimension)
    total = naive.verdicts.total()
    kinds = ("accepted", "duplicate", "conflict", "rejected")
    books = (total, *(naive.verdicts[kind] for kind in kinds))
    assert list((await meter.books()).values()) == ([books] if total else [])
    reasons = meter.meter.store.rejections("acme").values()
    assert sum(sum(codes.values()) for codes in reasons) == naive.verdicts["rejected"]
    assert await meter.differences() == []


async def corrected(meter: Metering, deed: str, what: Any) -> Counted | None:
    """How many rows a correction brought; None when it was refused."""
    try:
        return counted(await _correct(meter, deed, what))
    except (InvalidInputError, NotFoundError):
        return None


def counted(correction: Correction) -> Counted:
    return correction.withdrawn, correction.restated, correction.added


async def _correct(meter: Metering, deed: str, what: Any) -> Correction:
    if deed == "cancel":
        return await meter.cancel(*(CallName(origin, id_) for id_, origin in what))
    if deed == "amend":
        return await meter.amend(*what)
    start, client, new = what
    where = {} if client is None else {"client_id": client}
    return await meter.replace(start.isoformat(), end_of(start).isoformat(), *new, **where)


def expected(naive: NaiveLedger, deed: str, what: Any) -> Counted | None:
    match deed:
        case "cancel":
            return naive.cancel(what)
        case "amend":
            return naive.amend(what)
    start, client, new = what
    return naive.replace(start, end_of(start), client, new)


def end_of(start: datetime) -> datetime:
    """The range that begins with a day goes on for 16 days."""
    return datetime.fromtimestamp(start.timestamp() + 16 * 86_400, UTC)


@settings(max_examples=examples(40))
@given(st.lists(st.lists(sound_calls, max_size=6), max_size=4), st.sampled_from(["a", "b", "ä"]), deeds)
def test_an_erasure_changes_a_name_and_no_number(
    sent: list[list[SentCall]], text: str, later: Sequence[tuple[str, Any]]
) -> None:
    async def law(meter: Metering) -> None:
        for batch in sent:
            await meter.send(*batch)
        before = await meter.table(Dimension.USER_ID, Dimension.METHOD)
        replacement = await meter.meter.maintenance.erase("acme", Kind.USER, text, "ann", "test")
        after = await meter.table(Dimension.USER_ID, Dimension.METHOD)

        renamed = [(replacement if row[0] == text else row[0], *row[1:]) for row in before]
        assert sorted(after) == sorted(renamed)
        for deed, what in later:
            if deed in ("cancel", "amend", "replace"):
                await corrected(meter, deed, what)
        assert await meter.differences() == []

    run(Metering, law)


@settings(max_examples=examples(40))
@given(deeds, st.sampled_from([date(2026, 2, 9), date(2026, 3, 1), date(2026, 3, 15)]), deeds)
def test_pruning_changes_no_count_of_a_day_and_lets_no_call_in_for_it_again(
    earlier: list[tuple[str, Any]], before: date, later: list[tuple[str, Any]]
) -> None:
    async def law(meter: Metering) -> None:
        await do(meter, earlier)
        days = await counts_by_day(meter)
        await meter.meter.maintenance.prune(before, None)
        assert await counts_by_day(meter) == days

        await do(meter, later)

        sealed = {day: row for day, row in days.items() if day < before}
        assert {day: row for day, row in (await counts_by_day(meter)).items() if day < before} == sealed
        assert await meter.differences() == []

    run(Metering, law)


async def do(meter: Metering, done: list[tuple[str, Any]]) -> None:
    for deed, what in done:
        if deed == "send":
            await meter.send(*what)
        elif deed == "restart":
            await meter.restart()
        else:
            await corrected(meter, deed, what)


async def counts_by_day(meter: Metering) -> dict[date, tuple[int, ...]]:
    rows = await meter.table(granularity=Granularity.DAY)
    return {row[0].date(): row[1:] for row in rows}


def run(kind: type[Metering], law: Callable[[Metering], Awaitable[None]]) -> None:
    """Lets a law look at a new meter that runs meanwhile."""

    async def with_a_meter() -> None:
        with tempfile.TemporaryDirectory() as folder:
            meter = kind(Path(folder))
            await meter.up()
            try:
                await law(meter)
            finally:
                await meter.down()

    asyncio.run(with_a_meter())
