"""Queries whose results include every call acknowledged before the query."""

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
from calltally.query.outcome_report import OutcomeReport, read_outcomes
from calltally.store.kept import EVERYTHING_KEPT, KeptPage
from calltally.store.usage_store import UsageStore
from calltally.unstored_calls import NONE_UNSTORED, UnstoredCalls
from calltally.usage_query import Dimension, SourceActivity, UsageQuery, UsageResult
from calltally.window import Window

T = TypeVar("T")

_OWNER = ""
"""The name for the owner, who queries all organizations; no organization has it."""


class Freshness(Protocol):
    """Reports when the store has caught up with acknowledged calls."""

    async def caught_up(self) -> None:
        """Wait until the store has every call that was durable when this was called."""
        ...

    def unstored(self) -> UnstoredCalls | None:
        """The durable calls that the store may lack; None if they are too many.

        Blocks, so do not call it on the event loop.
        """
        ...


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A result that includes every call acknowledged before ``complete_up_to``."""

    value: T
    complete_up_to: datetime


@dataclass(frozen=True, slots=True)
class KeptConflicts:
    """Calls in conflict with their numbers, newest first, and how many of the requested days are not kept."""

    rows: tuple[tuple[int, Conflict], ...]
    not_kept: int


class QueryEngine:
    """Runs queries for every API, in ``threads``, not on the event loop.

    Each method raises `BusyError` if a query takes too long or too many queries of its organization are
    waiting.
    """

    def __init__(self, store: UsageStore, freshness: Freshness, clock: Clock, threads: FairThreads) -> None:
        self._store = store
        self._freshness = freshness
        self._clock = clock
        self.threads = threads

    async def usage(self, query: UsageQuery, *, patience: float | None = None) -> Answer[UsageResult]:
        """With ``as_of`` the result is complete up to that instant, if it is before the query.

        ``patience`` is the time limit in seconds, if not the default.
        """
        organization = query.organization
        if query.as_of is None:
            return await self._run_with_unstored(
                organization, lambda unstored: self._store.usage(query, unstored), patience
            )
        answer = await self._run(organization, lambda: self._store.usage(query), patience)
        if query.as_of >= answer.complete_up_to:
            return answer
        return Answer(answer.value, query.as_of)

    async def source_activity(
        self, organization: str, source_id: str, window: Window
    ) -> Answer[tuple[SourceActivity, ...]]:
        """See `UsageStore.source_activity`."""
        return await self._run_with_unstored(
            organization,
            lambda unstored: self._store.source_activity(organization, source_id, window, unstored),
        )

    async def source_has_accounts(self, organization: str, source_id: str) -> Answer[bool]:
        return await self._run_with_unstored(
            organization,
            lambda unstored: self._store.source_has_accounts(organization, source_id, unstored),
        )

    async def last_days(self, organization: str, dimension: Dimension) -> Answer[dict[str, date]]:
        """See `UsageStore.last_days`."""
        return await self._run(organization, lambda: self._store.last_days(organization, dimension))

    async def outcomes(self, organization: str) -> Answer[dict[int, tuple[int, int, int, int, int]]]:
        """The outcomes of ingest by receipt day; see `UsageStore.outcomes`."""
        return await self._run(organization, lambda: self._store.outcomes(organization))

    async def outcome_report(self, organization: str) -> Answer[OutcomeReport]:
        """The outcomes of ingest, with the reasons of rejections and refusals."""
        return await self._run(organization, lambda: read_outcomes(self._store, organization))

    async def conflicts(self, organization: str, page: KeptPage) -> Answer[KeptConflicts]:
        """A page of the kept conflicts; see `UsageStore.conflicts`."""

        def read() -> KeptConflicts:
            found = self._store.conflicts(organization, page)
            received, kept = self._store.conflict_counts(organization, *page.days)
            return KeptConflicts(found, received - kept)

        return await self._run(organization, read)

    async def samples(
        self, organization: str, page: KeptPage
    ) -> Answer[tuple[tuple[int, RejectedSample], ...]]:
        """A page of the kept rejected calls; see `UsageStore.samples`."""
        return await self._run(organization, lambda: self._store.samples(organization, page))

    async def corrections(
        self, organization: str, page: KeptPage = EVERYTHING_KEPT
    ) -> Answer[tuple[tuple[int, Correction], ...]]:
        """A page of corrections; see `UsageStore.corrections`."""
        return await self._run(organization, lambda: self._store.corrections(organization, page))

    async def holdings(self, holder: CallFilter = EVERYBODY) -> Answer[Holdings]:
        """How much is counted of a selection, or of all organizations; for the owner only."""
        return await self._run(_OWNER, lambda: holdings(self._store, EVERYTHING, holder), inf)

    async def prunable(self, calls_before: date | None, counts_before: date | None) -> Answer[Prunable]:
        """What pruning would delete; for the owner only."""
        return await self._run(_OWNER, lambda: prunable(self._store, calls_before, counts_before), inf)

    async def _run(
        self, organization: str, question: Callable[[], T], patience: float | None = None
    ) -> Answer[T]:
        """Wait until the store has every acknowledged call, then run the query."""
        started_at = instant_of(self._clock.now_ms())
        await self._freshness.caught_up()
        return Answer(await self.threads.run(organization, question, patience=patience), started_at)

    async def _run_with_unstored(
        self, organization: str, question: Callable[[UnstoredCalls], T], patience: float | None = None
    ) -> Answer[T]:
        """Run the query with the unstored calls; waits for the store only if it lacks too many."""
        started_at = instant_of(self._clock.now_ms())

        def answer() -> Answer[T] | None:
            unstored = self._freshness.unstored()
            return None if unstored is None else Answer(question(unstored), started_at)

        found = await self.threads.run(organization, answer, patience=patience)
        return found or await self._run(organization, lambda: question(NONE_UNSTORED), patience)
