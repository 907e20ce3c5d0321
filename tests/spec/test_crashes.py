"""What was acknowledged holds after a crash: corrections, erasures and seals like calls."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from pathlib import Path

import pytest
import pytest_asyncio

from calltally.dictionary import Kind
from calltally.errors import BusyError
from calltally.store.memory.memory_store import MemoryUsageStore
from calltally.usage_query import Dimension
from calltally.wiring import MeterOptions
from tests.support.metering import Metering, a_call

Crash = Callable[[], Awaitable[Metering]]
DAY = ("2026-03-15T00:00:00+00:00", "2026-03-16T00:00:00+00:00")


@pytest_asyncio.fixture
async def crash(meter: Metering, tmp_path: Path) -> AsyncIterator[Crash]:
    """Gives the meter that starts with what is on disk and with nothing in its store yet."""
    started: list[Metering] = []

    async def after_the_crash() -> Metering:
        shutil.copytree(tmp_path / "journal", tmp_path / "after" / "journal")
        store = MemoryUsageStore()
        store._identity_key = meter.store.identity_key
        started.append(Metering(tmp_path / "after", store))
        await started[-1].up()
        return started[-1]

    yield after_the_crash
    for one in started:
        await one.down()


async def test_corrections_that_the_store_had_not_taken_hold(meter: Metering, crash: Crash) -> None:
    await meter.send(a_call("1", client_id="a"), a_call("2", client_id="a"), a_call("3", client_id="a"))
    await meter.cancel("1")
    await meter.amend(a_call("2", client_id="b"))
    await meter.replace(*DAY, a_call("4", client_id="a"), client_id="a")
    again = await crash()

    receipt = await again.send(
        *(a_call(id_, client_id="a") for id_ in ("1", "2", "3", "4")), a_call("2", client_id="b")
    )

    assert (receipt.accepted, receipt.duplicate, receipt.conflict) == (0, 4, 1)
    rows = await again.table(Dimension.CLIENT_ID)
    assert [row[:2] for row in rows] == [("a", 1), ("b", 1)]
    assert await again.differences() == []


async def test_an_erasure_that_the_store_had_not_taken_holds(meter: Metering, crash: Crash) -> None:
    await meter.send(a_call("1", user_id="who"))
    now_ms = meter.clock.now_ms()
    position = meter.meter.step.erase(Kind.USER, "acme", "who", "erased-1", "ann", "asked", now_ms)
    await meter.send(a_call("2", user_id="who"))
    await meter.meter.journal.durable.reached(position)
    again = await crash()

    await again.send(a_call("3", user_id="who"))

    rows = await again.table(Dimension.USER_ID)
    assert [row[:2] for row in rows] == [("erased-1", 1), ("who", 2)]


async def test_corrections_wait_for_their_turn_only_so_long(tmp_path: Path) -> None:
    meter = Metering(tmp_path, options=MeterOptions(answer_timeout=0.2))
    await meter.up()
    await meter.send(a_call())
    async with meter.meter.maintenance._lock:
        with pytest.raises(BusyError, match="is running"):
            await meter.cancel("c-1")

    await meter.cancel("c-1")
    assert await meter.calls() == 0
    await meter.down()


async def test_a_correction_is_made_though_nobody_waits_for_it(meter: Metering) -> None:
    await meter.send(a_call())
    waiting = asyncio.create_task(meter.cancel("c-1"))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await meter.meter.maintenance.finished()

    assert await meter.calls() == 0


async def test_days_are_pruned_while_calls_for_them_come_in(any_meter: Metering) -> None:
    accepted = 0
    sealed = asyncio.Event()

    async def keep_sending() -> None:
        nonlocal accepted
        number = 0
        while not sealed.is_set():
            calls = [a_call(f"{number}-{i}", time=f"2026-03-1{i}T12:00:00Z") for i in range(5)]
            accepted += (await any_meter.send(*calls)).accepted
            number += 1

    sending = asyncio.create_task(keep_sending())
    await asyncio.sleep(0.1)
    await any_meter.meter.maintenance.prune(date(2026, 3, 13), None)
    sealed.set()
    await sending

    assert await any_meter.calls() == accepted
    assert await any_meter.differences() == []


async def test_many_corrections_at_once_take_turns(any_meter: Metering) -> None:
    await any_meter.send(*(a_call(str(number), client_id="0") for number in range(10)))

    await asyncio.gather(
        *(any_meter.amend(a_call("1", client_id=str(number))) for number in range(1, 6)),
        *(any_meter.cancel(str(number)) for number in range(2, 6)),
        *(any_meter.send(a_call(f"x{number}", client_id="x")) for number in range(20)),
    )

    rows = {row[0]: row[1] for row in await any_meter.table(Dimension.CLIENT_ID)}
    assert (rows.pop("x"), rows.pop("0")) == (20, 5)
    assert list(rows.values()) == [1]
    assert await any_meter.differences() == []
