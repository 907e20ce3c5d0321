"""A run: sorted identities in a file."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from weakref import finalize

import numpy as np

from calltally import _native as native
from calltally.call_batch import Bools, UInt64s
from calltally.ingest.identities.run_file import BLOCKS_START, DAMAGED, DamagedRunError, read_run
from calltally.ingest.identities.sorted_identities import BLOCK_BYTES, IdentityColumns, Sorted

_BLOCKS_AT_ONCE = 1024

Found = tuple[Bools, UInt64s]
"""For each of some identities whether it was found, and its digest."""


class IdentityRun:
    """A run's file, with a Bloom filter in memory that avoids nearly all useless reads.

    It never changes, and each block is verified whenever it is read. The filter may be dropped for lack of
    memory; then every identity is looked up in the file.
    """

    native: native.IdentityRun

    def __init__(self, path: Path) -> None:
        """Raises `DamagedRunError`."""
        self.path = path
        self.head, index = read_run(path)
        try:
            self._file = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise DamagedRunError(f"{path.name} cannot be read: {error}") from error
        finalize(self, os.close, self._file)  # not before the last reader is done
        self._fences: UInt64s = np.frombuffer(index.fences, np.uint64)
        self.filter_bytes = len(index.filter)
        self._hold(index.filter)

    @property
    def memory_bytes(self) -> int:
        return self._fences.nbytes + self.filter_bytes

    @classmethod
    def find_in(cls, runs: Sequence["IdentityRun"], high: UInt64s, low: UInt64s) -> Found | None:
        """The identities that runs contain, None if there are none; the digest is that of the first such run.

        Raises `DamagedRunError`; the damaged file has been renamed then, so that the next start reads the
        store.
        """
        looked_into = [run.native for run in runs]
        found = native.find_in_runs(looked_into, np.ascontiguousarray(high), np.ascontiguousarray(low))
        if isinstance(found, int):
            raise runs[found].damaged()
        if found is None:
            return None
        return np.frombuffer(found[0], np.bool_), np.frombuffer(found[1], np.uint64)

    @classmethod
    def joined(cls, parts: Sequence[IdentityColumns]) -> Sorted:
        """The identities of all parts in the order of runs."""
        high, low, digest = (
            (np.concatenate([np.empty(0, np.uint64), *columns]) for columns in zip(*parts, strict=True))
            if parts
            else (np.empty(0, np.uint64),) * 3
        )
        return cls._sorted((high, low, digest))

    def between(self, first_high: int, end_high: int) -> IdentityColumns:
        """The identities whose high half is in a range; raises `DamagedRunError`."""
        first = max(0, int(np.searchsorted(self._fences, np.uint64(first_high), "left")) - 1)
        end = int(np.searchsorted(self._fences, np.uint64(end_high - 1), "right"))
        high, low, digest = self._columns(self._read(first, max(0, end - first)))
        inside = (high >= np.uint64(first_high)) & (high <= np.uint64(end_high - 1))
        return high[inside], low[inside], digest[inside]

    def check(self) -> None:
        """Read every block; raises `DamagedRunError`."""
        for first in range(0, len(self._fences), _BLOCKS_AT_ONCE):
            self._columns(self._read(first, min(_BLOCKS_AT_ONCE, len(self._fences) - first)))

    def drop_filter(self) -> None:
        """Free the filter's memory."""
        self.filter_bytes = 0
        self.native = self.native.without_filter()

    def remove(self) -> None:
        """Remove the file from its folder; it can still be read."""
        self.path.unlink(missing_ok=True)

    def damaged(self) -> DamagedRunError:
        """Rename the file and return the error to raise."""
        with suppress(OSError):
            self.path.rename(self.path.with_name(f"{self.path.name}{DAMAGED}"))
        return DamagedRunError(f"{self.path.name} is damaged; the next start reads the store instead")

    @staticmethod
    def _sorted(columns: IdentityColumns) -> Sorted:
        return native.SortedIdentities(*columns)

    def _hold(self, lines: bytes) -> None:
        try:
            self.native = native.IdentityRun(str(self.path), BLOCKS_START, self._fences, lines or None)
        except OSError as error:
            raise DamagedRunError(f"{self.path.name} cannot be read: {error}") from error

    def _read(self, first: int, blocks: int) -> bytes:
        try:
            data = os.pread(self._file, blocks * BLOCK_BYTES, BLOCKS_START + first * BLOCK_BYTES)
        except OSError as error:
            raise self.damaged() from error
        if len(data) < blocks * BLOCK_BYTES:
            raise self.damaged()
        return data

    def _columns(self, blocks: bytes) -> IdentityColumns:
        columns = self._checked(blocks)
        if columns is None:
            raise self.damaged()
        return columns

    def _checked(self, blocks: bytes) -> IdentityColumns | None:
        columns = native.columns_of_blocks(blocks)
        if columns is None:
            return None
        high, low, digest = (np.frombuffer(column, np.uint64) for column in columns)
        return high, low, digest
