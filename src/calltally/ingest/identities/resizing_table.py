"""The table for new identities, with incremental resizing."""

from collections.abc import Callable, Sequence

from calltally.ingest.identities.identity_table import BUCKET, BYTES_PER_SLOT, Table

SMALLEST = 2**15
LARGEST = 2**23

_COPIED_PER_NEW = 4
"""Identities moved to the larger table per new one; more than one, so that the move ends in time."""

_TOUCHED_PER_NEW = 6
"""Slots of the next table prefaulted per new identity; it has twice the slots, half of them in time."""


class ResizingTable:
    """A table that doubles in small steps, one with each batch, so that no batch waits for the whole resize.

    New identities go to ``active``; ``tables`` are all that have any.
    """

    def __init__(self, new_table: Callable[[int], Table], smallest: int, largest: int) -> None:
        """``new_table`` creates an empty table with a number of slots."""
        self._new_table = new_table
        self._smallest = smallest
        self._largest = largest
        self._leaving: Table | None = None
        self._left = 0  # identities that are only in the old table
        self._next_bucket = 0
        self._next: Table | None = None
        self.active = new_table(smallest)

    @property
    def count(self) -> int:
        return self.active.count + self._left

    @property
    def free(self) -> int:
        """How many new identities fit the active table, besides those to be moved to it."""
        return self.active.room - self._left

    @property
    def left(self) -> Sequence[Table]:
        """The old table, if a resize is in progress."""
        return [self._leaving] if self._leaving else []

    @property
    def memory_bytes(self) -> int:
        return int(sum(table.slots for table in (self.active, *self.left)) * BYTES_PER_SLOT)

    def make_room(self) -> Table | None:
        """Ensure space in the active table; returns a full table of the largest size, if any."""
        if self.free > 0:
            return None
        full, self.active = self.active, self._next or self._larger()
        self._next = None
        if full.slots >= self._largest:
            return full
        self._leaving, self._left, self._next_bucket = full, full.count, 0
        return None

    def grow(self, new: int) -> None:
        """Do the resizing work after ``new`` identities were added to the active table."""
        self._move_on(new)
        self._prepare_next(new)

    def emptied(self) -> Table:
        """The active table with all identities; a new one replaces it."""
        while self._leaving:
            self._move_on(self._left)
        full, self.active, self._next = self.active, self._new_table(self._smallest), None
        return full

    def _larger(self) -> Table:
        return self._new_table(min(self.active.slots * 2, self._largest))

    def _prepare_next(self, new: int) -> None:
        """Prefault the next table in steps, once the active one is half full."""
        if self.active.count * 2 < self.active.capacity:
            return
        if self._next is None:
            self._next = self._larger()
        self._next.prefault(max(64, new * _TOUCHED_PER_NEW // BUCKET))

    def _move_on(self, new: int) -> None:
        """Copy a few more buckets from the old table."""
        if not self._leaving:
            return
        buckets = max(64, new * _COPIED_PER_NEW // BUCKET)
        high, low, digest = self._leaving.span(self._next_bucket, buckets)
        self.active.insert(high, low, digest)
        self._left -= len(low)
        self._next_bucket += buckets
        if not self._left:
            self._leaving = None
