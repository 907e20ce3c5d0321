"""An exact hash table of 128-bit identities, worked on by whole batches, in native code."""

from collections.abc import Sequence
from typing import Protocol, TypeVar, cast

import numpy as np
import numpy.typing as npt

from calltally import _native as native
from calltally.call_batch import Bools, UInt64s
from calltally.ingest.identities.identity_run import Found, IdentityRun
from calltally.ingest.identities.sorted_identities import Sorted

VerdictCodes = npt.NDArray[np.int8]

N = TypeVar("N", bound=np.generic)

BUCKET = 8
"""Slots of one bucket: their low halves fill one cache line, so that most lookups read one line."""

BYTES_PER_SLOT = 24 + 1 / BUCKET


class Table(Protocol):
    """What the set needs of a table; see `IdentityTable`."""

    slots: int
    capacity: int

    @property
    def count(self) -> int: ...
    @property
    def room(self) -> int: ...
    def find(self, high: UInt64s, low: UInt64s) -> tuple[Bools, UInt64s]: ...
    def insert(self, high: UInt64s, low: UInt64s, digest: UInt64s) -> None: ...
    def prefault(self, buckets: int) -> None: ...
    def span(self, first_bucket: int, buckets: int) -> tuple[UInt64s, UInt64s, UInt64s]: ...
    def sorted(self) -> Sorted: ...
    def judge(
        self,
        others: "Sequence[tuple[Table, IdentityRun | None]]",
        high: UInt64s,
        low: UInt64s,
        digest: UInt64s,
        stored: Found | None,
    ) -> VerdictCodes: ...


class IdentityTable:
    """Stores up to ``capacity`` identities, each with the 64-bit digest of its call's content.

    Open addressing over buckets: a bucket fills from its first slot, an identity is in the first bucket at or
    after its own that had space, and nothing is ever deleted, so a bucket with an empty last slot ends every
    search. The low half of an identity must not be zero: zero marks an empty slot. Not thread-safe.
    """

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
        """For each identity whether it is held, and its digest (0 where it is not)."""
        present, digest = self.native.find(_column(high), _column(low))
        return np.frombuffer(bytearray(present), np.bool_), np.frombuffer(bytearray(digest), np.uint64)

    def insert(self, high: UInt64s, low: UInt64s, digest: UInt64s) -> None:
        """Adds identities that are all different and none of them held; raises `ValueError` without room."""
        self.native.insert(_column(high), _column(low), _column(digest))

    def prefault(self, buckets: int) -> None:
        """Touch the memory of some more buckets, so that no batch waits for all page faults at once.

        Call it only while the table is empty.
        """
        self.native.prefault(buckets)

    def span(self, first_bucket: int, buckets: int) -> tuple[UInt64s, UInt64s, UInt64s]:
        """The identities (high, low, digest) in some neighbouring buckets, to copy a table in steps."""
        high, low, digest = self.native.span(first_bucket, buckets)
        return np.frombuffer(high, np.uint64), np.frombuffer(low, np.uint64), np.frombuffer(digest, np.uint64)

    def sorted(self) -> Sorted:
        """All identities in the order of runs. Another thread may ask while nothing is added."""
        return native.SortedIdentities.of_table(self.native)

    def judge(
        self,
        others: Sequence[tuple[Table, IdentityRun | None]],
        high: UInt64s,
        low: UInt64s,
        digest: UInt64s,
        stored: Found | None,
    ) -> VerdictCodes:
        """The verdicts on identities for which there is room; new ones are in the table afterwards.

        The others must be of this class.
        """
        native_ones = cast("Sequence[tuple[IdentityTable, IdentityRun | None]]", others)
        verdicts = self.native.judge(
            [(table.native, run.native if run else None) for table, run in native_ones],
            _column(high),
            _column(low),
            _column(digest),
            stored and (_column(stored[0].view(np.uint8)), _column(stored[1])),
        )
        return np.frombuffer(verdicts, np.int8)


def _column(values: npt.NDArray[N]) -> npt.NDArray[N]:
    return np.ascontiguousarray(values)
