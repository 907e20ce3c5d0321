"""Where the next page of an answer begins."""

import base64
import hashlib
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from calltally.clock import DAY_MS
from calltally.errors import InvalidInputError

_NUMBERS = struct.Struct(">QQ")
_SEAL_BYTES = 16
_TEXT = re.compile(r"[A-Za-z0-9_-]{43}")
_MAX_OFFSET = 2**62


@dataclass(frozen=True, slots=True)
class UsageCursor:
    """How far the pages before reach, and when the first was asked for, so that "today" stays that day.

    The seal binds a cursor to the organization and the question. It is no secret: whoever forges one skips
    rows of an answer that they may read anyway, and nothing else in a cursor says what is answered.
    """

    asked_at_ms: int
    offset: int

    def sealed(self, organization: str, question: Iterable[tuple[str, str]]) -> str:
        """As text that needs no escaping in a URL."""
        numbers = _NUMBERS.pack(self.asked_at_ms, self.offset)
        return (
            base64.urlsafe_b64encode(numbers + _seal(numbers, organization, question)).rstrip(b"=").decode()
        )

    @classmethod
    def opened(
        cls, text: str, organization: str, question: Iterable[tuple[str, str]], now_ms: int
    ) -> "UsageCursor":
        """Raises `InvalidInputError` for a text that is no cursor of this question and organization."""
        if _TEXT.fullmatch(text):
            raw = base64.urlsafe_b64decode(f"{text}=")
            numbers, seal = raw[: _NUMBERS.size], raw[_NUMBERS.size :]
            cursor = cls(*_NUMBERS.unpack(numbers))
            possible = cursor.asked_at_ms <= now_ms + DAY_MS and cursor.offset < _MAX_OFFSET
            if possible and seal == _seal(numbers, organization, question):
                return cursor
        raise InvalidInputError(
            "the cursor does not belong to this question",
            accepted="the next of an answer to the same question, unchanged; limit and format may differ",
        )


def _seal(numbers: bytes, organization: str, question: Iterable[tuple[str, str]]) -> bytes:
    """The order of parameters does not matter, that of a parameter's values does."""
    asked = sorted(question, key=lambda pair: pair[0])
    content = msgspec.json.encode((organization, asked))
    return hashlib.blake2b(numbers + content, digest_size=_SEAL_BYTES, person=b"usage cursor 1").digest()
