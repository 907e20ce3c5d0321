"""Cursors: the start of a page as an opaque text."""

import base64
import re
from datetime import date

import msgspec

from calltally.dialects.segment.contract import Operation

_ALPHABET = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class Cursor(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A page begins with the row of this day and source, or with the first row after it.

    It names a row instead of a row number, so that a source with its first call between two pages neither
    repeats nor hides a row. It contains nothing that its reader has not seen.
    """

    operation: Operation
    day: date
    source_id: str

    @classmethod
    def from_text(cls, text: str) -> "Cursor":
        """Read what `text` wrote; raises `ValueError` for anything else."""
        if not _ALPHABET.fullmatch(text):
            raise ValueError("it holds characters that no cursor has")
        try:
            cursor = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=cls)
            written_here = cursor.text() == text
        except (ValueError, msgspec.DecodeError):
            written_here = False
        if not written_here:
            raise ValueError("it is not a cursor of this server")
        return cursor

    def text(self) -> str:
        """The cursor in letters, digits, ``-`` and ``_``, which need no escaping in a query string."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).rstrip(b"=").decode()
