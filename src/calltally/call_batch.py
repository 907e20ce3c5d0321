"""Calls as columns of small integers, with everything that came with them: what the journal carries and the
store takes in one transaction."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from calltally.dictionary import DictionaryValue, Kind

CALL_COLUMNS = np.dtype(
    [
        ("identity_high", "<u8"),
        ("identity_low", "<u8"),
        ("digest", "<u8"),
        ("time_ms", "<i8"),
        ("duration_ms", "<i8"),
        ("request_bytes", "<i8"),
        ("response_bytes", "<i8"),
        ("organization", "<i4"),
        ("origin", "<i4"),
        ("client", "<i4"),
        ("user", "<i4"),
        ("source", "<i4"),
        ("account", "<i4"),
        ("method", "<i4"),
        ("route", "<i4"),
        ("path", "<i4"),
        ("status", "<i4"),
    ]
)
"""One accepted call. Texts are dictionary ids, ``path`` is an index into the batch's paths, an absent measure
is `ABSENT`. The journal stores these bytes: a change needs a new frame version."""

ABSENT = -1

CallColumns = npt.NDArray[np.void]
UInt64s = npt.NDArray[np.uint64]
Int64s = npt.NDArray[np.int64]


class Outcome(NamedTuple):
    """The books of one receipt: what became of the calls that one organization sent.

    ``received`` is counted before anything is judged, so it equals the sum of the four verdicts or something
    is wrong.
    """

    organization: int
    receipt_day: int  # days since 1970-01-01, UTC
    received: int
    accepted: int
    duplicate: int
    conflict: int
    rejected: int


class Conflict(NamedTuple):
    """A call whose identity was taken by another content; kept as it came, for inspection."""

    organization: int
    received_ms: int
    identity_high: int
    identity_low: int
    content: bytes  # the call as JSON


class NameUpdate(NamedTuple):
    """A name that a call gave to a client, a source or an account."""

    kind: Kind
    organization: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class CallBatch:
    """A span of the journal, ready for the store: the frames ``first_position`` through ``last_position``.

    ``calls``, ``positions`` and ``received_ms`` have one entry per accepted call. ``paths[0]`` is the empty
    path. Dictionary entries come in the order of their ids and before any later batch that uses them.
    """

    first_position: int
    last_position: int
    calls: CallColumns
    positions: UInt64s
    received_ms: Int64s
    paths: list[str] = field(default_factory=lambda: [""])
    values: list[DictionaryValue] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    names: list[NameUpdate] = field(default_factory=list)

    def column(self, name: str) -> npt.NDArray[Any]:
        """One field of all calls as a contiguous array."""
        return np.ascontiguousarray(self.calls[name])
