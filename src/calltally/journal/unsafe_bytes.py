"""The size of the part of the journal that is still needed."""

import threading
from collections import deque

_STEP = 64 * 1024


class UnsafeBytes:
    """Bytes of frames that no checkpoint of the store covers yet, to within some ten thousand bytes.

    Adjacent frames are recorded together; a record counts until its last frame is covered.
    """

    def __init__(self, position: int, size: int) -> None:
        """``size`` is the size of the journal at its start, up to a position."""
        self._lock = threading.Lock()
        self._notes: deque[tuple[int, int]] = deque([(position, size)] if size else [])
        self._size = size

    @property
    def size(self) -> int:
        return self._size

    def add(self, position: int, size: int) -> None:
        """Record that frames up to a position were written."""
        with self._lock:
            self._size += size
            if self._notes and self._notes[-1][1] < _STEP:
                size += self._notes.pop()[1]
            self._notes.append((position, size))

    def cover(self, position: int) -> None:
        """Record that a checkpoint covers everything up to a position."""
        with self._lock:
            while self._notes and self._notes[0][0] <= position:
                self._size -= self._notes.popleft()[1]
