"""The parts of a meter that maintenance uses."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from calltally.apply.applier import Applier
from calltally.clock import Clock, instant_ms
from calltally.ingest.corrector import Corrector
from calltally.ingest.ordered_step import OrderedStep
from calltally.journal.journal import Journal
from calltally.store.usage_store import UsageStore
from calltally.window import midnight

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MeterParts:
    """The parts of a running meter. Ingest continues while maintenance uses them."""

    store: UsageStore
    journal: Journal
    applier: Applier
    step: OrderedStep
    corrector: Corrector
    clock: Clock

    async def caught_up(self) -> int:
        """Wait until the store has everything that was appended; returns a position that it has.

        Raises `BusyError` if that takes longer than the answer timeout.
        """
        await self.journal.durable.reached(self.journal.appended)
        await self.applier.caught_up()
        return self.applier.applied.position

    async def read(self, question: Callable[[], T]) -> T:
        """Query the store, or do other blocking work, off the event loop."""
        return await asyncio.to_thread(question)


def open_from_ms(calls_from: date) -> int:
    """The first instant that is not in a sealed day, if calls are kept from a day on."""
    return max(0, instant_ms(midnight(calls_from)))
