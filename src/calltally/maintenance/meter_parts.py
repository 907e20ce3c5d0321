"""The parts of a meter that upkeep works with."""

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
    """Counting at work. Ingest goes on while upkeep uses it."""

    store: UsageStore
    journal: Journal
    applier: Applier
    step: OrderedStep
    corrector: Corrector
    clock: Clock

    async def caught_up(self) -> int:
        """Waits until the store holds everything that was appended; returns a position that it holds.

        Raises `BusyError` when that takes longer than an answer may.
        """
        await self.journal.durable.reached(self.journal.appended)
        await self.applier.caught_up()
        return self.applier.applied.position

    async def read(self, question: Callable[[], T]) -> T:
        """Asks the store, or does other work that blocks, off the event loop."""
        return await asyncio.to_thread(question)


def open_from_ms(calls_from: date) -> int:
    """The first instant that is not in a sealed day, when calls are kept from a day on."""
    return max(0, instant_ms(midnight(calls_from)))
