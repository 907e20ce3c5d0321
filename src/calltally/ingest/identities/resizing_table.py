"""The table that takes new identities, and those that it grows from and into."""

from collections.abc import Callable, Sequence

from calltally.ingest.identities.generations import Table
from calltally.ingest.identities.identity_table import BUCKET, BYTES_PER_SLOT

SMALLEST = 2**15
LARGEST = 2**23

_COPIED_PER_NEW = 4
"""Identities moved to the larger table for each new one; more than one, so that the move ends in time."""

_TOUCHED_PER_NEW = 6
"""Slots of the next table made ready for each new identity; it has twice the slots, half of them in time."""


class ResizingTable:
    """Small tables grow by doubling, a step with each batch, so that no batch waits for the whole.

    New identities go into ``active``; ``tables`` are all that hold any.
    """

    def __init__(self, new_table: Callable[[int], Table], smallest: int, largest: int) -> None:
        """``new_table`` makes an empty table of so many slots."""
        self._new_table = new_table
        self._smallest = smallest
        self._largest = largest
        self._leaving: Table | None = None
        self._left = 0  # identities that are in the table being left only
        self._next_bucket = 0
        self._next: Table | None = None
        self.active = new_table(smallest)

    @property
    def count(self) -> int:
        return self.active.count + self._left

    @property
    def free(self) -> int:
        """How many new identities the active table takes, besides those that are to be moved into it."""
        return self.active.room - self._left

    @property
    def left(self) -> Sequence[Table]:
        """The table that is being left, if there is one."""
        return [self._leaving] if self._leaving else []

    @property
    def memory_bytes(self) -> int:
        return int(sum(table.slots for table in (self.active, *self.left)) * BYTES_PER_SLOT)

    def make_room(self) -> Table | None:
        """Has room in the active table; returns a table that is as large as may be and full."""
        if self.free > 0:
            return None
        full, self.active = self.active, self._next or self._larger()
        self._next = None
        if full.slots >= self._largest:
            return full
        self._leaving, self._left, self._next_bucket = full, full.count, 0
        return None

    def grow(self, new: int) -> None:
        """Does what must follow whenever so many identities came into the active table."""
        self._move_on(new)
        self._prepare_next(new)

    def emptied(self) -> Table:
        """The active table with all that there is; a new one takes its place."""
        while self._leaving:
            self._move_on(self._left)
        full, self.active, self._next = self.active, self._new_table(self._smallest), None
        return full

    def _larger(self) -> Table:
        return self._new_table(min(self.active.slots * 2, self._largest))

    def _prepare_next(self, new: int) -> None:
        """Makes the next table ready little by little, once the active one is half full."""
        if self.active.count * 2 < self.active.capacity:
            return
        if self._next is None:
            self._next = self._larger()
        self._next.prefault(max(64, new * _TOUCHED_PER_NEW // BUCKET))

    def _move_on(self, new: int) -> None:
        """Copies a few more buckets from the table that is being left."""
        if not self._leaving:
            return
        buckets = max(64, new * _COPIED_PER_NEW // BUCKET)
        high, low, digest = self._leaving.span(self._next_bucket, buckets)
        self.active.insert(high, low, digest)
        self._left -= len(low)
        self._next_bucket += buckets
        if not self._left:
            self._leaving = None
