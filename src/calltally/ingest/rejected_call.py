"""A call that breaks a rule."""

from typing import NamedTuple

import msgspec

from calltally.call import Call
from calltally.ingest.call_rules import Fault

MOST_KEPT = 4096
"""Bytes of a rejected call that are kept for inspection."""


class RejectedCall(NamedTuple):
    """A call that is not counted: its place in what was sent, why, and what came, as far as it was read."""

    place: int
    fault: Fault
    sent: Call | bytes

    def content(self, most: int) -> bytes:
        """What came, as JSON if it could be read, cut to so many bytes."""
        if isinstance(self.sent, bytes):
            return self.sent[:most]
        try:
            return msgspec.json.encode(self.sent)[:most]
        except UnicodeEncodeError:  # a text with half a surrogate pair
            return repr(self.sent).encode(errors="backslashreplace")[:most]
