"""The operations that change or prove what was counted, one at a time."""

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
    """Corrections, erasing, pruning, verifying, backups and exports, for doors and commands alike.

    What changes something, and backups, take turns, while ingest goes on; `BusyError` when that takes longer
    than ``patience`` seconds. Who stops waiting for one of them does not break it off.
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
        self._turn = asyncio.Lock()
        self._under_way = ""
        self._tasks: set[asyncio.Task[Any]] = set()

    async def cancel(self, organization: str, ids: Sequence[CallName], who: str, why: str) -> Correction:
        """Takes calls back: they count no more, and their identities stay taken. Cancelled ones stay so.

        Raises `InvalidInputError`, `NotFoundError` when any of them was never counted or was pruned; then
        nothing is changed.
        """
        work = self._corrections.cancel(organization, ids, who, why)
        return await self._in_turn("a correction", work)

    async def amend(self, organization: str, calls: Sequence[Call], who: str, why: str) -> Correction:
        """Says anew what calls that were counted are; a cancelled one counts again.

        Raises what `cancel` does, and `PrunedError` for a time before `UsageStore.calls_from`.
        """
        work = self._corrections.amend(organization, calls, who, why)
        return await self._in_turn("a correction", work)

    async def replace(
        self,
        organization: str,
        window: Window,
        where: Mapping[Dimension, frozenset[str]],
        calls: Sequence[Call],
        who: str,
        why: str,
    ) -> Correction:
        """Puts calls in the place of all that are counted within a window, where ``where`` holds.

        Raises `InvalidInputError` when there are more than 100,000 of either, or when one of the calls does
        not lie there, and `PrunedError`.
        """
        work = self._corrections.replace(organization, window, where, calls, who, why)
        return await self._in_turn("a correction", work)

    async def erase(self, organization: str, kind: Kind, text: str, who: str, why: str) -> str:
        """Puts another text in the place of a user or an account, everywhere, and returns it.

        Doing it again is harmless: it is about what came since. Raises `InvalidInputError` for another kind.
        """
        work = self._erasing.erase(organization, kind, text, who, why)
        return await self._in_turn("an erasure", work)

    async def prune(self, calls_before: date | None, counts_before: date | None) -> PruneReport:
        """Lets go of the calls, and of the counts, of days before one; None leaves them as they are.

        Raises `InvalidInputError` for days that are not over, or whose calls are kept when it is about
        counts, and `DamagedDataError` when a recount finds a difference; nothing is pruned then.
        """
        work = self._pruning.prune(calls_before, counts_before)
        return await self._in_turn("pruning", work)

    def verify(self) -> AsyncIterator[AuditStep]:
        """Recounts everything from the calls, and reads the control data and the journal; each step says what
        it found.
        """
        return self._verification.everything()

    async def repair(self, who: str, why: str) -> AsyncIterator[RepairedCalls]:
        """Counts once what was counted more often, some calls at a time, and says which.

        These are the calls that `verify` finds. Each step is a correction in the ledger, and may wait for
        others as corrections do. Raises what `Repairer.some` does.
        """
        since = date.min
        while (
            repaired := await self._in_turn("a repair", self._repairing.some(since, who, why))
        ) is not None:
            yield repaired
            since = repaired.next_day

    async def recoveries(self) -> Recoveries:
        """What starts had to cut off the journal or to pass over in it, since there is this directory."""
        return await self._parts.read(self._parts.journal.recoveries.read)

    async def backup(self, folder: Path) -> BackupReport:
        """Copies everything into a new folder; `restore` makes a directory of it.

        Raises `InvalidInputError` when the folder is there and not empty.
        """
        return await self._in_turn("a backup", self._backups.backup(folder))

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
        """Writes a file of calls or counts; returns how many rows. See `UsageStore.export`."""
        await self._parts.caught_up()
        store = self._parts.store
        return await self._parts.read(
            lambda: store.export(organization, window, what, form, path, every_entry=every_entry)
        )

    async def finished(self) -> None:
        """Returns once nothing is under way any more; to be awaited before counting stops."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _in_turn(self, what: str, work: Coroutine[Any, Any, T]) -> T:
        """Does the work in a task of its own, so that nothing is left half done by who stops waiting."""
        task = asyncio.create_task(self._take_turn(what, work))
        self._tasks.add(task)
        task.add_done_callback(self._let_go)
        return await asyncio.shield(task)

    async def _take_turn(self, what: str, work: Coroutine[Any, Any, T]) -> T:
        try:
            async with asyncio.timeout(self._patience):
                await self._turn.acquire()
        except TimeoutError:
            work.close()
            raise BusyError(f"{self._under_way} is under way", retry_after=30) from None
        self._under_way = what
        try:
            return await work
        finally:
            self._turn.release()

    def _let_go(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # looked at here, as whoever asked may have stopped waiting
