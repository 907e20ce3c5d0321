"""Verifies that every count is the sum of its calls, and that the other data are undamaged."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from calltally.maintenance.control_data import ControlData
from calltally.maintenance.journal_audit import audit_journal
from calltally.maintenance.meter_parts import MeterParts
from calltally.store.audit import AuditStep, Difference

_CONTROL = "the control data"


class Verification:
    """Recounts everything, and reads the control data and the journal, while calls are being received."""

    def __init__(self, parts: MeterParts, control: ControlData) -> None:
        self._parts = parts
        self._control = control

    async def store(self) -> AsyncIterator[AuditStep]:
        """The steps of the store's audit; see `UsageStore.audit`."""
        async for step in _stepped(self._parts.store.audit()):
            yield step

    async def everything(self) -> AsyncIterator[AuditStep]:
        """The same once all durable calls are in the store, then the control data and the journal."""
        await self._parts.caught_up()
        store, journal = self._parts.store, self._parts.journal
        async for step in _stepped(chain(store.audit(), _audit(self._control), audit_journal(journal))):
            yield step


def _audit(control: ControlData) -> Iterator[AuditStep]:
    """One step: the control data are undamaged."""
    found = [Difference(_CONTROL, "", None, damage, 0, 1) for damage in control.damage()]
    yield AuditStep(_CONTROL, 1, 1, tuple(found))


async def _stepped(steps: Iterator[AuditStep]) -> AsyncIterator[AuditStep]:
    """A blocking iterator, run in its own thread."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, thread_name_prefix="audit") as thread:
        while (step := await loop.run_in_executor(thread, next, steps, None)) is not None:
            yield step
