"""The exact set of identities received within the horizon."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from calltally.call_batch import UInt64s
from calltally.ingest.generations import Forgotten, Generation, Generations, Table, Took
from calltally.ingest.identity_run import Found, IdentityRun
from calltally.ingest.identity_table import BUCKET, BYTES_PER_SLOT, Bools, IdentityTable
from calltally.ingest.run_file import Cut

Verdicts = npt.NDArray[np.int8]

_SMALLEST = 2**15
_LARGEST = 2**23
AT_ONCE = 16_384
"""Identities added in one go; more would not fit into the processor's cache."""

_COPIED_PER_NEW = 4
"""Identities moved to the larger table for each new one; more than one, so that the move ends in time."""

_TOUCHED_PER_NEW = 6
"""Slots of the next table made ready for each new identity; it has twice the slots, half of them in time."""


class Seen(IntEnum):
    """What the set says of an identity."""

    NEW = 0
    SAME = 1  # held, with the same content
    OTHER = 2  # held, with another content


class SeenIds:
    """Judges identities and remembers the new ones, within ``memory`` bytes.

    Recent ones are in tables in memory, older ones in runs, files with a filter in memory. What is
    `forgotten` may be in neither, and must be looked up in the store before `judge`.

    Small tables grow by doubling, a step with each batch, so that no batch waits for the whole; large ones
    are kept as generations, of which `forget` lets the oldest go. Not thread-safe: it belongs to the ordered
    step of ingest.
    """

    def __init__(
        self,
        memory: int,
        new_table: Callable[[int], Table] = IdentityTable,
        kind_of_run: type[IdentityRun] = IdentityRun,
    ) -> None:
        """``new_table`` makes an empty table of so many slots."""
        self._memory = memory
        self._new_table = new_table
        self.kind_of_run = kind_of_run
        largest = _SMALLEST
        while largest < _LARGEST and largest * 2 * BYTES_PER_SLOT * 4 <= memory:
            largest *= 2
        self._largest = largest
        self.generations = Generations()
        self._leaving: Table | None = None
        self._left = 0  # identities that are in the table being left only
        self._next_bucket = 0
        self._active = new_table(_SMALLEST)
        self._next: Table | None = None
        self._since = Cut.behind(0)
        self._read_from: int | None = None  # while what is remembered comes in no order
        self._last_position = 0
        self._took = Took()

    @property
    def count(self) -> int:
        """How many identities are in memory."""
        return self._active.count + self._left + sum(g.table.count for g in self.generations.full)

    @property
    def spilled(self) -> int:
        """How many are in runs only."""
        return sum(run.head.size for run in self.generations.runs)

    @property
    def memory_bytes(self) -> int:
        return self._active_bytes + self.generations.memory_bytes

    @property
    def is_over_memory(self) -> bool:
        return self.memory_bytes > self._memory

    @property
    def forgotten(self) -> Forgotten:
        return self.generations.forgotten

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
    ) -> Verdicts:
        """The verdict `Seen` for each identity, in order; new ones are in the set afterwards.

        No call happened after ``latest_ms``. ``stored`` says which identities the store holds, and their
        digests, as of a moment when `forgotten` was what it is now. Raises `DamagedRunError`.
        """
        stored = self._spilled(high, low, stored)
        present, known = self._find(high, low)
        if stored is not None:
            present |= stored[0]
            known = np.where(stored[0], stored[1], known)
        verdicts = np.where(present, np.where(known == digest, Seen.SAME, Seen.OTHER), Seen.NEW).astype(
            np.int8
        )
        new = np.flatnonzero(~present)
        if len(new):
            new = _first_copies(new, high, low, digest, verdicts)
            self.remember(
                high[new],
                low[new],
                digest[new],
                position=position,
                received_ms=received_ms,
                latest_ms=latest_ms,
            )
        return verdicts

    def remember(
        self,
        high: UInt64s,
        low: UInt64s,
        digest: UInt64s,
        *,
        position: int,
        received_ms: int,
        latest_ms: int,
    ) -> None:
        """Adds identities that are different and new, as a restart does with what is stored."""
        start = 0
        while start < len(low):
            self._make_room()
            end = start + min(len(low) - start, self._free, AT_ONCE)
            self._active.insert(high[start:end], low[start:end], digest[start:end])
            self._note(end - start, position, received_ms, latest_ms)
            start = end

    def holds(self, high: UInt64s, low: UInt64s) -> Bools:
        """For each identity whether it is in memory or in a run."""
        held = self._find(high, low)[0]
        spilled = self._spilled(high, low, None)
        return held if spilled is None else held | spilled[0]

    @contextmanager
    def reading(self, since: Cut, end: Cut, received_from_ms: int) -> Iterator[None]:
        """What is remembered within is all that lies between two cuts and was received since an instant, in
        any order."""
        self._since, self._took = since, Took(received_from_ms)
        self._read_from, self._last_position = since.first, end.last
        yield
        self._read_from = None
        self._end(end)
        self._took = Took()

    def _end(self, last: Cut) -> None:
        """Closes the active table as if it were full."""
        while self._leaving:
            self._move_on(self._left)
        if self._active.count:
            self._close(self._active, last)
            self._active, self._next = self._new_table(_SMALLEST), None
        self._since = last

    def forget(
        self, *, received_before_ms: int, stored_position: int, into_store: bool = True
    ) -> list[IdentityRun]:
        """Lets go of what is past the horizon, and of the oldest tables when they are over the memory.

        Only what the store holds (up to ``stored_position``) may go, and what is within the horizon into runs
        only unless ``into_store``. Returns runs whose files are of no use any more.
        """
        gone = self.generations.expire(received_before_ms, stored_position)
        self.generations.free(self._memory - self._active_bytes, stored_position, into_store=into_store)
        return gone

    def _find(self, high: UInt64s, low: UInt64s) -> tuple[Bools, UInt64s]:
        present, digest = self._active.find(high, low)
        for table in self._others:
            there, its_digest = table.find(high, low)
            present |= there
            digest = np.where(there, its_digest, digest)
        return present, digest

    def _spilled(self, high: UInt64s, low: UInt64s, stored: Found | None) -> Found | None:
        """What runs or the store hold of identities; the store tells where both do."""
        runs = self.generations.runs
        found = self.kind_of_run.find_in(runs, high, low) if runs else None
        if found is None or stored is None:
            return found or stored
        return found[0] | stored[0], np.where(stored[0], stored[1], found[1])

    @property
    def _active_bytes(self) -> int:
        leaving = self._leaving.slots if self._leaving else 0
        return int((self._active.slots + leaving) * BYTES_PER_SLOT)

    @property
    def _others(self) -> Sequence[Table]:
        """Every table but the active one, the newest first."""
        full = [g.table for g in reversed(self.generations.full)]
        return [self._leaving, *full] if self._leaving else full

    @property
    def _free(self) -> int:
        """How many new identities the active table takes, besides those that are to be moved into it."""
        return self._active.room - self._left

    def _note(self, new: int, position: int, received_ms: int, latest_ms: int) -> None:
        """Does what follows whenever identities came into the active table."""
        self._last_position = max(self._last_position, position)
        self._took.note(received_ms, latest_ms)
        self._move_on(new)
        self._prepare_next(new)

    def _make_room(self) -> None:
        if self._free > 0:
            return
        full, self._active = self._active, self._next or self._larger()
        self._next = None
        if full.slots < self._largest:
            self._leaving, self._left, self._next_bucket = full, full.count, 0
        else:
            first = self._last_position if self._read_from is None else self._read_from
            self._close(full, Cut.between(first, self._last_position))

    def _close(self, full: Table, last: Cut) -> None:
        self.generations.full.append(Generation(full, self._since, last, self._took))
        self._since, self._took = last, Took(self._took.received_from_ms)

    def _larger(self) -> Table:
        return self._new_table(min(self._active.slots * 2, self._largest))

    def _prepare_next(self, new: int) -> None:
        """Makes the next table ready little by little, once the active one is half full."""
        if self._active.count * 2 < self._active.capacity:
            return
        if self._next is None:
            self._next = self._larger()
        self._next.touch(max(64, new * _TOUCHED_PER_NEW // BUCKET))

    def _move_on(self, new: int) -> None:
        """Copies a few more buckets from the table that is being left."""
        if not self._leaving:
            return
        buckets = max(64, new * _COPIED_PER_NEW // BUCKET)
        high, low, digest = self._leaving.span(self._next_bucket, buckets)
        self._active.insert(high, low, digest)
        self._left -= len(low)
        self._next_bucket += buckets
        if not self._left:
            self._leaving = None


def _first_copies(
    new: npt.NDArray[np.int64], high: UInt64s, low: UInt64s, digest: UInt64s, verdicts: Verdicts
) -> npt.NDArray[np.int64]:
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
