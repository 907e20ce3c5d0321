"""What a decoder hands to the intake."""

from dataclasses import dataclass, field

from calltally.call import Call
from calltally.ingest.rejected_call import RejectedCall

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
