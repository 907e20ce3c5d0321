"""Slices of a request: decoded, then checked calls, as the ordered step judges them."""

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, Self

import msgspec

from calltally.call import Call
from calltally.call_batch import Bools, Int64s, UInt64s
from calltally.ingest.call_rules import Fault
from calltally.ingest.prepared_calls import PreparedCalls

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


SLICE = 1000
"""Calls decoded at a time: larger slices fall out of the processor's cache and hold up the event loop."""


@dataclass(slots=True)
class DecodedCalls:
    """A slice of a request: readable calls with their places, and what could not be read.

    ``received`` was counted before anything was read, so it must equal the two together.
    """

    received: int
    calls: list[Call]
    indexes: list[int]
    unreadable: list[RejectedCall] = field(default_factory=list)


Stored = tuple[Bools, UInt64s]
"""Which of some calls' identities the store holds, and with what digests."""


class JudgeableCalls(Protocol):
    """Calls that may be counted, with an identity and a digest for each; see `PreparedCalls`."""

    @property
    def identity_high(self) -> UInt64s: ...
    @property
    def identity_low(self) -> UInt64s: ...
    @property
    def digest(self) -> UInt64s: ...
    @property
    def time_ms(self) -> Int64s: ...
    @property
    def earliest_ms(self) -> int:
        """The earliest of ``time_ms``; there is one call at least."""
        ...

    @property
    def latest_ms(self) -> int:
        """The latest of ``time_ms``; there is one call at least."""
        ...

    def __len__(self) -> int: ...
    def place(self, row: int) -> int:
        """Where a call stands in what its sender sent."""
        ...

    def call(self, row: int) -> Call:
        """One of the calls as an object."""
        ...

    def at(self, rows: Int64s) -> "PreparedCalls":
        """Some of the calls, in their order."""
        ...


@dataclass(slots=True)
class CheckedSlice:
    """Neighbouring calls of one organization's sender: those that may be judged, and those that broke a rule.

    ``received`` was counted before anything was read. ``stored`` must be known of identities that memory has
    let go.
    """

    sender: str
    received: int
    calls: JudgeableCalls | None
    rejected: list[RejectedCall] = field(default_factory=list)
    stored: Stored | None = None

    def without(self, rejected: list[RejectedCall], kept: Int64s) -> Self:
        """The same with the calls of some rows only; the others are rejected."""
        calls = self.calls.at(kept) if self.calls is not None and len(kept) else None
        stored = self.stored and (self.stored[0][kept], self.stored[1][kept])
        return type(self)(self.sender, self.received, calls, [*self.rejected, *rejected], stored)
