"""The exact set of identities received within the horizon."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum

import numpy as np

from calltally.call_batch import Bools, UInt64s
from calltally.ingest.identities.generations import Evicted, Generation, Generations, ReceiptRange
from calltally.ingest.identities.identity_run import Found, IdentityRun
from calltally.ingest.identities.identity_table import BYTES_PER_SLOT, IdentityTable, Table, VerdictCodes
from calltally.ingest.identities.resizing_table import LARGEST, SMALLEST, ResizingTable
from calltally.ingest.identities.run_file import Boundary

AT_ONCE = 16_384
"""Identities added at a time; more would not fit the processor's cache."""


class Seen(IntEnum):
    """The set's verdict on an identity."""

    NEW = 0
    SAME = 1  # in the set, with the same content
    OTHER = 2  # in the set, with another content


class SeenIds:
    """Judges identities and remembers the new ones, within ``memory`` bytes: an LSM tree of 128-bit keys.

    Recent ones are in tables in memory, older ones in runs, files with a Bloom filter in memory. What is
    `forgotten` may be in neither, and must be looked up in the store before `judge`.

    Full tables are kept as generations, of which `forget` drops the oldest. Each generation has everything
    between its two cuts, so the set needs its start: a new set begins with the first position, and after
    `adopt` and `reading` it accepts nothing until `continue_from` was called. Not thread-safe: it belongs to
    the ordered step of ingest.
    """

    def __init__(
        self,
        memory: int,
        new_table: Callable[[int], Table] = IdentityTable,
        kind_of_run: type[IdentityRun] = IdentityRun,
        *,
        smallest: int = SMALLEST,
        largest: int = LARGEST,
    ) -> None:
        """``new_table`` creates an empty table with a number of slots between ``smallest`` and
        ``largest``."""
        size = smallest
        while size < largest and size * 2 * BYTES_PER_SLOT * 4 <= memory:
            size *= 2
        self.kind_of_run = kind_of_run
        self.generations = Generations()
        self._memory = memory
        self._growing = ResizingTable(new_table, smallest, size)
        self._since: Boundary | None = Boundary.behind(0)
        self._read_from: int | None = None  # set while identities are remembered unordered
        self._last_position = 0
        self._took = ReceiptRange()

    @property
    def count(self) -> int:
        """The number of identities in memory."""
        return self._growing.count + sum(g.table.count for g in self.generations.full)

    @property
    def spilled(self) -> int:
        """The number of identities that are in runs only."""
        return sum(run.head.size for run in self.generations.runs)

    @property
    def memory_bytes(self) -> int:
        return self._growing.memory_bytes + self.generations.memory_bytes

    @property
    def is_over_memory(self) -> bool:
        return self.memory_bytes > self._memory

    @property
    def forgotten(self) -> Evicted:
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
    ) -> VerdictCodes:
        """The verdict `Seen` for each identity, in order; new ones are added to the set.

        No call happened after ``latest_ms``. ``stored`` has which identities are in the store, and their
        digests, as of a moment with the current `forgotten`. Raises `DamagedRunError`.
        """
        stored = self._spilled(high, low, stored)
        parts = []
        start = 0
        while start < len(low):
            self._make_room()
            part = slice(start, start + min(len(low) - start, self._growing.free, AT_ONCE))
            known = stored and (stored[0][part], stored[1][part])
            verdicts = self._growing.active.judge(self._others, high[part], low[part], digest[part], known)
            if new := int(np.count_nonzero(verdicts == Seen.NEW)):
                self._note(new, position, received_ms, latest_ms)
            parts.append(verdicts)
            start = part.stop
        return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0, np.int8), *parts])

    def remember(
        self,
        high: UInt64s,
        low: UInt64s,
        digest: UInt64s,
        *,
        position: int,
        received_ms: int,
        latest_ms: int,
        first_received_ms: int | None = None,
    ) -> None:
        """Add distinct new identities, as a restart does with stored ones.

        They were received up to ``received_ms``, and from ``first_received_ms`` on if that is given.
        """
        start = 0
        while start < len(low):
            self._make_room()
            end = start + min(len(low) - start, self._growing.free, AT_ONCE)
            self._growing.active.insert(high[start:end], low[start:end], digest[start:end])
            self._note(end - start, position, received_ms, latest_ms)
            if first_received_ms is not None:
                self._took.note(first_received_ms, latest_ms)
            start = end

    def holds(self, high: UInt64s, low: UInt64s) -> Bools:
        """For each identity whether it is in memory or in a run."""
        held = self._find(high, low)[0]
        spilled = self._spilled(high, low, None)
        return held if spilled is None else held | spilled[0]

    def adopt(self, runs: Sequence[IdentityRun]) -> None:
        """Add runs, oldest first, as earlier content; the set must be empty."""
        self.generations.runs = list(runs)
        self._since = None

    def continue_from(self, cut: Boundary) -> None:
        """Declare that everything before a cut is in a generation or evicted, and that all that is remembered
        from here on is after it and complete."""
        if self._growing.count:
            raise ValueError(f"{self._growing.count} identities are in no generation yet")
        self._since, self._took = cut, ReceiptRange()

    @contextmanager
    def reading(self, since: Boundary, end: Boundary, received_from_ms: int) -> Iterator[None]:
        """Within, everything between two cuts that was received since an instant is remembered, in any order,
        except what is already in a generation."""
        self.continue_from(since)
        self._took = ReceiptRange(received_from_ms)
        self._read_from, self._last_position = since.first, end.last
        try:
            yield
        finally:
            self._read_from = None
        table = self._growing.emptied()
        if table.count:
            self._close(table, end)
        self._since = None

    def forget(
        self, *, received_before_ms: int, stored_position: int, into_store: bool = True
    ) -> list[IdentityRun]:
        """Drop what is past the horizon, and the oldest tables if they exceed the memory.

        Only what the store has (up to ``stored_position``) may be dropped, and what is within the horizon
        only into runs unless ``into_store``. Returns runs whose files are no longer needed.
        """
        gone = self.generations.expire(received_before_ms, stored_position)
        room = self._memory - self._growing.memory_bytes
        self.generations.free(room, stored_position, into_store=into_store)
        return gone

    def _find(self, high: UInt64s, low: UInt64s) -> tuple[Bools, UInt64s]:
        present, digest = self._growing.active.find(high, low)
        for table, _ in self._others:
            there, its_digest = table.find(high, low)
            present |= there
            digest = np.where(there, its_digest, digest)
        return present, digest

    def _spilled(self, high: UInt64s, low: UInt64s, stored: Found | None) -> Found | None:
        """The identities in runs or in the store; if both have one, the store's digest is used."""
        runs = self.generations.runs
        found = self.kind_of_run.find_in(runs, high, low) if runs else None
        if found is None or stored is None:
            return found or stored
        return found[0] | stored[0], np.where(stored[0], stored[1], found[1])

    @property
    def _others(self) -> Sequence[tuple[Table, IdentityRun | None]]:
        """Every table except the active one, newest first, each with its run."""
        left = [(table, None) for table in self._growing.left]
        return [*left, *((each.table, each.run) for each in reversed(self.generations.full))]

    def _note(self, new: int, position: int, received_ms: int, latest_ms: int) -> None:
        """Update the bookkeeping after identities were added to the active table."""
        self._last_position = max(self._last_position, position)
        self._took.note(received_ms, latest_ms)
        self._growing.grow(new)

    def _make_room(self) -> None:
        if self._since is None:
            raise RuntimeError("continue_from was not called")
        full = self._growing.make_room()
        if full is not None:
            first = self._last_position if self._read_from is None else self._read_from
            self._close(full, Boundary.between(first, self._last_position))

    def _close(self, full: Table, last: Boundary) -> None:
        if self._since is None:
            raise RuntimeError("continue_from was not called")
        self.generations.full.append(Generation(full, self._since, last, self._took))
        self._since, self._took = last, ReceiptRange(self._took.received_from_ms)
