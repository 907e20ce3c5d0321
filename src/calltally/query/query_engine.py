"""Questions in, answers out, each covering everything acknowledged before it was asked."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from math import inf
from typing import Generic, Protocol, TypeVar

from calltally.call_batch import Conflict, Correction, RejectedSample
from calltally.clock import Clock, instant_of
from calltally.query.call_filter import (
    EVERYBODY,
    EVERYTHING,
    CallFilter,
    Holdings,
    Prunable,
    holdings,
    prunable,
)
from calltally.query.fair_threads import FairThreads
from calltally.query.outcome_report import OutcomeReport, read_books
from calltally.store.kept import EVERYTHING_KEPT, KeptPage
from calltally.store.usage_store import UsageStore
from calltally.unstored_calls import NONE_UNSTORED, UnstoredCalls
from calltally.usage_query import Dimension, SourceActivity, UsageQuery, UsageResult
from calltally.window import Window

T = TypeVar("T")

_OWNER = ""
"""Stands for the owner, whose questions are about all organizations; none has this name."""


class Freshness(Protocol):
    """Knows when the store has caught up with what was acknowledged."""

    async def caught_up(self) -> None:
        """Returns once the store holds every call that was durable when this was called."""
        ...

    def unstored(self) -> UnstoredCalls | None:
        """The calls that are durable by now, of which the store may lack some; None where they are too many.

        Blocks, so it is not for the event loop.
        """
        ...


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What was asked for; every call acknowledged before ``complete_up_to`` is in it."""

    value: T
    complete_up_to: datetime


@dataclass(frozen=True, slots=True)
class KeptConflicts:
    """Calls in conflict with their numbers, the newest first, and how many of the days asked are not kept."""

    rows: tuple[tuple[int, Conflict], ...]
    not_kept: int


class QueryEngine:
    """The one way to ask, for every door. Questions run in ``threads``, not on the event loop.

    Each method raises `BusyError` where an answer takes too long or too many questions of its organization
    wait already.
    """

    def __init__(self, store: UsageStore, freshness: Freshness, clock: Clock, threads: FairThreads) -> None:
        self._store = store
        self._freshness = freshness
        self._clock = clock
        self.threads = threads

    async def usage(self, query: UsageQuery, *, patience: float | None = None) -> Answer[UsageResult]:
        """With ``as_of`` the answer is complete up to that instant, if it lies before the question.

        ``patience`` is how many seconds it may take, where that is not the usual time.
        """
        organization = query.organization
        if query.as_of is None:
            return await self._ask_with_unstored(
                organization, lambda unstored: self._store.usage(query, unstored), patience
            )
        answer = await self._ask(organization, lambda: self._store.usage(query), patience)
        if query.as_of >= answer.complete_up_to:
            return answer
        return Answer(answer.value, query.as_of)

    async def source_activity(
        self, organization: str, source_id: str, window: Window
    ) -> Answer[tuple[SourceActivity, ...]]:
        """See `UsageStore.source_activity`."""
        return await self._ask_with_unstored(
            organization,
            lambda unstored: self._store.source_activity(organization, source_id, window, unstored),
        )

    async def source_has_accounts(self, organization: str, source_id: str) -> Answer[bool]:
        return await self._ask_with_unstored(
            organization,
            lambda unstored: self._store.source_has_accounts(organization, source_id, unstored),
        )

    async def last_days(self, organization: str, dimension: Dimension) -> Answer[dict[str, date]]:
        """See `UsageStore.last_days`."""
        return await self._ask(organization, lambda: self._store.last_days(organization, dimension))

    async def outcomes(self, organization: str) -> Answer[dict[int, tuple[int, int, int, int, int]]]:
        """The books of ingest by receipt day; see `UsageStore.outcomes`."""
        return await self._ask(organization, lambda: self._store.outcomes(organization))

    async def books(self, organization: str) -> Answer[OutcomeReport]:
        """The books of ingest, with the reasons of what was rejected and refused."""
        return await self._ask(organization, lambda: read_books(self._store, organization))

    async def conflicts(self, organization: str, page: KeptPage) -> Answer[KeptConflicts]:
        """A page of the conflicts that are kept; see `UsageStore.conflicts`."""

        def asked() -> KeptConflicts:
            found = self._store.conflicts(organization, page)
            booked, kept = self._store.conflicts_booked(organization, *page.days)
            return KeptConflicts(found, booked - kept)

        return await self._ask(organization, asked)

    async def samples(
        self, organization: str, page: KeptPage
    ) -> Answer[tuple[tuple[int, RejectedSample], ...]]:
        """A page of the rejected calls that are kept; see `UsageStore.samples`."""
        return await self._ask(organization, lambda: self._store.samples(organization, page))

    async def corrections(
        self, organization: str, page: KeptPage = EVERYTHING_KEPT
    ) -> Answer[tuple[tuple[int, Correction], ...]]:
        """A page of corrections; see `UsageStore.corrections`."""
        return await self._ask(organization, lambda: self._store.corrections(organization, page))

    async def holdings(self, holder: CallFilter = EVERYBODY) -> Answer[Holdings]:
        """How much is counted of somebody, or of all organizations; for the owner only."""
        return await self._ask(_OWNER, lambda: holdings(self._store, EVERYTHING, holder), inf)

    async def prunable(self, calls_before: date | None, counts_before: date | None) -> Answer[Prunable]:
        """What pruning would let go of; for the owner only."""
        return await self._ask(_OWNER, lambda: prunable(self._store, calls_before, counts_before), inf)

    async def _ask(
        self, organization: str, question: Callable[[], T], patience: float | None = None
    ) -> Answer[T]:
        """Waits until the store holds everything."""
        asked_at = instant_of(self._clock.now_ms())
        await self._freshness.caught_up()
        return Answer(await self.threads.run(organization, question, patience=patience), asked_at)

    async def _ask_with_unstored(
        self, organization: str, question: Callable[[UnstoredCalls], T], patience: float | None = None
    ) -> Answer[T]:
        """Does not wait for the store, unless it lacks too much."""
        asked_at = instant_of(self._clock.now_ms())

        def answer() -> Answer[T] | None:
            unstored = self._freshness.unstored()
            return None if unstored is None else Answer(question(unstored), asked_at)

        found = await self.threads.run(organization, answer, patience=patience)
        return found or await self._ask(organization, lambda: question(NONE_UNSTORED), patience)
