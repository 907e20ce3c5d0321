"""Reads access logs of nginx and Apache as calls, in the common and the combined format."""

import msgspec
from xxhash import xxh3_128_hexdigest

from calltally import _native as native
from calltally.call import Call
from calltally.imports.log_line import UnreadableLineError, read_log_line
from calltally.imports.log_part import LogPart, SkippedLine
from calltally.imports.logged_calls import LogField, LoggedCalls

_encoder = msgspec.json.Encoder()


class AccessLog:
    """Converts the lines of one log to calls that are the same whenever and wherever they are read again.

    A call's id is the 128-bit XXH3 of its line without the line ending, and the line's number among the
    identical lines of the log. So a log that has grown, was renamed, rotated or compressed gives its old
    calls their old ids, and two identical lines are two calls. ``client_id`` and ``user_id`` name the field
    they are taken from, or are a text for all calls. Fields after the user agent are passed over.

    Native code reads the plain lines, whose calls come first in each block; `read_log_line` reads the others.
    One object serves one log, from its first line on, and one thread; other threads run meanwhile.
    """

    def __init__(
        self,
        origin: str,
        client_id: LogField | str = LogField.ADDRESS,
        user_id: LogField | str = LogField.USER,
    ) -> None:
        self._calls = LoggedCalls(origin, client_id, user_id)
        self._reader = native.AccessLogReader(_encoder.encode(origin), _named(client_id), _named(user_id))
        self._next_number = 1

    def part(self, block: bytes) -> LogPart:
        """The log's next complete lines, ready to send."""
        part = LogPart()
        plain, lines, odd = self._reader.take(block)
        first = self._next_number
        self._next_number += lines
        others, odd_numbers = list[Call](), list[int]()
        for index, start, end, ordinal in odd:
            number = self._next_number - lines + index
            part.line_numbers.add(first, number - first)
            first = number + 1
            line = block[start:end]
            try:
                request = read_log_line(line)
            except UnreadableLineError as error:
                part.skipped.append(SkippedLine(number, str(error)))
            else:
                others.append(self._calls.call(request, xxh3_128_hexdigest(line), ordinal))
                odd_numbers.append(number)
        part.line_numbers.add(first, self._next_number - first)
        for number in odd_numbers:
            part.line_numbers.add(number)
        part.body += filter(None, (plain, _encoder.encode_lines(others)))
        return part


def _named(caller: LogField | str) -> str | bytes:
    return caller.value if isinstance(caller, LogField) else _encoder.encode(caller)
