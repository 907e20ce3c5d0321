"""The durable end of the journal that is not in the store yet, for queries."""

import threading
from collections.abc import Callable, Sequence

import numpy as np

from calltally.call_batch import NameUpdate
from calltally.journal.frame import Frame
from calltally.journal.journal import Journal
from calltally.journal.journal_reader import Place
from calltally.unstored_calls import COLUMNS, FIELDS, Column, UnstoredCalls

MOST_CALLS = 1_000_000
"""The most calls in memory, about 50 bytes each; beyond it, queries wait for the store."""

_LEAST_ROOM = 131_072
"""Unused memory costs nothing, whereas growing copies."""

Names = Sequence[tuple[int, NameUpdate]]
"""Names with the positions of their calls."""

FrameColumns = dict[str, Column]


class Tail:
    """Reads, on demand, what became durable since the last read.

    Costs nothing without queries. ``stored`` returns the place up to which the store has applied the journal.
    Names in what was read are recorded, since the caller may query them next.
    """

    def __init__(
        self,
        journal: Journal,
        stored: Callable[[], Place],
        record_names: Callable[[Names], None],
        most_calls: int = MOST_CALLS,
    ) -> None:
        self._journal = journal
        self._stored = stored
        self._record_names = record_names
        self._most_calls = most_calls
        self._reader = journal.reader(stored().position)
        self._reading = threading.Lock()
        self._columns = _allocate(0)
        self._start = self._end = 0

    def calls(self) -> UnstoredCalls | None:
        """All durable calls after some position that the store has reached.

        None if they are too many, or cannot be read. Blocks, also for other callers; thread-safe.
        """
        with self._reading:
            try:
                is_whole = self._read()
            except Exception:  # noqa: BLE001 - dropped meanwhile; or damaged, which the applier reports
                self._go_to(self._stored())
                is_whole = False
            return self._unstored() if is_whole else None

    def _read(self) -> bool:
        """Drop what is stored and continue reading; returns whether everything durable was read."""
        durable, stored = self._journal.durable.position, self._stored()
        if self._reader.position <= stored.position:
            self._go_to(stored)
        lacking = len(self._unstored().behind(stored.position))
        self._start = self._end - lacking
        names: list[tuple[int, NameUpdate]] = []
        for position, frame in self._reader.passing(self._most_calls - lacking):
            self._add(position, frame)
            names += [(position, name) for name in frame.names]
        if names:
            self._record_names(names)
        return self._reader.position >= durable

    def _go_to(self, place: Place) -> None:
        """Start over from a place, with little memory."""
        self._reader.go_to(place)
        if self._end:
            self._columns = _allocate(0)
        self._start = self._end = 0

    def _unstored(self) -> UnstoredCalls:
        return UnstoredCalls(
            {name: column[self._start : self._end] for name, column in self._columns.items()}
        )

    def _add(self, position: int, frame: Frame) -> None:
        more = len(frame.calls)
        if self._end + more > len(self._columns["position"]):
            self._reserve(more)
        span = slice(self._end, self._end + more)
        for name in FIELDS:
            self._columns[name][span] = frame.calls[name]
        self._columns["position"][span] = position
        self._end += more

    def _reserve(self, more: int) -> None:
        """Allocate new memory with space for ``more`` calls; running queries keep the old one."""
        held = self._unstored()
        room = _allocate(2 * (len(held) + more))
        for name, column in held.columns.items():
            room[name][: len(held)] = column
        self._columns, self._start, self._end = room, 0, len(held)


def _allocate(calls: int) -> FrameColumns:
    return {name: np.empty(max(calls, _LEAST_ROOM), kind) for name, kind in COLUMNS.items()}
