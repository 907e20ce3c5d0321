"""From a body to the journal's frames, by the reference alone and by native code where it takes the calls."""

from collections.abc import Iterator, Sequence
from typing import cast

from calltally.dictionary import Dictionary
from calltally.identity_key import IdentityKey
from calltally.ingest.call_rules import Admission
from calltally.ingest.call_slices import CheckedSlice, RejectedCall
from calltally.ingest.identities.seen_ids import SeenIds
from calltally.ingest.json_form import JsonForm
from calltally.ingest.line_slices import LineSlice, cut
from calltally.ingest.native_calls import decode_slice
from calltally.ingest.ordered_step import OrderedStep
from calltally.ingest.prepared_calls import prepare
from calltally.ingest.routes import RouteNamer
from calltally.ingest.text_bounds import USUAL_LIMITS, TextLimits
from calltally.journal.frame import Frame, encode_frame
from calltally.journal.journal import Journal
from tests.reference.json_bodies import decode_calls
from tests.reference.seen_ids import ReferenceSeenIds

MEMORY = 2**20
MAX_CALL_BYTES = 4096


def slices_of(body: bytes) -> list[LineSlice]:
    """The slices of a body in lines."""
    return cut(body, JsonForm.LINES, max_calls=100_000, max_call_bytes=MAX_CALL_BYTES).slices


class ReferenceChain:
    """Ingest by the reference alone; ``frames`` are the bytes of what it journaled."""

    def __init__(self, key: IdentityKey, routes: RouteNamer, text_limits: TextLimits = USUAL_LIMITS) -> None:
        self.frames: list[bytes] = []
        self.appended = 0
        self._journal = cast("Journal", self)
        self._key = key
        self._dictionary = Dictionary()
        self._seen_ids = self._new_seen_ids()
        self._routes = routes
        self._step = OrderedStep(
            self._journal, self._dictionary, self._seen_ids, routes, key, text_limits=text_limits
        )

    def take(self, body: bytes, admission: Admission, now_ms: int) -> None:
        """A frame for each slice of a body."""
        for slice_ in self.checked(body, admission):
            self._step.take([slice_], now_ms)

    def take_at_once(self, bodies: Sequence[bytes], admission: Admission, now_ms: int) -> None:
        """One frame for all slices of some bodies."""
        self._step.take([slice_ for body in bodies for slice_ in self.checked(body, admission)], now_ms)

    def checked(self, body: bytes, admission: Admission) -> Iterator[CheckedSlice]:
        for slice_ in decode_calls(body, JsonForm.LINES, max_calls=100_000, max_call_bytes=MAX_CALL_BYTES):
            prepared, faults = prepare(slice_.calls, slice_.indexes, admission, self._key)
            calls = dict(zip(slice_.indexes, slice_.calls, strict=True))
            faulty = [RejectedCall(place, fault, calls[place]) for place, fault in faults]
            rejected = [*slice_.unreadable, *faulty]
            yield CheckedSlice(admission.organization, slice_.received, prepared, rejected)

    def append(self, frame: Frame) -> int:
        """Stands for the journal's: keeps the frame."""
        self.appended += 1
        self.frames.append(b"".join(encode_frame(frame, self.appended, 0)))
        return self.appended

    def _new_seen_ids(self) -> SeenIds:
        return ReferenceSeenIds(MEMORY)


class NativeChain(ReferenceChain):
    """The same with native code, and the reference for the slices that it declines."""

    def __init__(self, key: IdentityKey, routes: RouteNamer, text_limits: TextLimits = USUAL_LIMITS) -> None:
        super().__init__(key, routes, text_limits)
        self.taken = 0
        self._derive_routes = not routes.has_patterns

    def checked(self, body: bytes, admission: Admission) -> Iterator[CheckedSlice]:
        for lines in slices_of(body):
            calls = decode_slice(
                body,
                lines,
                admission,
                self._key,
                max_call_bytes=MAX_CALL_BYTES,
                derive_routes=self._derive_routes,
            )
            if calls is None:
                yield from super().checked(body[lines.start : lines.end], admission)
            else:
                self.taken += len(calls)
                yield CheckedSlice(admission.organization, lines.received, calls)

    def _new_seen_ids(self) -> SeenIds:
        return SeenIds(MEMORY)
