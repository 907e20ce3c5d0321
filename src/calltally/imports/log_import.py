"""Imports a log, from its lines to their verdicts."""

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
"""How many times longer than its line a call in JSON may be."""


class SentVerdict(msgspec.Struct):
    """One verdict of the server."""

    index: int
    verdict: str
    reason: str = ""
    field: str = ""


class SentReceipt(msgspec.Struct):
    """The server's response to one request."""

    accepted: int
    duplicate: int
    conflict: int
    rejected: int
    verdicts: list[SentVerdict]


@dataclass(slots=True)
class ImportReport:
    """The outcomes of a log's lines; they sum to ``lines``, except for an unfinished last line.

    ``skipped`` counts lines that are not calls, ``rejected`` calls that violated a rule. ``problems`` lists
    the first thousand of the lines that were skipped, rejected or in conflict, in order.
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
        """Add a part of the log with the server's response to its calls, None if it has none."""
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
    """Reads the calls of one access log, from its first line on."""

    def part(self, block: bytes) -> LogPart:
        """The calls of the log's next complete lines."""
        ...


@dataclass(frozen=True, slots=True)
class PartBounds:
    """The approximate size of a part: it is complete once it has either number of calls or of bytes."""

    calls: int = 25_000
    size: int = 4 * 2**20

    @property
    def block_bytes(self) -> int:
        """The bytes to read of a log at a time, so that no part exceeds twice the bounds."""
        return min(2**20, self.calls * _FEWEST_BYTES_OF_A_LINE, self.size // _MOST_GROWTH)


class LogImport:
    """Reads one log in parts to send, in order. Importing it again counts nothing twice."""

    def __init__(self, name: str, log: LogFile, access_log: AccessLogReader, ndjson: NdjsonLog) -> None:
        """Both readers belong to this log; its first line decides which is used."""
        self._log = log
        self._format = log.detect_format()
        self._access_log = access_log
        self._ndjson = ndjson
        self.report = ImportReport(name, self._format.value)

    def parts(self, bounds: PartBounds) -> Iterator[LogPart]:
        """The log in parts; after the last one the report includes its end."""
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
        """Bytes read from the file so far."""
        return self._log.bytes_read

    def _pieces(self) -> Iterator[LogPart]:
        if self._format is LogFormat.NDJSON:
            return self._ndjson.parts()
        return map(self._access_log.part, self._log.blocks())


def _told(verdict: SentVerdict) -> str:
    return f"{verdict.verdict}: {verdict.field} {verdict.reason}".replace("  ", " ")


Post = Callable[[LogPart], SentReceipt]
"""Sends a part's calls as a declared backfill and returns the response."""
