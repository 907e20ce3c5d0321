"""How long syncs take."""

from bisect import bisect_left

BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Seconds that the buckets of the histogram reach up to; one further bucket holds the rest."""


class SyncTimes:
    """A histogram of durations since the start. One thread notes, any may read."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.longest_seconds = 0.0
        self._counts = [0] * (len(BOUNDS) + 1)

    @property
    def count(self) -> int:
        return sum(self._counts)

    def note(self, seconds: float) -> None:
        self._counts[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds
        self.longest_seconds = max(self.longest_seconds, seconds)

    def up_to(self) -> list[tuple[float, int]]:
        """Each bound with how many took no longer; infinity comes last."""
        counted, rows = 0, []
        for bound, count in zip((*BOUNDS, float("inf")), tuple(self._counts), strict=True):
            counted += count
            rows.append((bound, counted))
        return rows
