"""A log on its way in, from its lines to what became of each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec

from calltally.ingest.decoders.access_log import AccessLog
from calltally.ingest.decoders.log_file import LogFile, LogFormat
from calltally.ingest.decoders.log_slice import SkippedLine
from calltally.ingest.decoders.ndjson_log import NdjsonLog

CALLS_PER_POST = 10_000
_SHOWN_LINES = 1000

_encoder = msgspec.json.Encoder()


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
class LogPart:
    """Neighbouring lines of a log: the calls they tell, as NDJSON, with each call's line number."""

    body: list[bytes] = field(default_factory=list)
    line_numbers: list[int] = field(default_factory=list)
    skipped: list[SkippedLine] = field(default_factory=list)

    def add(self, body: bytes, line_numbers: list[int], skipped: list[SkippedLine]) -> None:
        if line_numbers:
            self.body.append(body)
        self.line_numbers.extend(line_numbers)
        self.skipped.extend(skipped)


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


class LogImport:
    """Reads one log in parts to be sent, in its order. Importing it again counts nothing twice."""

    def __init__(self, name: str, log: LogFile, access_log: AccessLog) -> None:
        self._log = log
        self._format = log.detect_format()
        self._access_log = access_log
        self._ndjson = NdjsonLog(log)
        self.report = ImportReport(name, self._format.value)

    def parts(self) -> Iterator[LogPart]:
        """The log in parts of some thousands of calls; once they are read the report knows of its end."""
        part = LogPart()
        for body, line_numbers, skipped in self._slices():
            part.add(body, line_numbers, skipped)
            if len(part.line_numbers) >= CALLS_PER_POST:
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

    def _slices(self) -> Iterator[tuple[bytes, list[int], list[SkippedLine]]]:
        if self._format is LogFormat.NDJSON:
            for raw in self._ndjson.slices():
                yield b"\n".join(raw.lines), raw.line_numbers, raw.skipped
            return
        for decoded in self._access_log.read(self._log.slices()):
            yield _encoder.encode_lines(decoded.calls)[:-1], decoded.line_numbers, decoded.skipped


def _told(verdict: SentVerdict) -> str:
    return f"{verdict.verdict}: {verdict.field} {verdict.reason}".replace("  ", " ")


Post = Callable[[bytes], SentReceipt]
"""Sends NDJSON as a declared backfill and returns what became of it."""
