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


Post = Callable[[bytes], SentReceipt]
"""Sends NDJSON as a declared backfill and returns what became of it."""


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

    def note(self, problem: SkippedLine) -> None:
        if len(self.problems) < _SHOWN_LINES:
            self.problems.append(problem)


@dataclass(slots=True)
class _Gathered:
    """Lines that become one request."""

    lines: list[bytes] = field(default_factory=list)
    line_numbers: list[int] = field(default_factory=list)
    skipped: list[SkippedLine] = field(default_factory=list)


class LogImport:
    """Carries one log through ``post``, in its order. Importing it again counts nothing twice."""

    def __init__(self, name: str, log: LogFile, access_log: AccessLog) -> None:
        self._log = log
        self._format = log.detect_format()
        self._access_log = access_log
        self._ndjson = NdjsonLog(log)
        self.report = ImportReport(name, self._format.value)

    def run(self, post: Post, progress: Callable[[int], None] = lambda _: None) -> ImportReport:
        """Sends everything; ``progress`` is told the bytes of the file that were read so far."""
        for gathered in self._gather():
            self._send(gathered, post)
            progress(self._log.bytes_read)
        ndjson = self._format is LogFormat.NDJSON
        self.report.waiting = self._ndjson.waiting if ndjson else self._log.waiting is not None
        self.report.broken = self._log.break_reason
        progress(self._log.bytes_read)
        return self.report

    def _gather(self) -> Iterator[_Gathered]:
        gathered = _Gathered()
        for lines, numbers, skipped in self._slices():
            gathered.lines.extend(lines)
            gathered.line_numbers.extend(numbers)
            gathered.skipped.extend(skipped)
            if len(gathered.lines) >= CALLS_PER_POST:
                yield gathered
                gathered = _Gathered()
        yield gathered

    def _slices(self) -> Iterator[tuple[list[bytes], list[int], list[SkippedLine]]]:
        if self._format is LogFormat.NDJSON:
            for raw in self._ndjson.slices():
                yield raw.lines, raw.line_numbers, raw.skipped
            return
        for decoded in self._access_log.read(self._log.slices()):
            yield [_encoder.encode(call) for call in decoded.calls], decoded.line_numbers, decoded.skipped

    def _send(self, gathered: _Gathered, post: Post) -> None:
        report = self.report
        problems = list(gathered.skipped)
        report.skipped += len(gathered.skipped)
        report.lines += len(gathered.lines) + len(gathered.skipped)
        if gathered.lines:
            receipt = post(b"\n".join(gathered.lines))
            report.accepted += receipt.accepted
            report.duplicate += receipt.duplicate
            report.conflict += receipt.conflict
            report.rejected += receipt.rejected
            problems += [
                SkippedLine(gathered.line_numbers[verdict.index], _told(verdict))
                for verdict in receipt.verdicts
                if verdict.verdict != "duplicate"
            ]
        for problem in sorted(problems):
            report.note(problem)


def _told(verdict: SentVerdict) -> str:
    return f"{verdict.verdict}: {verdict.field} {verdict.reason}".replace("  ", " ")
