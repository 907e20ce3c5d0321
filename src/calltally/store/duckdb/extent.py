"""The range of times and receipts of the stored calls."""

from dataclasses import dataclass, replace

import numpy as np

from calltally.call_batch import Int64s


@dataclass(frozen=True, slots=True)
class Extent:
    """All stored calls happened in [``first_ms``, ``end_ms``) and were received up to ``received_ms``.

    It may be wider than the calls, never narrower.
    """

    first_ms: int = 0
    end_ms: int = 0
    received_ms: int = 0

    @property
    def is_empty(self) -> bool:
        return self.first_ms >= self.end_ms

    def with_calls(self, times_ms: Int64s, received_ms: Int64s) -> "Extent":
        if not len(times_ms):
            return self
        return replace(self.with_times(times_ms), received_ms=max(self.received_ms, int(np.max(received_ms))))

    def with_times(self, times_ms: Int64s) -> "Extent":
        """Widened to calls that happened at these times, whenever they were received."""
        if not len(times_ms):
            return self
        first_ms, end_ms = int(np.min(times_ms)), int(np.max(times_ms)) + 1
        if self.is_empty:
            return replace(self, first_ms=first_ms, end_ms=end_ms)
        return replace(self, first_ms=min(first_ms, self.first_ms), end_ms=max(end_ms, self.end_ms))

    def within(self, start_ms: int, end_ms: int) -> "Extent":
        """The part within a half-open span."""
        return Extent(max(start_ms, self.first_ms), min(end_ms, self.end_ms), self.received_ms)
