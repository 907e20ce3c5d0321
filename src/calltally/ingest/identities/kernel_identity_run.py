"""Runs that the kernel looks into."""

from collections.abc import Sequence
from typing import cast

import numpy as np

from calltally.call_batch import UInt64s
from calltally.ingest.identities.identity_run import Found, IdentityRun
from calltally.ingest.identities.run_file import BLOCKS_START, DamagedRunError
from calltally.ingest.identities.sorted_identities import IdentityColumns, Sorted
from calltally.ingest.kernel import native


class KernelIdentityRun(IdentityRun):
    """See `IdentityRun`."""

    native: "native.IdentityRun"

    @classmethod
    def find_in(cls, runs: Sequence[IdentityRun], high: UInt64s, low: UInt64s) -> Found | None:
        """See `IdentityRun.find_in`."""
        looked_into = [run.native for run in cast("Sequence[KernelIdentityRun]", runs)]
        found = native.find_in_runs(looked_into, np.ascontiguousarray(high), np.ascontiguousarray(low))
        if isinstance(found, int):
            raise runs[found].damaged()
        if found is None:
            return None
        return np.frombuffer(found[0], np.bool_), np.frombuffer(found[1], np.uint64)

    def drop_filter(self) -> None:
        """See `IdentityRun.drop_filter`."""
        self.filter_bytes = 0
        self.native = self.native.without_filter()

    @staticmethod
    def _sorted(columns: IdentityColumns) -> Sorted:
        return native.SortedIdentities(*columns)

    def _hold(self, lines: bytes) -> None:
        try:
            self.native = native.IdentityRun(str(self.path), BLOCKS_START, self._fences, lines or None)
        except OSError as error:
            raise DamagedRunError(f"{self.path.name} cannot be read: {error}") from error

    def _checked(self, blocks: bytes) -> IdentityColumns | None:
        columns = native.columns_of_blocks(blocks)
        if columns is None:
            return None
        high, low, digest = (np.frombuffer(column, np.uint64) for column in columns)
        return high, low, digest
