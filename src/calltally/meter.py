"""The meter: ingest, counting and queries as one object."""

import asyncio
import contextlib
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field

from calltally.apply.applier import Applier
from calltally.apply.compactor import Compactor
from calltally.apply.lag import Lag
from calltally.clock import Clock
from calltally.ingest.body_decoder import BodyDecoder
from calltally.ingest.identities.seen_ids import SeenIds
from calltally.ingest.identities.spiller import Spiller
from calltally.ingest.intake import Intake
from calltally.ingest.intake_throttle import IntakeThrottle
from calltally.ingest.ordered_step import OrderedStep
from calltally.ingest.overload import Overload
from calltally.journal.journal import Journal, JournalFailedError
from calltally.maintenance import Maintenance
from calltally.maintenance.retention import Retention
from calltally.query.fair_threads import FairThreads
from calltally.query.query_engine import QueryEngine
from calltally.store.usage_store import UsageStore

_LOOK_SECONDS = 0.25


@dataclass(kw_only=True, eq=False)
class Meter:
    """Intake, journal, applier, store and query engine, started and stopped in the right order.

    Owns its parts: `stop` closes them. Belongs to one event loop.
    """

    clock: Clock
    store: UsageStore
    journal: Journal
    seen_ids: SeenIds
    spiller: Spiller
    step: OrderedStep
    decoder: BodyDecoder
    lookups: Executor
    overload: Overload
    throttle: IntakeThrottle
    intake: Intake
    applier: Applier
    compactor: Compactor
    lag: Lag
    questions: FairThreads
    engine: QueryEngine
    maintenance: Maintenance
    retention: Retention
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self) -> None:
        """Start applying, compacting and pruning.

        If the journal has damaged files that the store has entirely, the store is checkpointed first, and
        they are dropped.
        """
        if self.journal.has_damaged_files:
            await asyncio.to_thread(self.applier.checkpoint)
        self.applier.start()
        self.compactor.start()
        self._tasks = [
            asyncio.create_task(self._maintain_ingest()),
            asyncio.create_task(self.retention.run()),
        ]

    async def stop(self) -> None:
        """Apply everything durable to the store and close it. No operation may be running."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.maintenance.finished()
        with contextlib.suppress(JournalFailedError):
            self.step.append_refusals(self.clock.now_ms())
        await asyncio.to_thread(self._close)

    @property
    def refused_texts(self) -> Mapping[str, int]:
        """Calls rejected since the start because of a limit on texts, by field."""
        return self.step.refused_texts

    @property
    def behind(self) -> tuple[int, float]:
        """The lag of the counts behind the received calls, in calls and seconds."""
        return self.lag.behind(self.applier.applied.position, self.step.rows_appended)

    def _close(self) -> None:
        self.spiller.stop()
        self.compactor.stop()
        self.journal.close()
        self.applier.stop()
        self.questions.close()
        self.lookups.shutdown()
        self.store.close()

    def problems(self) -> list[str]:
        """Why the meter does not work fully at present; empty if it does.

        They are public, so they name no files and no counted data: the log has the errors.
        """
        found = []
        if self.journal.durable.failure:
            found.append("the journal cannot be written")
        if self.applier.failure:
            found.append("counting fails at present and is being retried")
        if shortage := self.overload.disk_shortage():
            found.append(str(shortage))
        if self.intake.queue_is_full:
            found.append("too many calls are waiting to be written to disk")
        if self.overload.journal_is_full:
            found.append("the store lags too far behind the received calls")
        return found

    async def _maintain_ingest(self) -> None:
        """Journal refusals, evict old identities and record the progress of counting."""
        while True:
            appended = self.step.rows_appended
            self.lag.note(self.journal.appended, appended)
            self.throttle.note(appended, self.behind[0], awaited=self.applier.applied.awaited)
            self.spiller.look(self.clock.now_ms(), self.applier.applied.position)
            with contextlib.suppress(JournalFailedError):
                self.step.append_refusals(self.clock.now_ms())
            await asyncio.sleep(_LOOK_SECONDS)
