"""The exact set of identities received within the horizon, as far as memory reaches."""

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from calltally.call_batch import UInt64s
from calltally.ingest.identity_table import BUCKET, BYTES_PER_SLOT, Bools, IdentityTable

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
    def touch(self, buckets: int) -> None: ...
    def span(self, first_bucket: int, buckets: int) -> tuple[UInt64s, UInt64s, UInt64s]: ...


class _Generation:
    """A full table and the last journal position of what is in it."""

    def __init__(self, table: Table, last_position: int, last_received_ms: int) -> None:
        self.table = table
        self.last_position = last_position
        self.last_received_ms = last_received_ms


class SeenIds:
    """Judges identities and remembers the new ones, within ``memory`` bytes.

    Everything received after `forgotten_position` is in memory; older identities must be looked up in the
    store before `judge`. Small tables grow by doubling, a step with each batch, so that no batch waits for
    the whole; large ones are kept as generations, of which `forget` drops the oldest. Not thread-safe: it
    belongs to the ordered step of ingest.
    """

    def __init__(self, memory: int, new_table: Callable[[int], Table] = IdentityTable) -> None:
        """``new_table`` makes an empty table of so many slots."""
        self._memory = memory
        self._new_table = new_table
        largest = _SMALLEST
        while largest < _LARGEST and largest * 2 * BYTES_PER_SLOT * 4 <= memory:
            largest *= 2
        self._largest = largest
        self._generations: list[_Generation] = []
        self._leaving: Table | None = None
        self._left = 0  # identities that are in the table being left only
        self._next_bucket = 0
        self._active = new_table(_SMALLEST)
        self._next: Table | None = None
        self._last_position = 0
        self._last_received_ms = 0
        self.forgotten_position = 0

    @property
    def count(self) -> int:
        """How many identities are in memory."""
        return self._active.count + self._left + sum(g.table.count for g in self._generations)

    @property
    def memory_bytes(self) -> int:
        tables = [self._active, *(g.table for g in self._generations)]
        if self._leaving:
            tables.append(self._leaving)
        return int(sum(t.slots for t in tables) * BYTES_PER_SLOT)

    def judge(
        self,
        high: UInt64s,
        low: UInt64s,
        digest: UInt64s,
        *,
        position: int,
        received_ms: int,
        stored: tuple[Bools, UInt64s] | None = None,
    ) -> Verdicts:
        """The verdict `Seen` for each identity, in order; new ones are in the set afterwards.

        ``stored`` says which identities the store holds, and their digests, as of a moment when
        `forgotten_position` was what it is now.
        """
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
            self.remember(high[new], low[new], digest[new], position=position, received_ms=received_ms)
        return verdicts

    def remember(
        self, high: UInt64s, low: UInt64s, digest: UInt64s, *, position: int, received_ms: int
    ) -> None:
        """Adds identities that are different and new, as a restart does with what is stored."""
        start = 0
        while start < len(low):
            self._make_room()
            end = start + min(len(low) - start, self._free, AT_ONCE)
            self._active.insert(high[start:end], low[start:end], digest[start:end])
            self._note(end - start, position, received_ms)
            start = end

    def holds(self, high: UInt64s, low: UInt64s) -> Bools:
        """For each identity whether it is in memory."""
        return self._find(high, low)[0]

    def forget(self, *, received_before_ms: int, stored_position: int) -> None:
        """Drops the oldest generations that are past the horizon or over the memory.

        Only what the store holds (up to ``stored_position``) may go.
        """
        while self._generations:
            oldest = self._generations[0]
            wanted = oldest.last_received_ms < received_before_ms or self.memory_bytes > self._memory
            if not wanted or oldest.last_position > stored_position:
                return
            self._generations.pop(0)
            self.forgotten_position = oldest.last_position

    def _find(self, high: UInt64s, low: UInt64s) -> tuple[Bools, UInt64s]:
        present, digest = self._active.find(high, low)
        for table in self._others:
            there, its_digest = table.find(high, low)
            present |= there
            digest = np.where(there, its_digest, digest)
        return present, digest

    @property
    def _others(self) -> Sequence[Table]:
        """Every table but the active one, the newest first."""
        full = [g.table for g in reversed(self._generations)]
        return [self._leaving, *full] if self._leaving else full

    @property
    def _free(self) -> int:
        """How many new identities the active table takes, besides those that are to be moved into it."""
        return self._active.room - self._left

    def _note(self, new: int, position: int, received_ms: int) -> None:
        """Does what follows whenever identities came into the active table."""
        self._last_position = max(self._last_position, position)
        self._last_received_ms = max(self._last_received_ms, received_ms)
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
            self._generations.append(_Generation(full, self._last_position, self._last_received_ms))

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
