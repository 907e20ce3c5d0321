"""Calls as columns of small integers with their accompanying data: what the journal stores and the store
applies in one transaction."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from calltally.dictionary import DictionaryValue, Kind
from calltally.packed_texts import NO_TEXT, PackedTexts

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
        ("entry", "<i4"),
    ]
)
"""One entry of the ledger of calls, nearly always an accepted call. Texts are dictionary ids, ``path`` is an
index into the batch's paths, an absent measure is `ABSENT`, ``entry`` is an `Entry`. The journal stores these
bytes: a change needs a new frame version."""

ABSENT = -1

CallColumns = npt.NDArray[np.void]
UInt64s = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]
Int64s = npt.NDArray[np.int64]


class Entry(IntEnum):
    """The kind of a ledger row. Rows are only ever added; the current content of a call is their sum.

    An identity is used by its `RECEIVED` or `ADDED` row, of which it has exactly one, and stays used. The
    numbers are stored: never renumber, only add.
    """

    RECEIVED = 0  # a call as its sender sent it; counts 1
    WITHDRAWN = 1  # withdraws an earlier row of the same identity, unchanged; counts -1
    RESTATED = 2  # the corrected content; the identity was used before; counts 1
    ADDED = 3  # a call that a correction added; counts 1


class Outcome(NamedTuple):
    """The verdicts of one receipt on the calls that one organization sent.

    ``received`` is counted before any check, so a difference from the sum of the four verdicts is an error.
    """

    organization: int
    receipt_day: int  # days since 1970-01-01, UTC
    received: int
    accepted: int
    duplicate: int
    conflict: int
    rejected: int


class Conflict(NamedTuple):
    """A call whose identity was used with another content; kept as received, for inspection."""

    organization: int
    received_ms: int
    identity_high: int
    identity_low: int
    content: bytes  # the call as JSON


class Rejection(NamedTuple):
    """How many calls of one organization were rejected for one reason.

    Those of a receipt day sum to the day's `Outcome.rejected`.
    """

    organization: int
    receipt_day: int
    code: str  # a short name of the violated rule, such as ``time.too_late``
    calls: int


class RejectedSample(NamedTuple):
    """One rejected call as received, for inspection; only some per reason are kept."""

    organization: int
    received_ms: int
    code: str
    field: str
    reason: str
    content: bytes  # the bytes sent, cut to a bounded length


class Refusal(NamedTuple):
    """How many requests with calls of an organization were refused entirely, before any call was checked."""

    organization: int
    receipt_day: int
    reason: str  # a short name, such as ``busy`` or ``too_large``
    requests: int


class Correction(NamedTuple):
    """Who changed counted calls, when and why, and the number of rows per `Entry`."""

    organization: int
    received_ms: int
    who: str
    why: str
    action: str  # cancel, amend or replace
    subject: str  # what the request selects, as JSON
    withdrawn: int
    restated: int
    added: int


class Erasure(NamedTuple):
    """A user or an account that is named ``replacement`` from now on, in everything received before.

    ``text`` is included only to find it in paths and in what is kept for inspection; the store keeps the
    erasure without it.
    """

    kind: Kind
    organization: int
    text: str
    replacement: str
    received_ms: int
    who: str
    why: str


class NameUpdate(NamedTuple):
    """A name that a call gave to a client, a source or an account."""

    kind: Kind
    organization: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class CallBatch:
    """A span of the journal for the store: the frames ``first_position`` through ``last_position``.

    ``calls``, ``positions`` and ``received_ms`` have one entry per row. ``paths[0]`` is the empty path.
    Dictionary entries are in the order of their ids and before any later batch that uses them. A batch has at
    most one erasure, in its last frame; every row of the batch was received before it.
    """

    first_position: int
    last_position: int
    calls: CallColumns
    positions: UInt64s
    received_ms: Int64s
    paths: PackedTexts = NO_TEXT
    values: list[DictionaryValue] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    names: list[NameUpdate] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    samples: list[RejectedSample] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    corrections: list[tuple[int, Correction]] = field(default_factory=list)  # with their positions
    erasures: list[Erasure] = field(default_factory=list)

    def column(self, name: str) -> npt.NDArray[Any]:
        """One field of all calls as a contiguous array."""
        return np.ascontiguousarray(self.calls[name])
