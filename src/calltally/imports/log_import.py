"""A log on its way in, from its lines to what became of each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from calltally.imports.log_file import LogFile, LogFormat
from calltally.imports.log_part import LogPart, SkippedLine
from calltally.imports.ndjson_log import NdjsonLog

_SHOWN_LINES = 1000
_FEWEST_BYTES_OF_A_LINE = 40
"""Of one that is a call."""
_MOST_GROWTH = 8
"""Times a line may be shorter than its call in JSON."""


class SentVerdict(msgspec.Struct):
    """One verdict as the server tells it."""

    index: int
    verdict: str
    reason: str = ""
    field: str = ""


class SentReceipt(msgspec.Struct):
    """What the server tells of one request."""

    accepted: int
    duplicate: int
    conflict: int
    rejected: int
    verdicts: list[SentVerdict]


@dataclass(slots=True)
class ImportReport:
    """What became of a log's lines; their sum is ``lines``, but for one that waits for its end.

    ``skipped`` counts lines that are no call, ``rejected`` calls that broke a rule. ``problems`` names the
    first thousand of the lines that were skipped, rejected or in conflict, in their order.
    """

    file: str
    format: str = ""
    lines: int = 0
    accepted: int = 0
    duplicate: int = 0
    conflict: int = 0
    rejected: int = 0
    skipped: int = 0
    waiting: bool = False
    broken: str = ""
    problems: list[SkippedLine] = field(default_factory=list)

    def take(self, part: LogPart, receipt: SentReceipt | None) -> None:
        """Books a part of the log with what the server said of its calls, None if it has no call."""
        self.lines += len(part.line_numbers) + len(part.skipped)
        self.skipped += len(part.skipped)
        problems = list(part.skipped)
        if receipt is not None:
            self.accepted += receipt.accepted
            self.duplicate += receipt.duplicate
            self.conflict += receipt.conflict
            self.rejected += receipt.rejected
            problems += [
                SkippedLine(part.line_numbers[verdict.index], _told(verdict))
                for verdict in receipt.verdicts
                if verdict.verdict != "duplicate"
            ]
        room = _SHOWN_LINES - len(self.problems)
        self.problems.extend(sorted(problems)[:room])


class AccessLogReader(Protocol):
    """Tells the calls of one access log, from its first line on."""

    def part(self, block: bytes) -> LogPart:
        """What the log's next whole lines tell."""
        ...


@dataclass(frozen=True, slots=True)
class PartBounds:
    """How many calls and bytes a part has, about: it is whole when it has as many of either."""

    calls: int = 25_000
    size: int = 4 * 2**20

    @property
    def block_bytes(self) -> int:
        """How much to read of a log at a time, so that no part has more than twice as many."""
        return min(2**20, self.calls * _FEWEST_BYTES_OF_A_LINE, self.size // _MOST_GROWTH)


class LogImport:
    """Reads one log in parts to be sent, in its order. Importing it again counts nothing twice."""

    def __init__(self, name: str, log: LogFile, access_log: AccessLogReader, ndjson: NdjsonLog) -> None:
        """Both readers are of this log; its first line decides which is asked."""
        self._log = log
        self._format = log.detect_format()
        self._access_log = access_log
        self._ndjson = ndjson
        self.report = ImportReport(name, self._format.value)

    def parts(self, bounds: PartBounds) -> Iterator[LogPart]:
        """The log in parts; once they are read the report knows of its end."""
        part = LogPart()
        for piece in self._pieces():
            part.add(piece)
            if len(part.line_numbers) >= bounds.calls or part.size >= bounds.size:
                yield part
                part = LogPart()
        yield part
        ndjson = self._format is LogFormat.NDJSON
        self.report.waiting = self._ndjson.waiting if ndjson else self._log.waiting is not None
        self.report.broken = self._log.break_reason

    @property
    def bytes_read(self) -> int:
        """Bytes of the file that were read so far."""
        return self._log.bytes_read

    def _pieces(self) -> Iterator[LogPart]:
        if self._format is LogFormat.NDJSON:
            return self._ndjson.parts()
        return map(self._access_log.part, self._log.blocks())


def _told(verdict: SentVerdict) -> str:
    return f"{verdict.verdict}: {verdict.field} {verdict.reason}".replace("  ", " ")


Post = Callable[[LogPart], SentReceipt]
"""Sends a part's calls as a declared backfill and returns what became of them."""
