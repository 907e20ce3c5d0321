"""Access logs of web servers as calls: nginx and Apache, the common and the combined format."""

from collections.abc import Iterable, Iterator
from enum import Enum

from xxhash import xxh3_128_digest

from calltally.call import Call
from calltally.ingest.decoders.line_ordinals import LineOrdinals
from calltally.ingest.decoders.log_file import LineSlice
from calltally.ingest.decoders.log_line import LoggedRequest, UnreadableLineError, read_log_line
from calltally.ingest.decoders.log_slice import LogSlice, SkippedLine

_DIGEST_DIGITS = 32


class LogField(Enum):
    """The fields of a line that say who called."""

    ADDRESS = "address"
    USER = "user"


class AccessLog:
    """Turns the lines of one log into calls that are the same whenever and wherever they are read again.

    A call's id is the 128-bit XXH3 of its line without the line ending, and the line's number among the
    identical lines of the log. So a log that has grown, was renamed, rotated or compressed gives its old
    calls their old ids, and two identical lines are two calls. ``client_id`` and ``user_id`` name the field
    they are taken from, or are a text for all calls. Fields after the user agent are passed over. One
    object serves one log, from its first line on, and one thread.
    """

    def __init__(
        self,
        origin: str,
        *,
        client_id: LogField | str = LogField.ADDRESS,
        user_id: LogField | str = LogField.USER,
    ) -> None:
        self._origin = origin
        self._client_id = client_id
        self._user_id = user_id
        self._ordinals = LineOrdinals()

    def read(self, slices: Iterable[LineSlice]) -> Iterator[LogSlice]:
        """Decodes all slices of a log, in order."""
        return map(self.decode, slices)

    def decode(self, lines: LineSlice) -> LogSlice:
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
        clients = self._callers(self._client_id, requests)
        users = self._callers(self._user_id, requests)
        found.calls = [
            Call(
                id=call_id,
                time=request.time,
                origin=self._origin,
                client_id=client,
                user_id=user,
                method=request.method,
                path=request.path,
                status=request.status,
                response_bytes=request.response_bytes,
            )
            for call_id, client, user, request in zip(
                self._ids(digests), clients, users, requests, strict=True
            )
        ]
        return found

    def _ids(self, digests: list[bytes]) -> list[str]:
        digits = b"".join(digests).hex()
        return [
            f"{digits[start : start + _DIGEST_DIGITS]}-{ordinal}"
            for start, ordinal in zip(
                range(0, len(digits), _DIGEST_DIGITS), self._ordinals.take(digests), strict=True
            )
        ]

    def _callers(self, chosen: LogField | str, requests: list[LoggedRequest]) -> list[str]:
        if chosen is LogField.ADDRESS:
            return [request.address for request in requests]
        if chosen is LogField.USER:
            return [request.user for request in requests]
        return [chosen] * len(requests)
