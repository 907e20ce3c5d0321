"""The oracle of `calltally.ingest.identities.identity_table`: the same table in NumPy."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from calltally.call_batch import Bools, Int64s, UInt64s
from calltally.ingest.identities.identity_run import Found, IdentityRun
from calltally.ingest.identities.identity_table import BUCKET, Table, VerdictCodes
from calltally.ingest.identities.seen_ids import Seen
from calltally.ingest.identities.sorted_identities import Sorted
from tests.reference.sorted_identities import SortedIdentities

MAX_LOAD = 0.78


class ReferenceTable:
    """Holds up to ``capacity`` identities, each with the 64-bit digest of its call's content.

    Open addressing over buckets: a bucket fills from its first slot, an identity lives in the first bucket
    at or after its own that had room, and nothing is ever deleted, so a bucket with an empty last slot ends
    every search. The low half of an identity must not be zero: zero marks an empty slot. Not thread-safe.
    """

    def __init__(self, slots: int) -> None:
        if slots < BUCKET or slots & (slots - 1):
            raise ValueError(f"slots must be a power of two of at least {BUCKET}, got {slots}")
        buckets = slots // BUCKET
        self.slots = slots
        self.capacity = int(slots * MAX_LOAD)
        self.count = 0
        self._mask = buckets - 1
        self._touched = 0
        self._low = np.zeros((buckets, BUCKET), np.uint64)
        self._high = np.zeros((buckets, BUCKET), np.uint64)
        self._digest = np.zeros((buckets, BUCKET), np.uint64)
        self._fill = np.zeros(buckets, np.uint8)

    @property
    def room(self) -> int:
        return self.capacity - self.count

    def find(self, high: UInt64s, low: UInt64s) -> tuple[Bools, UInt64s]:
        """For each identity whether it is held, and its digest (0 where it is not)."""
        present = np.zeros(len(low), np.bool_)
        digest = np.zeros(len(low), np.uint64)
        asked = np.arange(len(low))
        wanted = low
        bucket = (low & np.uint64(self._mask)).astype(np.int64)
        while len(asked):
            rows = self._low.take(bucket, axis=0)
            further = rows[:, BUCKET - 1] != 0
            maybe = np.flatnonzero(_any_of_row(rows == wanted[:, None]))
            if len(maybe):
                equal = (rows[maybe] == wanted[maybe, None]) & (
                    self._high[bucket[maybe]] == high[asked[maybe], None]
                )
                hit = _any_of_row(equal)
                found = maybe[hit]
                present[asked[found]] = True
                digest[asked[found]] = self._digest[bucket[found], equal[hit].argmax(axis=1)]
                further[found] = False
            asked = asked[further]
            wanted = wanted[further]
            bucket = (bucket[further] + 1) & self._mask
        return present, digest

    def insert(self, high: UInt64s, low: UInt64s, digest: UInt64s) -> None:
        """Adds identities that are all different and none of them held; raises `ValueError` without room."""
        if len(low) > self.room:
            raise ValueError(f"{len(low)} identities do not fit into room for {self.room}")
        waiting = np.arange(len(low))
        bucket = (low & np.uint64(self._mask)).astype(np.int64)
        while len(waiting):
            fill = self._fill.take(bucket)
            full = fill == BUCKET
            if full.any():
                bucket = np.where(full, (bucket + 1) & self._mask, bucket)
                continue
            won = self._claimed(bucket * BUCKET + fill, waiting)
            self._place(waiting[won], bucket[won], fill[won], high, low, digest)
            waiting, bucket = waiting[~won], bucket[~won]
        self.count += len(low)

    def _claimed(self, slots: Int64s, numbers: Int64s) -> Bools:
        """Of several numbers that want one empty slot, the last to be written into it wins it."""
        claims = self._digest.reshape(-1).view(np.int64)
        claims[slots] = numbers
        won: Bools = claims.take(slots) == numbers
        return won

    def _place(
        self,
        which: Int64s,
        bucket: Int64s,
        fill: npt.NDArray[np.uint8],
        high: UInt64s,
        low: UInt64s,
        digest: UInt64s,
    ) -> None:
        slots = bucket * BUCKET + fill
        for column, values in ((self._low, low), (self._high, high), (self._digest, digest)):
            column.reshape(-1)[slots] = values[which]
        self._fill[bucket] = fill + 1

    def prefault(self, buckets: int) -> None:
        """Has the system hand over the memory of some more buckets, so that no batch waits for all of it.

        To be called only while the table is empty.
        """
        part = slice(self._touched, self._touched + buckets)
        for column in (self._low, self._high, self._digest):
            column[part] = 0
        self._fill[part] = 0
        self._touched += buckets

    def span(self, first_bucket: int, buckets: int) -> tuple[UInt64s, UInt64s, UInt64s]:
        """The identities (high, low, digest) in some neighbouring buckets, to copy a table in steps."""
        part = slice(first_bucket, first_bucket + buckets)
        held = self._low[part] != 0
        return self._high[part][held], self._low[part][held], self._digest[part][held]

    def sorted(self) -> Sorted:
        """All identities in the order of runs. Another thread may ask while nothing is added."""
        return SortedIdentities(*self.span(0, len(self._low)))

    def judge(
        self,
        others: "Sequence[tuple[Table, IdentityRun | None]]",
        high: UInt64s,
        low: UInt64s,
        digest: UInt64s,
        stored: Found | None,
    ) -> VerdictCodes:
        """The verdicts on identities for which there is room; new ones are in the table afterwards."""
        present, known = self.find(high, low)
        for table, _ in others:
            there, its_digest = table.find(high, low)
            present |= there
            known = np.where(there, its_digest, known)
        if stored is not None:
            present |= stored[0]
            known = np.where(stored[0], stored[1], known)
        verdicts = np.where(present, np.where(known == digest, Seen.SAME, Seen.OTHER), Seen.NEW).astype(
            np.int8
        )
        new = np.flatnonzero(~present)
        if len(new):
            new = _first_copies(new, high, low, digest, verdicts)
            self.insert(high[new], low[new], digest[new])
        return verdicts


def _any_of_row(equal: Bools) -> Bools:
    """Whether any of a row's eight flags is set; one comparison of the row's eight bytes."""
    found: Bools = equal.view(np.uint64).reshape(-1) != 0
    return found


def _first_copies(
    new: Int64s, high: UInt64s, low: UInt64s, digest: UInt64s, verdicts: VerdictCodes
) -> Int64s:
    """Of new identities the first of each; later copies in the batch get their verdict against the first."""
    in_order = np.sort(low[new])
    if (in_order[1:] != in_order[:-1]).all():
        return new
    first: dict[tuple[int, int], int] = {}
    for index in new.tolist():
        original = first.setdefault((int(high[index]), int(low[index])), index)
        if original != index:
            verdicts[index] = Seen.SAME if digest[index] == digest[original] else Seen.OTHER
    return np.fromiter(first.values(), np.int64, len(first))
