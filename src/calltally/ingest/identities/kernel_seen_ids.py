"""The exact set of identities over the kernel's tables."""

from collections.abc import Sequence
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt

from calltally.call_batch import Bools, UInt64s
from calltally.ingest.identities.identity_run import Found
from calltally.ingest.identities.kernel_identity_run import KernelIdentityRun
from calltally.ingest.identities.seen_ids import AT_ONCE, Seen, SeenIds, VerdictCodes
from calltally.ingest.identities.sorted_identities import Sorted
from calltally.ingest.kernel import native

N = TypeVar("N", bound=np.generic)


class KernelTable:
    """See `IdentityTable`."""

    def __init__(self, slots: int) -> None:
        self.native = native.IdentityTable(slots)
        self.slots = slots
        self.capacity = self.native.capacity

    @property
    def count(self) -> int:
        return self.native.count

    @property
    def room(self) -> int:
        return self.native.room

    def find(self, high: UInt64s, low: UInt64s) -> tuple[Bools, UInt64s]:
        """See `IdentityTable.find`."""
        present, digest = self.native.find(_column(high), _column(low))
        return np.frombuffer(bytearray(present), np.bool_), np.frombuffer(bytearray(digest), np.uint64)

    def insert(self, high: UInt64s, low: UInt64s, digest: UInt64s) -> None:
        """See `IdentityTable.insert`."""
        self.native.insert(_column(high), _column(low), _column(digest))

    def prefault(self, buckets: int) -> None:
        """See `IdentityTable.prefault`."""
        self.native.prefault(buckets)

    def span(self, first_bucket: int, buckets: int) -> tuple[UInt64s, UInt64s, UInt64s]:
        """See `IdentityTable.span`."""
        high, low, digest = self.native.span(first_bucket, buckets)
        return np.frombuffer(high, np.uint64), np.frombuffer(low, np.uint64), np.frombuffer(digest, np.uint64)

    def sorted(self) -> Sorted:
        """See `IdentityTable.sorted`."""
        return native.SortedIdentities.of_table(self.native)

    def judge(
        self,
        others: Sequence[tuple["KernelTable", KernelIdentityRun | None]],
        high: UInt64s,
        low: UInt64s,
        digest: UInt64s,
        stored: Found | None,
    ) -> VerdictCodes:
        """The verdicts on identities for which there is room; new ones are in the table afterwards."""
        verdicts = self.native.judge(
            [(table.native, run.native if run else None) for table, run in others],
            _column(high),
            _column(low),
            _column(digest),
            stored and (_column(stored[0].view(np.uint8)), _column(stored[1])),
        )
        return np.frombuffer(verdicts, np.int8)


class KernelSeenIds(SeenIds):
    """See `SeenIds`: the same verdicts, each identity looked up and remembered in one go."""

    def __init__(self, memory: int, **sizes: int) -> None:
        super().__init__(memory, KernelTable, KernelIdentityRun, **sizes)

    def judge(
        self,
        high: UInt64s,
        low: UInt64s,
        digest: UInt64s,
        *,
        position: int,
        received_ms: int,
        latest_ms: int,
        stored: Found | None = None,
    ) -> VerdictCodes:
        """See `SeenIds.judge`."""
        stored = self._spilled(high, low, stored)
        parts = []
        start = 0
        while start < len(low):
            self._make_room()
            part = slice(start, start + min(len(low) - start, self._growing.free, AT_ONCE))
            others = cast("Sequence[tuple[KernelTable, KernelIdentityRun | None]]", self._others)
            known = stored and (stored[0][part], stored[1][part])
            active = cast("KernelTable", self._growing.active)
            verdicts = active.judge(others, high[part], low[part], digest[part], known)
            if new := int(np.count_nonzero(verdicts == Seen.NEW)):
                self._note(new, position, received_ms, latest_ms)
            parts.append(verdicts)
            start = part.stop
        return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0, np.int8), *parts])


def _column(values: npt.NDArray[N]) -> npt.NDArray[N]:
    return np.ascontiguousarray(values)
