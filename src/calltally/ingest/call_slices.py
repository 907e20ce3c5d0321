"""Slices of a request: decoded, then checked calls, for the ordered step."""

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, Self

import msgspec

from calltally.call import Call
from calltally.call_batch import Bools, Int64s, UInt64s
from calltally.ingest.call_rules import Fault
from calltally.ingest.prepared_calls import PreparedCalls

MOST_KEPT = 4096
"""The most bytes of a rejected call that are kept for inspection."""


class RejectedCall(NamedTuple):
    """A call that is not counted: its place in the request, the fault, and its content as far as it was
    read."""

    place: int
    fault: Fault
    sent: Call | bytes

    def content(self, most: int) -> bytes:
        """The content, as JSON if it could be read, cut to ``most`` bytes."""
        if isinstance(self.sent, bytes):
            return self.sent[:most]
        try:
            return msgspec.json.encode(self.sent)[:most]
        except UnicodeEncodeError:  # a text with half a surrogate pair
            return repr(self.sent).encode(errors="backslashreplace")[:most]


SLICE = 1000
"""Calls decoded at a time: larger slices exceed the processor's cache and block the event loop."""


@dataclass(slots=True)
class DecodedCalls:
    """A slice of a request: readable calls with their places, and the unreadable ones.

    ``received`` was counted before decoding, so it must equal the two together.
    """

    received: int
    calls: list[Call]
    indexes: list[int]
    unreadable: list[RejectedCall] = field(default_factory=list)


Stored = tuple[Bools, UInt64s]
"""Which identities of some calls are in the store, and their digests."""


class JudgeableCalls(Protocol):
    """Valid calls, with an identity and a digest for each; see `PreparedCalls`."""

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
        """The earliest of ``time_ms``; requires at least one call."""
        ...

    @property
    def latest_ms(self) -> int:
        """The latest of ``time_ms``; requires at least one call."""
        ...

    def __len__(self) -> int: ...
    def place(self, row: int) -> int:
        """The place of a call in its request."""
        ...

    def call(self, row: int) -> Call:
        """One of the calls as an object."""
        ...

    def at(self, rows: Int64s) -> "PreparedCalls":
        """The calls of some rows, in order."""
        ...


@dataclass(slots=True)
class CheckedSlice:
    """Consecutive calls of one organization's sender: the valid ones and the rejected ones.

    ``received`` was counted before decoding. ``stored`` is required for identities that were evicted from
    memory.
    """

    sender: str
    received: int
    calls: JudgeableCalls | None
    rejected: list[RejectedCall] = field(default_factory=list)
    stored: Stored | None = None

    def without(self, rejected: list[RejectedCall], kept: Int64s) -> Self:
        """The slice with only the calls of ``kept`` rows; the others are rejected."""
        calls = self.calls.at(kept) if self.calls is not None and len(kept) else None
        stored = self.stored and (self.stored[0][kept], self.stored[1][kept])
        return type(self)(self.sender, self.received, calls, [*self.rejected, *rejected], stored)
