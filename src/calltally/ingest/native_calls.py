"""Calls from lines of JSON to columns, by native code."""

import numpy as np

from calltally import _native as native
from calltally.call import Call
from calltally.call_batch import Int64s, UInt64s
from calltally.identity_key import IdentityKey
from calltally.ingest.call_decoder import decode_call
from calltally.ingest.call_rules import Admission
from calltally.ingest.line_slices import LineSlice
from calltally.ingest.prepared_calls import PreparedCalls, prepare_faultless


class NativeCalls:
    """Calls of one slice without fault, all of the sender's own organization.

    The same columns as `PreparedCalls` has for the same calls. ``first`` is the place of the first one,
    ``size`` what they all take as they were sent.
    """

    def __init__(
        self,
        decoded: native.Decoded,
        admission: Admission,
        identity_key: IdentityKey,
        size: int,
        first: int = 0,
    ) -> None:
        self.decoded = decoded
        self.size = size
        self.organization = admission.organization
        self._admission = admission
        self._identity_key = identity_key
        self._first = first
        self.identity_high: UInt64s = np.frombuffer(decoded.identity_high, np.uint64)
        self.identity_low: UInt64s = np.frombuffer(decoded.identity_low, np.uint64)
        self.digest: UInt64s = np.frombuffer(decoded.digest, np.uint64)

    def __len__(self) -> int:
        return len(self.decoded)

    @property
    def time_ms(self) -> Int64s:
        return np.frombuffer(self.decoded.time_ms, np.int64)

    @property
    def earliest_ms(self) -> int:
        """The earliest of ``time_ms``."""
        return self.decoded.earliest_ms

    @property
    def latest_ms(self) -> int:
        """The latest of ``time_ms``."""
        return self.decoded.latest_ms

    def place(self, row: int) -> int:
        """Where a call stands in what its sender sent."""
        return self._first + row

    def call(self, row: int) -> Call:
        """One of the calls as an object."""
        return decode_call(self.decoded.line(row))

    def at(self, rows: Int64s) -> PreparedCalls:
        """Some of the calls, in their order."""
        each = rows.tolist()
        calls = [self.call(row) for row in each]
        places = list(map(self.place, each))
        return prepare_faultless(calls, places, self.time_ms[rows], self._admission, self._identity_key)


def decode_slice(
    body: bytes,
    lines: LineSlice,
    admission: Admission,
    identity_key: IdentityKey,
    *,
    max_call_bytes: int,
    derive_routes: bool,
    first: int = 0,
) -> NativeCalls | None:
    """The calls of a slice, or None when the reference must look at it.

    None is no verdict: anything unusual is enough, and so is a fault in any call. With ``derive_routes``
    false, as must be where patterns for routes are configured, a call that needs one is unusual. Lets other
    threads run meanwhile. ``first`` is the place of the first call in what its sender sent.
    """
    decoded = native.decode(
        body,
        lines.start,
        lines.end,
        organization=admission.organization,
        earliest_ms=admission.earliest_ms,
        latest_ms=admission.latest_ms,
        max_call_bytes=max_call_bytes,
        scheme=identity_key.scheme,
        key=identity_key.secret,
        derive_routes=derive_routes,
    )
    size = lines.end - lines.start
    return None if decoded is None else NativeCalls(decoded, admission, identity_key, size, first)
