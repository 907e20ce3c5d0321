"""Work on bodies ends with its request, and no organization has all threads."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from calltally.api.bodies import ClientGoneError
from calltally.api.body_threads import BodyThreads
from calltally.asgi import Message

SECONDS = 60


class Client:
    """Somebody who waits for an answer, until told to hang up."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}


class Work:
    """Steps that go on until they are told to end; each of them waits until it may."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.may_step = threading.Semaphore(0)
        self.steps = 0
        self.ended = False

    def step(self) -> bool:
        self.begun.release()
        assert self.may_step.acquire(timeout=SECONDS)
        self.steps += 1
        return self.ended

    async def has_begun_a_step(self) -> None:
        assert await asyncio.to_thread(self.begun.acquire, timeout=SECONDS)

    def end(self) -> None:
        self.ended = True
        self.may_step.release(1000)


@pytest.fixture
async def threads() -> AsyncIterator[BodyThreads]:
    threads = BodyThreads(threads=2, each=1)
    yield threads
    threads.close()


def run(threads: BodyThreads, work: Work, organization: str, client: Client) -> "asyncio.Task[None]":
    async def whole() -> None:
        await threads.worker(organization, client.receive)(work.step, lambda: None)

    return asyncio.create_task(whole())


async def test_steps_are_taken_until_the_work_is_done(threads: BodyThreads) -> None:
    sizes = iter([False, False, True])
    told: list[int] = []

    await threads.worker("acme", Client().receive)(lambda: next(sizes), lambda: told.append(1))

    assert len(told) == 3


async def test_no_step_is_begun_once_the_client_is_gone(threads: BodyThreads) -> None:
    work, client = Work(), Client()
    running = run(threads, work, "acme", client)
    await work.has_begun_a_step()

    client.gone.set()
    with pytest.raises(ClientGoneError):
        await running
    work.may_step.release(1000)
    follower = Work()
    follower.end()
    await run(threads, follower, "acme", Client())

    assert work.steps <= 1
    assert follower.steps == 1


async def test_whoever_waits_for_a_place_and_hangs_up_never_begins(threads: BodyThreads) -> None:
    first, second, client = Work(), Work(), Client()
    running = run(threads, first, "acme", Client())
    await first.has_begun_a_step()
    waiting = run(threads, second, "acme", client)

    client.gone.set()
    with pytest.raises(ClientGoneError):
        await waiting
    first.end()
    await running

    assert second.steps == 0


async def test_one_organization_never_has_all_threads(threads: BodyThreads) -> None:
    hostile = [Work() for _ in range(8)]
    running = [run(threads, work, "globex", Client()) for work in hostile]
    await hostile[0].has_begun_a_step()

    honest = Work()
    honest.end()
    await asyncio.wait_for(run(threads, honest, "acme", Client()), SECONDS)

    assert honest.steps == 1
    assert sum(work.steps for work in hostile) == 0
    for work in hostile:
        work.end()
    await asyncio.gather(*running)


async def test_what_a_step_raises_reaches_the_request_and_frees_its_place(threads: BodyThreads) -> None:
    def broken() -> bool:
        raise ValueError("broken")

    for _ in range(5):
        with pytest.raises(ValueError, match="broken"):
            await threads.worker("acme", Client().receive)(broken, lambda: None)
