"""An answer has every call that was acknowledged before it was asked, wherever that call lies by then."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from calltally.usage_query import Dimension
from calltally.wiring import MeterOptions
from tests.support.metering import LastingMetering, a_call


@pytest_asyncio.fixture
async def meter(tmp_path: Path) -> AsyncIterator[LastingMetering]:
    metering = LastingMetering(tmp_path)
    await metering.up()
    yield metering
    await metering.down()


async def test_answers_do_not_wait_for_a_store_that_takes_nothing_at_present(meter: LastingMetering) -> None:
    await meter.send(a_call("1", client_id="a"))
    await meter.settled()

    with meter.store._writing:  # type: ignore[attr-defined] # as while a disk stalls
        await meter.send(a_call("2", client_id="a"), a_call("3", client_id="b"), a_call("1", client_id="a"))
        early = await meter.table(Dimension.CLIENT_ID)
        await meter.send(a_call("4", client_id="b"))
        later = await meter.calls()

    await meter.settled()
    assert [row[:2] for row in early] == [("a", 2), ("b", 1)]
    assert later == await meter.calls() == 4
    assert await meter.differences() == []


async def test_an_answer_waits_for_the_store_when_that_lacks_very_much(meter: LastingMetering) -> None:
    meter.meter.applier._tail._most_calls = 2
    with meter.store._writing:  # type: ignore[attr-defined]
        for number in range(4):
            await meter.send(a_call(str(number)))
        asking = asyncio.create_task(meter.calls())
        done, _ = await asyncio.wait([asking], timeout=0.2)

    assert not done
    assert await asking == 4


async def test_whoever_asks_amid_load_is_told_what_was_acknowledged_and_nothing_twice(tmp_path: Path) -> None:
    meter = LastingMetering(tmp_path, options=MeterOptions(question_threads=3))
    await meter.up()
    sent = acknowledged = 0

    async def send(requests: int) -> None:
        nonlocal sent, acknowledged
        for request in range(requests):
            sent += 5
            await meter.send(*(a_call(f"{request}-{number}") for number in range(5)))
            acknowledged += 5

    async def ask() -> None:
        while not sending.done():
            before = acknowledged
            told = await meter.calls()
            assert before <= told <= sent

    sending = asyncio.create_task(send(300))
    await asyncio.gather(sending, ask(), ask(), ask())

    assert await meter.calls() == 1500
    await meter.down()
