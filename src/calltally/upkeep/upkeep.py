"""The operations that change or prove what was counted, one at a time."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from calltally.call import Call
from calltally.call_batch import Correction
from calltally.dictionary import Kind
from calltally.store.audit import AuditStep
from calltally.store.export import Form, What
from calltally.upkeep.backup import BackupReport
from calltally.upkeep.call_name import CallName
from calltally.upkeep.pruning import PruneReport
from calltally.usage_query import Dimension
from calltally.window import Window


class Upkeep:
    """Corrections, erasing, pruning, verifying, backups and exports, for doors and commands alike.

    Operations that change something wait for one another, with ingest going on meanwhile; `BusyError` when
    that takes too long. Whoever stops waiting for one does not break it off.
    """

    async def cancel(self, organization: str, ids: Sequence[CallName], who: str, why: str) -> Correction:
        """Takes calls back: they count no more, and their identities stay taken. Cancelled ones stay so.

        Raises `InvalidInputError`, `NotFoundError` when any of them was never counted or was pruned; then
        nothing is changed.
        """
        raise NotImplementedError

    async def amend(self, organization: str, calls: Sequence[Call], who: str, why: str) -> Correction:
        """Says anew what calls that were counted are; a cancelled one counts again.

        Raises what `cancel` does, and `PrunedError` for a time before `UsageStore.calls_from`.
        """
        raise NotImplementedError

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
        raise NotImplementedError

    async def erase(self, organization: str, kind: Kind, text: str, who: str, why: str) -> str:
        """Puts another text in the place of a user or an account, everywhere, and returns it.

        Raises `InvalidInputError` for another kind.
        """
        raise NotImplementedError

    async def prune(self, calls_before: date | None, counts_before: date | None) -> PruneReport:
        """Lets go of the calls, and of the counts, of days before one; None leaves them as they are.

        Raises `InvalidInputError` for days that are not over, or whose calls are kept when it is about
        counts, and `DamagedDataError` when a recount finds a difference; nothing is pruned then.
        """
        raise NotImplementedError

    def verify(self) -> AsyncIterator[AuditStep]:
        """Recounts everything from the calls, and reads the journal; each step tells what it found."""
        raise NotImplementedError

    async def backup(self, folder: Path) -> BackupReport:
        """Copies everything into a new folder; `calltally.upkeep.restoring.restore` makes a directory of it.

        Raises `InvalidInputError` when the folder is there and not empty.
        """
        raise NotImplementedError

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
        raise NotImplementedError
