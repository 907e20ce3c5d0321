"""Proof that every number is the sum of its calls."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from calltally.store.audit import AuditStep
from calltally.upkeep.counting import Counting
from calltally.upkeep.journal_audit import audit_journal


class Verification:
    """Recounts everything, and reads what the journal holds, while calls keep coming in."""

    def __init__(self, counting: Counting) -> None:
        self._counting = counting

    async def store(self) -> AsyncIterator[AuditStep]:
        """The steps of the store's audit; see `UsageStore.audit`."""
        async for step in _stepped(self._counting.store.audit()):
            yield step

    async def everything(self) -> AsyncIterator[AuditStep]:
        """The same once all that was durable is in the store, and then the journal's files."""
        await self._counting.settled()
        journal = self._counting.journal
        async for step in _stepped(chain(self._counting.store.audit(), audit_journal(journal))):
            yield step


async def _stepped(steps: Iterator[AuditStep]) -> AsyncIterator[AuditStep]:
    """An iterator that blocks, drawn on in one thread of its own."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, thread_name_prefix="audit") as thread:
        while (step := await loop.run_in_executor(thread, next, steps, None)) is not None:
            yield step
