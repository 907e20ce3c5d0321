"""One page of a grid of rows."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from calltally.dialects.segment.contract import PaginationOutput
from calltally.dialects.segment.cursor import Cursor
from calltally.dialects.segment.usage_grid import Cell, UsageGrid


@dataclass(frozen=True)
class Page:
    """At most ``count`` rows of a grid, from ``current`` on; empty after the end, without an error."""

    grid: UsageGrid
    current: Cursor
    count: int

    @cached_property
    def start(self) -> int:
        """The index of the first row."""
        return self.grid.index_of(self.current.day, self.current.source_id)

    @cached_property
    def cells(self) -> list[Cell]:
        """The cells of the rows, in order."""
        start = self.start
        return [self.grid[index] for index in range(start, min(start + self.count, len(self.grid)))]

    @property
    def days(self) -> list[date]:
        """The days of the rows, ascending."""
        return list(dict.fromkeys(day for day, _ in self.cells))

    @cached_property
    def sources(self) -> set[str]:
        """The sources of the rows."""
        return {source_id for _, source_id in self.cells}

    @property
    def some_sources(self) -> frozenset[str] | None:
        """The sources of the rows if they are at most half of all: then querying only them is faster."""
        sources = self.sources
        return frozenset(sources) if 2 * len(sources) <= len(self.grid.sources) else None

    def pagination(self) -> PaginationOutput:
        """The cursors of this page and of the adjacent ones, and the number of all rows.

        A previous page that would begin before the first row begins with it, and overlaps this one.
        """
        start, size = self.start, len(self.grid)
        return PaginationOutput(
            current=self.current.text(),
            next=self._cursor(start + self.count) if start + self.count < size else None,
            previous=self._cursor(max(0, start - self.count)) if start > 0 else None,
            total_entries=size,
        )

    def _cursor(self, index: int) -> str:
        day, source_id = self.grid[index]
        return Cursor(self.current.operation, day, source_id).text()
