"""The lag of the counts behind the calls."""

import time
from collections import deque
from collections.abc import Callable


class Lag:
    """Records now and then how many calls were appended up to which position, and when.

    From that it derives how many calls the store has yet to apply, and how long the oldest has waited, as
    exactly as records are frequent.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._notes: deque[tuple[int, int, float]] = deque()
        self._applied_calls = 0
        self._last = 0

    def note(self, position: int, calls: int) -> None:
        """``calls`` were appended since the start, the last of them at a position."""
        self._last, last = position, self._last
        if position > last:
            self._notes.append((position, calls, self._clock()))

    def behind(self, applied: int, calls: int) -> tuple[int, float]:
        """The lag, in calls and seconds, of a store at position ``applied`` behind ``calls`` appended so
        far."""
        while self._notes and self._notes[0][0] <= applied:
            self._applied_calls = self._notes.popleft()[1]
        if not self._notes:
            return 0, 0.0
        return calls - self._applied_calls, self._clock() - self._notes[0][2]
