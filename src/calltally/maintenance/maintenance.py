"""The operations that change or verify counted data, one at a time."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from calltally.call import Call, CallName
from calltally.call_batch import Correction
from calltally.dictionary import Kind
from calltally.errors import BusyError
from calltally.journal.recovery_log import Recoveries
from calltally.maintenance.backup import BackupReport, Backups
from calltally.maintenance.control_data import ControlData, NoControlData
from calltally.maintenance.corrections import Corrections
from calltally.maintenance.eraser import Eraser
from calltally.maintenance.meter_parts import MeterParts
from calltally.maintenance.pruner import Pruner, PruneReport
from calltally.maintenance.repairer import RepairedCalls, Repairer
from calltally.maintenance.verification import Verification
from calltally.store.audit import AuditStep
from calltally.store.export import Form, What
from calltally.usage_query import Dimension
from calltally.window import Window

T = TypeVar("T")


class Maintenance:
    """Corrections, erasures, pruning, verification, backups and exports, for APIs and commands.

    Changes and backups run one at a time, while ingest continues; they raise `BusyError` after waiting
    ``patience`` seconds. Cancelling the caller does not interrupt an operation.
    """

    def __init__(
        self,
        parts: MeterParts,
        control: ControlData | None = None,
        *,
        patience: float = 30.0,
    ) -> None:
        control = control or NoControlData()
        self._parts = parts
        self._patience = patience
        self._verification = Verification(parts, control)
        self._corrections = Corrections(parts)
        self._repairing = Repairer(parts)
        self._erasing = Eraser(parts, control)
        self._pruning = Pruner(parts, self._verification)
        self._backups = Backups(parts, control)
        self._lock = asyncio.Lock()
        self._running = ""
        self._tasks: set[asyncio.Task[Any]] = set()

    async def cancel(self, organization: str, ids: Sequence[CallName], who: str, why: str) -> Correction:
        """Cancel calls: they no longer count, and their identities stay used. Cancelled calls stay cancelled.

        Raises `InvalidInputError`, and `NotFoundError` if any of them was never counted or was pruned; then
        nothing is changed.
        """
        work = self._corrections.cancel(organization, ids, who, why)
        return await self._run_exclusively("a correction", work)

    async def amend(self, organization: str, calls: Sequence[Call], who: str, why: str) -> Correction:
        """Replace the content of calls that were counted; a cancelled one counts again.

        Raises what `cancel` does, and `PrunedError` for a time before `UsageStore.calls_from`.
        """
        work = self._corrections.amend(organization, calls, who, why)
        return await self._run_exclusively("a correction", work)

    async def replace(
        self,
        organization: str,
        window: Window,
        where: Mapping[Dimension, frozenset[str]],
        calls: Sequence[Call],
        who: str,
        why: str,
    ) -> Correction:
        """Replace all calls that are counted within a window and match ``where``.

        Raises `InvalidInputError` for more than 100,000 old or new calls, or for a new call outside the
        range, and `PrunedError`.
        """
        work = self._corrections.replace(organization, window, where, calls, who, why)
        return await self._run_exclusively("a correction", work)

    async def erase(self, organization: str, kind: Kind, text: str, who: str, why: str) -> str:
        """Replace a user or an account by another text, everywhere, and return that text.

        Repeating it is harmless and covers calls received since. Raises `InvalidInputError` for another kind.
        """
        work = self._erasing.erase(organization, kind, text, who, why)
        return await self._run_exclusively("an erasure", work)

    async def prune(self, calls_before: date | None, counts_before: date | None) -> PruneReport:
        """Delete the calls, and the counts, of days before one; None deletes none.

        Raises `InvalidInputError` for days that are not over, and for counts of days whose calls are kept;
        `DamagedDataError` if a recount finds a difference. Nothing is pruned then.
        """
        work = self._pruning.prune(calls_before, counts_before)
        return await self._run_exclusively("pruning", work)

    def verify(self) -> AsyncIterator[AuditStep]:
        """Recount everything from the calls, and read the control data and the journal; each step has its
        findings.
        """
        return self._verification.everything()

    async def repair(self, who: str, why: str) -> AsyncIterator[RepairedCalls]:
        """Repair calls that were counted more than once, some at a time, and report them.

        These are the calls that `verify` finds. Each step is a correction in the ledger, and may wait for
        others as corrections do. Raises what `Repairer.some` does.
        """
        since = date.min
        while (
            repaired := await self._run_exclusively("a repair", self._repairing.some(since, who, why))
        ) is not None:
            yield repaired
            since = repaired.next_day

    async def recoveries(self) -> Recoveries:
        """What starts cut off the journal or skipped in it, since the directory was created."""
        return await self._parts.read(self._parts.journal.recoveries.read)

    async def backup(self, folder: Path) -> BackupReport:
        """Copy everything to a new folder, from which `restore` creates a directory.

        Raises `InvalidInputError` if the folder exists and is not empty.
        """
        return await self._run_exclusively("a backup", self._backups.backup(folder))

    async def export(
        self,
        organization: str,
        window: Window,
        what: What,
        form: Form,
        path: Path,
        *,
        every_entry: bool = False,
    ) -> int:
        """Write a file of calls or counts; returns the number of rows. See `UsageStore.export`."""
        await self._parts.caught_up()
        store = self._parts.store
        return await self._parts.read(
            lambda: store.export(organization, window, what, form, path, every_entry=every_entry)
        )

    async def finished(self) -> None:
        """Wait until no operation is running; call it before counting stops."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run_exclusively(self, what: str, work: Coroutine[Any, Any, T]) -> T:
        """Run the work in its own task, so that cancelling the caller leaves nothing half done."""
        task = asyncio.create_task(self._run(what, work))
        self._tasks.add(task)
        task.add_done_callback(self._finish)
        return await asyncio.shield(task)

    async def _run(self, what: str, work: Coroutine[Any, Any, T]) -> T:
        try:
            async with asyncio.timeout(self._patience):
                await self._lock.acquire()
        except TimeoutError:
            work.close()
            raise BusyError(f"{self._running} is running", retry_after=30) from None
        self._running = what
        try:
            return await work
        finally:
            self._lock.release()

    def _finish(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved here, since the caller may have been cancelled
