"""Bodies in chunks."""

import re
from http import HTTPStatus

from litestar.exceptions import HTTPException

from calltally.errors import InvalidInputError
from calltally.server.connection_limits import HEAD_BYTES

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})([ \t]*;[^\0-\x08\x0a-\x1f\x7f]*)?")
_TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\0-\x08\x0a-\x1f\x7f]*")
_PARTS = 1024
"""So many parts are joined at a time, so that tiny chunks take little memory."""


class ChunkedBody:
    """Takes the framing off a body in chunks, exactly as RFC 9112 (7.1) writes it.

    Extensions and trailers are ignored and may take as much as a head in all.
    """

    def __init__(self) -> None:
        self.is_whole = False
        self._left = 0  # of a chunk's data
        self._in_data = False
        self._in_trailers = False
        self._line = b""
        self._ignored = 0

    def take(self, data: bytes, at: int, end: int) -> tuple[list[bytes], int]:
        """The data in ``data[at:end]``, and where what follows it begins: at ``end`` unless it is whole.

        Raises `InvalidInputError`, or `HTTPException` for too many extensions or trailers.
        """
        parts: list[bytes] = []
        while at < end and not self.is_whole:
            if self._left:
                part = data[at : min(at + self._left, end)]
                parts.append(part)
                self._left -= len(part)
                at += len(part)
                if len(parts) == _PARTS:
                    parts = [b"".join(parts)]
            else:
                at = self._take_line(data, at, end)
        return parts, at

    def _take_line(self, data: bytes, at: int, end: int) -> int:
        line_end = data.find(b"\n", at, end) + 1
        line = self._line + data[at : line_end or end]
        self._line = b""
        if line_end and line.endswith(b"\r\n"):
            self._end_line(line[:-2])
        elif line_end or (self._in_data and not b"\r\n".startswith(line)):
            raise _not_chunked()
        else:
            self._line = line
            if len(line) + self._ignored > HEAD_BYTES:
                raise _too_much_beside()
        return line_end or end

    def _end_line(self, line: bytes) -> None:
        if self._in_data:
            if line:
                raise _not_chunked()
            self._in_data = False
        elif self._in_trailers:
            self._end_trailer(line)
        else:
            match = _SIZE.fullmatch(line)
            if match is None:
                raise _not_chunked()
            self._ignore(len(match[2] or b""))
            self._left = int(match[1], 16)
            self._in_data = self._left > 0
            self._in_trailers = not self._in_data

    def _end_trailer(self, line: bytes) -> None:
        if not line:
            self.is_whole = True
        elif not _TRAILER.fullmatch(line):
            raise _not_chunked()
        self._ignore(len(line))

    def _ignore(self, size: int) -> None:
        self._ignored += size
        if self._ignored > HEAD_BYTES:
            raise _too_much_beside()


def _not_chunked() -> InvalidInputError:
    reason = "the body is not framed in valid chunks"
    return InvalidInputError(reason, field="body", accepted="chunks as in RFC 9112, section 7.1")


def _too_much_beside() -> HTTPException:
    text = f"chunk extensions and trailers may have {HEAD_BYTES} bytes"
    return HTTPException(text, status_code=HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
