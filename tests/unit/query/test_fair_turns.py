"""Organizations take turns, whatever one of them asks for."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from calltally.errors import BusyError
from calltally.query.fair_threads import FairThreads
from calltally.query.fair_turns import FairTurns


async def settled() -> None:
    """Every task has gone as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


class Askers:
    """Tasks that begin turns; ``order`` has the organizations as they got one."""

    def __init__(self, turns: FairTurns) -> None:
        self._turns = turns
        self.order: list[str] = []

    async def ask(self, *organizations: str) -> list["asyncio.Task[None]"]:
        tasks = [asyncio.create_task(self._ask(organization)) for organization in organizations]
        await settled()
        return tasks

    async def end(self, organization: str) -> None:
        self._turns.end(organization)
        await settled()

    async def _ask(self, organization: str) -> None:
        await self._turns.begin(organization)
        self.order.append(organization)


async def test_one_organization_gets_half_of_the_places_and_leaves_the_others() -> None:
    turns = FairTurns(4)
    askers = Askers(turns)
    await askers.ask(*["acme"] * 10)
    await askers.ask("globex")

    assert askers.order == ["acme", "acme", "globex"]
    assert (turns.taken, turns.waiting) == (3, 8)


async def test_those_who_wait_come_in_turn_by_organization() -> None:
    askers = Askers(FairTurns(1))
    await askers.ask("acme", "acme", "acme", "globex", "globex", "initech")
    for organization in ("acme", "acme", "globex", "initech", "acme"):
        await askers.end(organization)

    assert askers.order == ["acme", "acme", "globex", "initech", "acme", "globex"]


async def test_only_so_many_of_one_organization_may_wait() -> None:
    turns = FairTurns(2, waiting=3)
    askers = Askers(turns)
    asked = await askers.ask(*["acme"] * 5)
    await askers.ask("globex")

    with pytest.raises(BusyError, match="3 queries of this organization are already waiting"):
        await asked[-1]
    assert askers.order == ["acme", "globex"]
    assert turns.refused == 1


async def test_who_goes_away_leaves_no_place_taken() -> None:
    turns = FairTurns(1)
    askers = Askers(turns)
    first, second, third = await askers.ask("acme", "acme", "globex")
    second.cancel()
    turns.end("acme")  # the place is given to the next while that goes away
    third.cancel()
    await settled()

    assert first.done()
    assert (turns.taken, turns.waiting) == (0, 0)
    await askers.ask("initech")
    assert askers.order == ["acme", "initech"]


class Blocked:
    """Work that lasts until it is let go on, or interrupted."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.may_end = threading.Event()
        self.thread = 0

    def __call__(self) -> str:
        self.thread = threading.get_ident()
        self.began.set()
        assert self.may_end.wait(60)
        return "done"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - what another thread does
            await asyncio.sleep(0.001)


async def test_work_of_one_organization_runs_beside_any_of_another() -> None:
    threads, blocked = FairThreads(2, "test"), Blocked()
    waiting = [asyncio.create_task(threads.run("acme", blocked)) for _ in range(20)]
    await until(blocked.began.is_set)

    assert await threads.run("globex", lambda: "answered") == "answered"

    blocked.may_end.set()
    assert await asyncio.gather(*waiting) == ["done"] * 20
    threads.close()


async def test_work_that_takes_too_long_is_interrupted_and_keeps_its_thread_until_it_ends() -> None:
    blocked = Blocked()
    interrupted: list[int] = []
    threads = FairThreads(1, "test", patience=0.05, interrupt=interrupted.append)

    with pytest.raises(BusyError, match=r"0\.05 seconds"):
        await threads.run("acme", blocked)

    assert interrupted == [blocked.thread]
    assert threads.turns.taken == 1
    blocked.may_end.set()
    await until(lambda: threads.turns.taken == 0)
    threads.close()


async def test_work_whose_asker_goes_away_while_it_waits_is_never_begun() -> None:
    threads, blocked, never = FairThreads(1, "test"), Blocked(), Blocked()
    running = asyncio.create_task(threads.run("acme", blocked))
    await until(blocked.began.is_set)
    waiting = asyncio.create_task(threads.run("globex", never))
    await settled()
    waiting.cancel()
    blocked.may_end.set()

    assert await running == "done"
    assert not never.began.is_set()
    assert (threads.turns.taken, threads.turns.waiting) == (0, 0)
    threads.close()


async def test_an_error_of_the_work_is_its_askers() -> None:
    threads = FairThreads(1, "test")

    def fail() -> None:
        raise TimeoutError("of its own")

    with pytest.raises(TimeoutError, match="of its own"):
        await threads.run("acme", fail)
    assert threads.turns.taken == 0
    threads.close()
