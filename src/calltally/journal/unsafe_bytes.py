"""How much of the journal is still needed."""

import threading
from collections import deque

_STEP = 64 * 1024


class UnsafeBytes:
    """Bytes of frames that no checkpoint of the store covers yet, to some ten thousand bytes.

    Neighbouring frames are noted together; a note counts until the last of its frames is covered.
    """

    def __init__(self, position: int, size: int) -> None:
        """``size`` is what the journal holds at its start, up to a position."""
        self._lock = threading.Lock()
        self._notes: deque[tuple[int, int]] = deque([(position, size)] if size else [])
        self._size = size

    @property
    def size(self) -> int:
        return self._size

    def add(self, position: int, size: int) -> None:
        """Frames up to a position were written."""
        with self._lock:
            self._size += size
            if self._notes and self._notes[-1][1] < _STEP:
                size += self._notes.pop()[1]
            self._notes.append((position, size))

    def cover(self, position: int) -> None:
        """A checkpoint covers everything up to a position."""
        with self._lock:
            while self._notes and self._notes[0][0] <= position:
                self._size -= self._notes.popleft()[1]
