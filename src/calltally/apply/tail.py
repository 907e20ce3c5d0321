"""The end of the journal, which is durable and not in the store yet, for those who ask."""

import threading
from collections.abc import Callable, Sequence

import numpy as np

from calltally.call_batch import NameUpdate
from calltally.journal.frame import Frame
from calltally.journal.journal import Journal
from calltally.journal.journal_reader import Place
from calltally.unstored_calls import COLUMNS, FIELDS, Column, UnstoredCalls

MOST_CALLS = 1_000_000
"""More are not kept in memory, about fifty bytes each: who asks then had better wait for the store."""

_LEAST_ROOM = 131_072
"""Room that is not used yet costs nothing, and room that grows is paid for twice."""

Names = Sequence[tuple[int, NameUpdate]]
"""Names with the positions that they came with."""

FrameColumns = dict[str, Column]


class Tail:
    """Reads back, when somebody asks, what became durable since somebody asked last.

    Costs nothing while nobody asks. ``stored`` tells the place up to which the store has taken the journal.
    Names that were given meanwhile are recorded, which whoever is answered may ask for next.
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
        self._columns = _room(0)
        self._start = self._end = 0

    def calls(self) -> UnstoredCalls | None:
        """All calls that are durable by now behind some position that the store has reached.

        None where they are too many, or cannot be read. Blocks, for others who ask too; may be called from
        any thread.
        """
        with self._reading:
            try:
                is_whole = self._read()
            except Exception:  # noqa: BLE001 - dropped meanwhile; or broken, and the roller will say so
                self._go_to(self._stored())
                is_whole = False
            return self._held() if is_whole else None

    def _read(self) -> bool:
        """Lets go of what is stored and reads on; whether that reached what is durable by now."""
        durable, stored = self._journal.durable.position, self._stored()
        if self._reader.position <= stored.position:
            self._go_to(stored)
        lacking = len(self._held().behind(stored.position))
        self._start = self._end - lacking
        names: list[tuple[int, NameUpdate]] = []
        for position, frame in self._reader.passing(self._most_calls - lacking):
            self._add(position, frame)
            names += [(position, name) for name in frame.names]
        if names:
            self._record_names(names)
        return self._reader.position >= durable

    def _go_to(self, place: Place) -> None:
        """Begins anew from there, and with little memory."""
        self._reader.go_to(place)
        if self._end:
            self._columns = _room(0)
        self._start = self._end = 0

    def _held(self) -> UnstoredCalls:
        return UnstoredCalls(
            {name: column[self._start : self._end] for name, column in self._columns.items()}
        )

    def _add(self, position: int, frame: Frame) -> None:
        more = len(frame.calls)
        if self._end + more > len(self._columns["position"]):
            self._make_room(more)
        span = slice(self._end, self._end + more)
        for name in FIELDS:
            self._columns[name][span] = frame.calls[name]
        self._columns["position"][span] = position
        self._end += more

    def _make_room(self, more: int) -> None:
        """Takes other memory, with room for so many more; answers under way keep what they read from."""
        held = self._held()
        room = _room(2 * (len(held) + more))
        for name, column in held.columns.items():
            room[name][: len(held)] = column
        self._columns, self._start, self._end = room, 0, len(held)


def _room(calls: int) -> FrameColumns:
    return {name: np.empty(max(calls, _LEAST_ROOM), kind) for name, kind in COLUMNS.items()}
