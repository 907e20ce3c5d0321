"""Decodes a body's slices to checked calls, by native code if it accepts them, else by the reference."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from calltally.clock import DAY_MS, Clock
from calltally.ingest.call_rules import Admission, Fault
from calltally.ingest.call_slices import CheckedSlice, DecodedCalls, RejectedCall
from calltally.ingest.calls_body import CallsBody
from calltally.ingest.line_slices import LineSlice
from calltally.ingest.native_calls import NativeCalls, decode_slice
from calltally.ingest.ordered_step import OrderedStep
from calltally.ingest.prepared_calls import prepare
from calltally.ingest.sender import Sender


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How far from the time of receipt a call's time may be, in milliseconds."""

    future_ms: int = 5 * 60_000
    late_ms: int = 35 * DAY_MS


class BodyDecoder:
    """Decodes slices of bodies and checks each call against the rules.

    Knows nothing of the calls that came before. ``by_native_code`` and ``by_reference`` count the calls
    that each of the two decoded since the start.
    """

    def __init__(self, step: OrderedStep, clock: Clock, limits: TimeLimits) -> None:
        """``step`` says which days are sealed."""
        self._step = step
        self._clock = clock
        self._limits = limits
        self.by_native_code = 0
        self.by_reference = 0

    def checked_lines(
        self, sender: Sender, body: CallsBody, slices: Sequence[LineSlice]
    ) -> Iterator[CheckedSlice]:
        """A body's slices, each decoded lazily."""
        first = 0
        for slice_ in slices:
            calls = None
            if not body.is_long(slice_):
                calls = self.native(body.lines, slice_, sender, body.max_call_bytes, first)
            if calls is not None:
                yield CheckedSlice(sender.organization, slice_.received, calls)
            else:
                yield self.checked(sender, body.decoded(slice_, first))
            first += slice_.received

    def checked(self, sender: Sender, slice_: DecodedCalls) -> CheckedSlice:
        """A slice that the reference decoded."""
        self.by_reference += slice_.received
        prepared, faults = prepare(
            slice_.calls, slice_.indexes, self._admission(sender), self._step.identity_key
        )
        rejected = slice_.unreadable + _with_calls(faults, slice_)
        return CheckedSlice(sender.organization, slice_.received, prepared, rejected)

    def native(
        self, data: bytes, lines: LineSlice, sender: Sender, max_call_bytes: int, first: int = 0
    ) -> NativeCalls | None:
        """A slice's calls by native code; None when the reference must decode them.

        Native code accepts only calls of the sender's own organization, and none of sealed days. ``first`` is
        the place of the first call in the request.
        """
        calls = decode_slice(
            data,
            lines,
            self._admission(sender, open_from_ms=self._step.open_from_ms),
            self._step.identity_key,
            max_call_bytes=max_call_bytes,
            derive_routes=not self._step.has_route_patterns,
            first=first,
        )
        if calls is None or len(calls) != lines.received:
            return None
        self.by_native_code += len(calls)
        return calls

    def _admission(self, sender: Sender, *, open_from_ms: int = 0) -> Admission:
        now_ms = self._clock.now_ms()
        return Admission(
            organization=sender.organization,
            any_organization=sender.any_organization,
            earliest_ms=max(0 if sender.backfill else now_ms - self._limits.late_ms, open_from_ms),
            latest_ms=now_ms + self._limits.future_ms,
            backfill=sender.backfill,
        )


def _with_calls(faults: list[tuple[int, Fault]], slice_: DecodedCalls) -> list[RejectedCall]:
    """The faults of a slice with their calls."""
    if not faults:
        return []
    calls = dict(zip(slice_.indexes, slice_.calls, strict=True))
    return [RejectedCall(index, fault, calls[index]) for index, fault in faults]
