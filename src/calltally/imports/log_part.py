"""Parts of a log, which are sent one at a time."""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import NamedTuple


class SkippedLine(NamedTuple):
    """A line that is not counted, and why."""

    line_number: int
    reason: str


class LineNumbers:
    """The line numbers of calls, stored as runs of consecutive lines."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._firsts: list[int] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> int:
        """The line number of the call at an index. Raises `IndexError`."""
        if not 0 <= index < self._count:
            raise IndexError(index)
        run = bisect(self._starts, index) - 1
        return self._firsts[run] + index - self._starts[run]

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(range(first, first + count) for first, count in self.runs())

    def add(self, first: int, count: int = 1) -> None:
        """Add ``count`` consecutive lines from ``first`` on."""
        if not count:
            return
        if not self._firsts or first != self._firsts[-1] + self._count - self._starts[-1]:
            self._starts.append(self._count)
            self._firsts.append(first)
        self._count += count

    def extend(self, others: "LineNumbers") -> None:
        """Append other numbers."""
        for first, count in others.runs():
            self.add(first, count)

    def runs(self) -> Iterator[tuple[int, int]]:
        """The first line and the length of each run."""
        starts = [*self._starts, self._count]
        for first, (start, end) in zip(self._firsts, pairwise(starts), strict=True):
            yield first, end - start


@dataclass(slots=True)
class LogPart:
    """Some lines of a log: their calls as lines of JSON, with each call's line number, and the skipped lines.

    ``body`` has the lines of JSON in pieces that each end with a line break.
    """

    body: list[bytes] = field(default_factory=list)
    line_numbers: LineNumbers = field(default_factory=LineNumbers)
    skipped: list[SkippedLine] = field(default_factory=list)

    @property
    def size(self) -> int:
        """The number of bytes to send."""
        return sum(map(len, self.body))

    def add(self, other: "LogPart") -> None:
        """Append the next part of the log."""
        self.body += other.body
        self.line_numbers.extend(other.line_numbers)
        self.skipped += other.skipped
