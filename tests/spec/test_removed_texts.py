"""Texts that nothing has any more after pruning make room for others; what is counted stays exact."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from calltally.dictionary import Kind, TextNumbers
from calltally.errors import CalltallyError
from calltally.ingest.text_bounds import TextLimits
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from calltally.usage_query import Dimension, Metric, UsageQuery
from calltally.window import Window, midnight
from calltally.wiring import MeterOptions
from tests.support.metering import ALL_TIME, LastingMetering, Metering, a_call

OLD, FIRST_KEPT = "2026-03-10T12:00:00Z", date(2026, 3, 12)


@pytest.fixture(
    params=[(True, False), (True, True), (False, False)], ids=["native", "reference", "in-memory"]
)
async def meter(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Metering]:
    is_lasting, by_reference = request.param
    options = MeterOptions(text_limits=TextLimits(of_kind=2))
    metering = (LastingMetering if is_lasting else Metering)(
        tmp_path, options=options, by_reference=by_reference
    )
    await metering.up()
    yield metering
    await metering.down()


async def prune(meter: Metering) -> int:
    """Prunes the days before the first kept; how many texts went."""
    return (await meter.meter.maintenance.prune(FIRST_KEPT, FIRST_KEPT)).texts


async def kept(meter: Metering, dimension: Dimension = Dimension.CLIENT_ID) -> dict[str, int]:
    """The calls since the first day kept."""
    query = UsageQuery(
        organization="acme",
        window=Window(midnight(FIRST_KEPT), ALL_TIME.end),
        group_by=(dimension,),
        metrics=(Metric.CALLS,),
    )
    return dict((await meter.meter.engine.usage(query)).value.rows)  # type: ignore[arg-type]


def while_it_looks(
    monkeypatch: pytest.MonkeyPatch, meter: Metering, work: Callable[[], Any], *, before: bool
) -> None:
    """Does something on the event loop right before or after the store looks for unused texts."""
    loop, look = asyncio.get_running_loop(), meter.meter.store.unused_texts

    def looking() -> TextNumbers:
        if before:
            asyncio.run_coroutine_threadsafe(work(), loop).result()
        found = look()
        if not before:
            asyncio.run_coroutine_threadsafe(work(), loop).result()
        return found

    monkeypatch.setattr(meter.meter.store, "unused_texts", looking)


async def test_what_pruning_leaves_unused_makes_room_for_others(meter: Metering) -> None:
    await meter.send(a_call("1", time=OLD, client_id="a", user_id="u"), a_call("2", client_id="b"))
    full = await meter.send(a_call("3", client_id="c"))
    removed = await prune(meter)

    after = await meter.send(a_call("3", client_id="c"), a_call("4", client_id="d"))

    assert (full.rejected, removed) == (1, 2)
    assert [(one.index, one.verdict, one.field) for one in after.verdicts] == [(1, "rejected", "client_id")]
    assert await kept(meter) == {"b": 1, "c": 1}
    assert await meter.differences() == []


async def test_after_a_restart_removed_texts_are_still_gone(meter: Metering) -> None:
    await meter.send(a_call("1", time=OLD, client_id="a"), a_call("2", client_id="b"))
    await prune(meter)
    memory = meter.meter.store.dictionary.memory
    await meter.restart()

    assert meter.meter.store.dictionary.count(Kind.CLIENT) == 1
    assert meter.meter.store.dictionary.memory == memory
    assert (await meter.send(a_call("3", client_id="c"))).accepted == 1
    await meter.restart()
    assert await kept(meter) == {"b": 1, "c": 1}


async def test_a_removed_text_that_comes_again_is_counted_as_a_new_one(meter: Metering) -> None:
    await meter.send(a_call("1", time=OLD, client_id="a"), a_call("2", client_id="b"))
    await prune(meter)

    again = await meter.send(
        a_call("1", client_id="a"), a_call("2", client_id="b"), a_call("3", client_id="a")
    )
    await meter.restart()

    assert (again.accepted, again.conflict, again.duplicate) == (1, 1, 1)
    assert await kept(meter) == {"a": 1, "b": 1}
    assert await meter.differences() == []


async def test_texts_stay_while_counts_have_them(meter: Metering) -> None:
    await meter.send(a_call("1", time=OLD, client_id="a", origin="o"))

    report = await meter.meter.maintenance.prune(FIRST_KEPT, None)

    assert report.texts == 1  # counts do not tell origins apart
    assert await meter.calls(client_id="a") == 1


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
async def test_a_text_that_a_call_brings_while_unused_ones_are_looked_for_stays(
    meter: Metering, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    await meter.send(a_call("1", time=OLD, client_id="a"), a_call("2", time=OLD, client_id="b"))
    number = meter.meter.store.dictionary.find(Kind.CLIENT, 1, "a")
    while_it_looks(monkeypatch, meter, lambda: meter.send(a_call("3", client_id="a")), before=before)

    removed = await prune(meter)

    assert removed == 1
    assert meter.meter.store.dictionary.find(Kind.CLIENT, 1, "a") == number
    await meter.send(a_call("4", client_id="a"))
    await meter.restart()
    assert await kept(meter) == {"a": 2}
    assert await meter.differences() == []


async def test_a_text_that_is_new_while_unused_ones_are_looked_for_stays(
    meter: Metering, monkeypatch: pytest.MonkeyPatch
) -> None:
    await meter.send(a_call("1", time=OLD, client_id="a"))
    while_it_looks(monkeypatch, meter, lambda: meter.send(a_call("2", client_id="b")), before=True)

    assert await prune(meter) == 1
    assert await kept(meter) == {"b": 1}


async def test_a_removal_that_ends_half_way_harms_nothing_and_the_next_one_ends_it(
    meter: Metering, monkeypatch: pytest.MonkeyPatch
) -> None:
    await meter.send(a_call("1", time=OLD, client_id="a"), a_call("2", time=OLD, client_id="b"))

    def fail(_: TextNumbers) -> None:
        raise CalltallyError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(meter.meter.store, "remove_texts", fail)
        with pytest.raises(CalltallyError, match="the disk is full"):
            await prune(meter)
    await meter.send(a_call("3", client_id="a"))
    await meter.restart()
    await meter.send(a_call("4", client_id="a"))
    counted = await kept(meter)
    removed = await prune(meter)
    await meter.restart()

    assert removed == 2
    assert counted == await kept(meter) == {"a": 2}
    assert meter.meter.store.dictionary.count(Kind.CLIENT) == 1
    assert await meter.differences() == []


async def test_an_erased_user_is_removed_like_any_other_and_a_later_one_erased_again(meter: Metering) -> None:
    await meter.send(a_call("1", time=OLD, user_id="u", path="/users/u"), a_call("2", user_id="v"))
    await meter.meter.maintenance.erase("acme", Kind.USER, "u", "ann", "asked to")
    await prune(meter)
    await meter.send(a_call("3", user_id="u", path="/users/u"))
    replacement = await meter.meter.maintenance.erase("acme", Kind.USER, "u", "ann", "asked to")
    await meter.restart()

    assert await kept(meter, Dimension.USER_ID) == {replacement: 1, "v": 1}
    assert await kept(meter, Dimension.ROUTE) == {"": 1, f"/users/{replacement}": 1}
    assert await meter.differences() == []


async def test_calls_that_name_a_client_whose_text_was_removed_are_counted(
    meter: Metering,
) -> None:
    named = {"client_id": "a", "client_name": "Shop"}
    await meter.send(a_call("1", time=OLD, **named))
    await prune(meter)
    await meter.send(a_call("2", **named), a_call("3", **named))

    assert await kept(meter) == {"a": 2}


async def test_a_recount_finds_calls_whose_text_is_missing(tmp_path: Path) -> None:
    meter = LastingMetering(tmp_path)
    await meter.up()
    await meter.send(a_call("1", client_id="a"))
    await meter.settled()
    assert isinstance(meter.meter.store, DuckDBUsageStore)
    meter.meter.store._writer.execute("DELETE FROM dictionary WHERE kind = 2")

    (difference,) = await meter.differences()

    assert (difference.what, difference.organization, difference.key) == ("texts of client", "acme", "id 1")
    meter.meter.store._writer.execute("INSERT INTO dictionary VALUES (2, 1, 1, 'a', FALSE)")
    await meter.down()
