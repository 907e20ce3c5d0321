"""Questions in, answers out, each covering everything acknowledged before it was asked."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, Protocol, TypeVar

from calltally.clock import Clock, instant_of
from calltally.store.usage_store import UsageStore
from calltally.usage_query import Dimension, SourceActivity, UsageQuery, UsageResult
from calltally.window import Window

T = TypeVar("T")


class Freshness(Protocol):
    """Knows when the store has caught up with what was acknowledged."""

    async def caught_up(self) -> None:
        """Returns once the store holds every call that was durable when this was called."""
        ...


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What was asked for; every call acknowledged before ``complete_up_to`` is in it."""

    value: T
    complete_up_to: datetime


class QueryEngine:
    """The one way to ask, for every door. Questions run in ``executor``, not on the event loop."""

    def __init__(self, store: UsageStore, freshness: Freshness, clock: Clock, executor: Executor) -> None:
        self._store = store
        self._freshness = freshness
        self._clock = clock
        self._executor = executor

    async def usage(self, query: UsageQuery) -> Answer[UsageResult]:
        return await self._ask(lambda: self._store.usage(query))

    async def source_activity(
        self, organization: str, source_id: str, window: Window
    ) -> Answer[tuple[SourceActivity, ...]]:
        """See `UsageStore.source_activity`."""
        return await self._ask(lambda: self._store.source_activity(organization, source_id, window))

    async def source_has_accounts(self, organization: str, source_id: str) -> Answer[bool]:
        return await self._ask(lambda: self._store.source_has_accounts(organization, source_id))

    async def last_days(self, organization: str, dimension: Dimension) -> Answer[dict[str, date]]:
        """See `UsageStore.last_days`."""
        return await self._ask(lambda: self._store.last_days(organization, dimension))

    async def outcomes(self, organization: str) -> Answer[dict[int, tuple[int, int, int, int, int]]]:
        """The books of ingest by receipt day; see `UsageStore.outcomes`."""
        return await self._ask(lambda: self._store.outcomes(organization))

    async def _ask(self, question: Callable[[], T]) -> Answer[T]:
        asked_at = instant_of(self._clock.now_ms())
        await self._freshness.caught_up()
        value = await asyncio.get_running_loop().run_in_executor(self._executor, question)
        return Answer(value, asked_at)
