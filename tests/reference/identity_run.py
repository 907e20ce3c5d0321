"""The oracle of `calltally.ingest.identities.identity_run`: runs looked into with NumPy."""

from collections.abc import Sequence
from typing import cast

import numpy as np

from calltally.call_batch import Bools, UInt64s
from calltally.ingest.identities.identity_run import Found, IdentityRun
from calltally.ingest.identities.sorted_identities import LINE_BYTES, IdentityColumns, Sorted
from tests.reference.sorted_identities import SortedIdentities, columns_of_blocks, filter_bits, filter_lines


class ReferenceRun(IdentityRun):
    """See `IdentityRun`."""

    @classmethod
    def find_in(cls, runs: Sequence[IdentityRun], high: UInt64s, low: UInt64s) -> Found | None:
        """What runs hold of identities, None when nothing; the first run that holds one tells its digest.

        Raises `DamagedRunError`; the damaged file has another name then, so that the next start reads the
        store.
        """
        present = np.zeros(len(low), np.bool_)
        digest = np.zeros(len(low), np.uint64)
        for run in reversed(cast("Sequence[ReferenceRun]", runs)):
            for index in np.flatnonzero(run.may_hold(high, low)).tolist():
                found = run.find(high[index], low[index])
                if found is not None:
                    present[index], digest[index] = True, found
        return (present, digest) if present.any() else None

    def drop_filter(self) -> None:
        """Frees the filter's memory."""
        self.filter_bytes = 0
        self._hold(b"")

    @staticmethod
    def _sorted(columns: IdentityColumns) -> Sorted:
        return SortedIdentities(*columns)

    def _hold(self, lines: bytes) -> None:
        self._filter = np.frombuffer(lines, np.uint8).reshape(-1, LINE_BYTES)

    def may_hold(self, high: UInt64s, low: UInt64s) -> Bools:
        """Which identities the filter cannot tell from those that are held."""
        maybe = np.ones(len(low), np.bool_)
        if len(self._filter):
            line = filter_lines(high, len(self._filter))
            for bit in filter_bits(low):
                maybe &= (self._filter[line, bit >> 3] >> (bit & 7).astype(np.uint8) & 1).view(np.bool_)
        return maybe

    def find(self, high: np.uint64, low: np.uint64) -> np.uint64 | None:
        """The digest of an identity that is held; raises `DamagedRunError`."""
        first = max(0, int(np.searchsorted(self._fences, high, "left")) - 1)
        end = int(np.searchsorted(self._fences, high, "right"))
        its_high, its_low, digest = self._columns(self._read(first, end - first))
        same = np.flatnonzero((its_high == high) & (its_low == low))
        return digest[same[0]] if len(same) else None

    def _checked(self, blocks: bytes) -> IdentityColumns | None:
        return columns_of_blocks(blocks)
