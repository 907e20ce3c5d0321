"""The oracle of `calltally.imports.access_log`: every line read by `read_log_line`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec
from xxhash import xxh3_128_digest

from calltally.call import Call
from calltally.imports.log_file import LogLines, log_lines
from calltally.imports.log_line import LoggedRequest, UnreadableLineError, read_log_line
from calltally.imports.log_part import LogPart, SkippedLine
from calltally.imports.logged_calls import LogField, LoggedCalls
from tests.reference.line_ordinals import LineOrdinals

_encoder = msgspec.json.Encoder()


@dataclass(slots=True)
class LogSlice:
    """Some neighbouring lines of a log: the calls they tell, each with its line's number, and the others.

    ``line_numbers`` has one entry per call, in the same order. Line numbers count from 1.
    """

    calls: list[Call] = field(default_factory=list)
    line_numbers: list[int] = field(default_factory=list)
    skipped: list[SkippedLine] = field(default_factory=list)


class ReferenceAccessLog:
    """See `AccessLog`, whose calls it gives in the order of their lines."""

    def __init__(
        self,
        origin: str,
        client_id: LogField | str = LogField.ADDRESS,
        user_id: LogField | str = LogField.USER,
    ) -> None:
        self._calls = LoggedCalls(origin, client_id, user_id)
        self._ordinals = LineOrdinals()
        self._next_number = 1

    def read(self, slices: Iterable[LogLines]) -> Iterator[LogSlice]:
        """Decodes all slices of a log, in order."""
        return map(self.decode, slices)

    def decode(self, lines: LogLines) -> LogSlice:
        """The calls of the log's next lines, and which lines tell none."""
        found = LogSlice()
        requests: list[LoggedRequest] = []
        digests: list[bytes] = []
        for number, line in enumerate(lines.lines, lines.first_number):
            try:
                requests.append(read_log_line(line))
            except UnreadableLineError as error:
                found.skipped.append(SkippedLine(number, str(error)))
            else:
                digests.append(xxh3_128_digest(line))
                found.line_numbers.append(number)
        ordinals = self._ordinals.take(digests)
        found.calls = [
            self._calls.call(request, digest.hex(), ordinal)
            for request, digest, ordinal in zip(requests, digests, ordinals, strict=True)
        ]
        return found

    def part(self, block: bytes) -> LogPart:
        """The log's next whole lines as they are sent."""
        part = LogPart()
        for lines in log_lines(block, self._next_number):
            self._next_number += len(lines.lines)
            decoded = self.decode(lines)
            if decoded.calls:
                part.body.append(_encoder.encode_lines(decoded.calls))
            for number in decoded.line_numbers:
                part.line_numbers.add(number)
            part.skipped += decoded.skipped
        return part
