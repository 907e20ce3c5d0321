"""Load shedding: whether ingest must refuse new requests at present."""

import os
import time
from collections.abc import Callable
from math import ceil, inf
from pathlib import Path

from calltally.errors import BusyError, DiskShortError
from calltally.journal.journal import Journal

_LONGEST_WAIT_SECONDS = 60
_DISK_LOOK_SECONDS = 0.05


class Overload:
    """Limits on the journal that no checkpoint covers, and on free disk space; sizes in bytes.

    The free space is read at most every 50 ms. With a minimum of 0 it is never read.
    """

    def __init__(
        self,
        journal: Journal,
        folder: Path,
        lag_seconds: Callable[[], float],
        *,
        max_journal: int,
        minimum_free_disk: int,
    ) -> None:
        self._journal = journal
        self._folder = folder
        self._lag_seconds = lag_seconds
        self._max_journal = max_journal
        self._minimum_free_disk = minimum_free_disk
        self._free_disk = -inf, 0  # the time of reading, and the free bytes

    def refusal(self) -> BusyError | None:
        """Why no request is accepted at present; it ends once the store has caught up."""
        if self.journal_is_full:
            return BusyError(
                "the store lags too far behind the received calls",
                retry_after=min(_LONGEST_WAIT_SECONDS, max(1, ceil(self._lag_seconds()))),
            )
        return self.disk_shortage()

    @property
    def journal_is_full(self) -> bool:
        """Whether the store lags too far behind the journal."""
        return self._journal.unsafe_bytes > self._max_journal

    def disk_shortage(self) -> DiskShortError | None:
        """The error while less than the minimum is free; else None."""
        if self._minimum_free_disk <= 0:
            return None
        now = time.monotonic()
        looked_at, free = self._free_disk
        if not looked_at <= now < looked_at + _DISK_LOOK_SECONDS:
            disk = os.statvfs(self._folder)
            free = disk.f_bavail * disk.f_frsize
            self._free_disk = now, free
        if free >= self._minimum_free_disk:
            return None
        return DiskShortError(f"only {free} bytes are free on the disk", retry_after=30)
