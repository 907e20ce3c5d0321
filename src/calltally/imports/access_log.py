"""Reads access logs of nginx and Apache as calls, in the common and the combined format."""

from collections.abc import Iterable, Iterator

import msgspec
from xxhash import xxh3_128_digest

from calltally.imports.line_ordinals import LineOrdinals
from calltally.imports.log_file import LogLines, log_lines
from calltally.imports.log_line import LoggedRequest, UnreadableLineError, read_log_line
from calltally.imports.log_part import LogPart, LogSlice, SkippedLine
from calltally.imports.logged_calls import LogField, LoggedCalls

_encoder = msgspec.json.Encoder()


class AccessLog:
    """Converts the lines of one log to calls that are the same whenever and wherever they are read again.

    A call's id is the 128-bit XXH3 of its line without the line ending, and the line's number among the
    identical lines of the log. So a log that has grown, was renamed, rotated or compressed gives its old
    calls their old ids, and two identical lines are two calls. ``client_id`` and ``user_id`` are the field
    that they come from, or a text for all calls. Fields after the user agent are ignored. One object serves
    one log, from its first line on, and one thread.
    """

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
        """Decode all slices of a log, in order."""
        return map(self.decode, slices)

    def decode(self, lines: LogLines) -> LogSlice:
        """The calls of the log's next lines, and the skipped lines."""
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
        """The log's next complete lines, ready to send."""
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
