"""Where the head of a request ends."""

import re
from http import HTTPStatus

from litestar.exceptions import HTTPException

from calltally.errors import InvalidInputError
from calltally.server.connection_limits import HEAD_BYTES, HEADERS, TARGET_BYTES

NOT_A_REQUEST = "not a valid HTTP/1.1 request"

_END = b"\r\n\r\n"
_BLANK = b"\r\n"
_NOT_BLANK = re.compile(rb"[^\r\n]")
_BROKEN_LINE_END = re.compile(rb"(?<!\r)\n|\r[^\n]")
_FIRST_LINE = re.compile(rb"[A-Z-]+ [!-~]+ HTTP/1\.[01]\r\n")
_BEGINNING = re.compile(rb"[A-Z-]+(?: [!-~ ]*)?\r?")
_BEGINNING_BYTES = 40
_METHOD_BYTES = 32


class HeadBuffer:
    """Keeps what has come of a head until it is whole.

    A head ends at its first empty line, and lines end with CR LF. What cannot become a valid head is refused
    as soon as that is clear.
    """

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._searched = 0
        self._first_line_is_valid = False

    @property
    def has_begun(self) -> bool:
        return len(self._bytes) > 0

    def take(self, data: bytes, at: int) -> tuple[bytes | None, int]:
        """The head, or None while it is not whole, and where in ``data`` that which follows it begins.

        Raises `InvalidInputError`, or `HTTPException` for a head that is too long.
        """
        if not self._bytes:
            if data[at] in _BLANK:  # empty lines before a request are ignored
                first = _NOT_BLANK.search(data, at)
                if first is None:
                    return None, len(data)
                at = first.start()
            end = data.find(_END, at, at + HEAD_BYTES)
            if end >= 0:
                end += len(_END)
                return data[at:end], end
        return self._gather(data, at)

    def _gather(self, data: bytes, at: int) -> tuple[bytes | None, int]:
        had = len(self._bytes)
        self._bytes += data[at : at + HEAD_BYTES + 1 - had]
        end = self._bytes.find(_END, max(0, had - len(_END) + 1), HEAD_BYTES)
        if end < 0:
            self._refuse_what_cannot_become_a_head(had)
            return None, len(data)
        end += len(_END)
        head = bytes(self._bytes[:end])
        self._bytes.clear()
        self._first_line_is_valid = False
        return head, at + end - had

    def _refuse_what_cannot_become_a_head(self, checked: int) -> None:
        if not self._first_line_is_valid:
            if b"\r\n" in self._bytes[max(0, checked - 1) :]:
                self._first_line_is_valid = _FIRST_LINE.match(self._bytes) is not None
                valid = self._first_line_is_valid
            else:
                valid = _BEGINNING.fullmatch(self._bytes[:_BEGINNING_BYTES]) is not None
                if valid and len(self._bytes) > TARGET_BYTES + _METHOD_BYTES:
                    raise target_is_too_long()
            if not valid:
                raise InvalidInputError(NOT_A_REQUEST)
        if _BROKEN_LINE_END.search(self._bytes, max(0, checked - 1)):
            raise InvalidInputError(NOT_A_REQUEST)
        if len(self._bytes) > HEAD_BYTES:
            raise head_is_too_long()


def target_is_too_long() -> HTTPException:
    text = f"path and query may have {TARGET_BYTES} bytes"
    return HTTPException(text, status_code=HTTPStatus.REQUEST_URI_TOO_LONG)


def head_is_too_long() -> HTTPException:
    text = f"there may be {HEADERS} headers of {HEAD_BYTES} bytes"
    return HTTPException(text, status_code=HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
