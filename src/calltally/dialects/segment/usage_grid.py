"""The rows of a response before they are written: days times sources."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

Cell = tuple[date, str]
"""The key of a row: its day and its source."""

WORKSPACE = ("",)
"""The only source of a grid that is not grouped by source."""


@dataclass(frozen=True, slots=True)
class UsageGrid:
    """One row per day and source, ordered by day and then by source.

    Days are consecutive and ascending, sources ascending by code point. Without sources there are no rows.
    """

    days: Sequence[date]
    sources: Sequence[str]

    def __len__(self) -> int:
        return len(self.days) * len(self.sources)

    def __getitem__(self, index: int) -> Cell:
        day, source = divmod(index, len(self.sources))
        return self.days[day], self.sources[source]

    def index_of(self, day: date, source_id: str) -> int:
        """The index of a cell, or of the first cell after its place."""
        whole_days = bisect_left(self.days, day)
        if whole_days == len(self.days) or self.days[whole_days] != day:
            return whole_days * len(self.sources)
        return whole_days * len(self.sources) + bisect_left(self.sources, source_id)
