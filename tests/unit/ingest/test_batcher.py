"""Organizations take turns in the ordered step, however much one of them brings."""

import asyncio
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest

from calltally.dictionary import Kind
from calltally.ingest.round_robin import RoundRobin
from tests.support.metering import NOON, Metering

FLOOD = 40


@pytest.fixture(autouse=True)
def pieces_that_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count(0.0, 0.1).__next__
    monkeypatch.setattr(RoundRobin.__init__, "__defaults__", (clock,))


def calls_of_new_texts(request: int) -> list[dict[str, Any]]:
    """A thousand calls that bring three thousand texts: enough for one step."""
    names = [f"{request}-{number}" for number in range(1000)]
    return [
        {"id": name, "time": NOON.isoformat(), "user_id": name, "account_id": name, "source_id": name}
        for name in names
    ]


async def test_one_step_with_much_work_is_done_between_two_looks_at_the_network(tmp_path: Path) -> None:
    metering = Metering(tmp_path)
    await metering.up()
    flood = [
        asyncio.create_task(metering.send(*calls_of_new_texts(request), organization=f"acme-{request % 3}"))
        for request in range(FLOOD)
    ]
    looks = [metering.meter.journal.appended]
    while not all(request.done() for request in flood):
        await asyncio.sleep(0)
        looks.append(metering.meter.journal.appended)
    await metering.down()

    steps = [later - earlier for earlier, later in pairwise(looks) if later > earlier]
    assert sum(steps) == FLOOD
    assert max(steps[len(steps) // 2 :]) == 1  # how long the first ones take was not known yet


async def test_who_sends_little_waits_for_some_steps_of_a_flood_and_not_for_all_of_it(tmp_path: Path) -> None:
    metering = Metering(tmp_path)
    await metering.up()
    reader = metering.meter.journal.reader(0)
    flood = [
        asyncio.create_task(metering.send(*calls_of_new_texts(request), organization="acme"))
        for request in range(FLOOD)
    ]
    looks = [metering.meter.journal.appended]
    while looks[-1] < 10:  # how long steps take is known by then
        await asyncio.sleep(0)
        looks.append(metering.meter.journal.appended)
    little = [{"id": f"{number}", "time": NOON.isoformat()} for number in range(200)]
    await metering.send(*little, organization="globex")
    await asyncio.gather(*flood)
    await metering.down()

    globex = metering.store.dictionary.find(Kind.ORGANIZATION, 0, "globex")
    frames = reader.read(10**6)
    position = next(at for at, frame in frames if globex in {one.organization for one in frame.outcomes})
    assert position - looks[-1] <= 7
    assert len(frames) == FLOOD + 1
