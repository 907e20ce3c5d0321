"""Threads for work on request bodies, of which no organization has more than its share."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from calltally.api.bodies import ClientGoneError
from calltally.asgi import Receive

THREADS = 4
EACH = 2
"""Bodies of one organization that are worked on at a time; further ones wait, and no thread with them."""


Step = Callable[[], bool]
"""Does some milliseconds of work; true once all is done."""

BodyWorker = Callable[[Step, Callable[[], None]], Awaitable[None]]
"""Takes steps in a thread until the work is done, and after each of them calls something on the event loop.

Raises `ClientGoneError` as soon as the client hangs up, and what either raises; no step is begun after that.
"""


class BodyThreads:
    """Runs work step by step, so that the threads go round among all that is under way.

    They do nothing else: logins, names and questions have threads of their own. Belongs to one event loop.
    """

    def __init__(self, threads: int = THREADS, each: int = EACH) -> None:
        self._executor = ThreadPoolExecutor(threads, "body")
        self._each = each
        self._places: dict[str, _Places] = {}

    def worker(self, organization: str, receive: Receive) -> BodyWorker:
        """What works on the body of one request; ``receive`` is the request's, whose whole body has come."""
        return lambda step, after_step: self._run(organization, step, receive, after_step)

    async def _run(
        self, organization: str, step: Step, receive: Receive, after_step: Callable[[], None]
    ) -> None:
        work = asyncio.create_task(self._work(organization, step, after_step))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait((work, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise ClientGoneError("the sender hung up")
            work.result()
        finally:
            work.cancel()
            leaving.cancel()
            await asyncio.gather(work, leaving, return_exceptions=True)

    def close(self) -> None:
        """Begins no more steps."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _work(self, organization: str, step: Step, after_step: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        async with self._place(organization):
            done = False
            while not done:
                done = await loop.run_in_executor(self._executor, step)
                after_step()

    @asynccontextmanager
    async def _place(self, organization: str) -> AsyncIterator[None]:
        places = self._places.setdefault(organization, _Places(self._each))
        places.wanted += 1
        try:
            async with places.free:
                yield
        finally:
            places.wanted -= 1
            if not places.wanted:
                del self._places[organization]


class _Places:
    """How many bodies of an organization may be worked on, and how many are or want to be."""

    def __init__(self, each: int) -> None:
        self.free = asyncio.Semaphore(each)
        self.wanted = 0


async def _left(receive: Receive) -> None:
    """Returns once the client hung up."""
    if (await receive())["type"] != "http.disconnect":
        await asyncio.Event().wait()  # nothing that this server sends; then nobody can say
