"""Cursors: where a page begins, in an opaque text."""

import base64
import re
from datetime import date

import msgspec

from calltally.dialects.segment.contract import Operation

_ALPHABET = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class Cursor(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A page begins with the row of this day and source, or with the first one behind it.

    It names a row and not a number of rows, so that a source that had its first call between two pages
    neither repeats nor hides any row. It holds nothing that its reader has not been shown.
    """

    operation: Operation
    day: date
    source_id: str

    @classmethod
    def from_text(cls, text: str) -> "Cursor":
        """Reads what `text` wrote; raises `ValueError` for everything else."""
        if not _ALPHABET.fullmatch(text):
            raise ValueError("it holds characters that no cursor has")
        try:
            cursor = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=cls)
            written_here = cursor.text() == text
        except (ValueError, msgspec.DecodeError):
            written_here = False
        if not written_here:
            raise ValueError("it is no cursor of this server")
        return cursor

    def text(self) -> str:
        """The cursor in letters, digits, ``-`` and ``_``, which every client can put into a query string."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).rstrip(b"=").decode()
