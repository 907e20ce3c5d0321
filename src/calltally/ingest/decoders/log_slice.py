"""What decoding a stretch of a log gives."""

from dataclasses import dataclass, field
from typing import NamedTuple

from calltally.call import Call


class SkippedLine(NamedTuple):
    """A line that is not counted, and why."""

    line_number: int
    reason: str


@dataclass(slots=True)
class LogSlice:
    """Some neighbouring lines of a log: the calls they tell, each with its line's number, and the others.

    ``line_numbers`` has one entry per call, in the same order. Line numbers count from 1.
    """

    calls: list[Call] = field(default_factory=list)
    line_numbers: list[int] = field(default_factory=list)
    skipped: list[SkippedLine] = field(default_factory=list)
