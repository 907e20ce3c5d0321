"""A request's body on its way to calls, by the kernel or by the reference."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from calltally.ingest.decoded_calls import DecodedCalls
from calltally.ingest.decoders.json_calls import JsonForm, TooManyCallsError, decode_calls, decode_lines
from calltally.ingest.kernel import LineSlice, line_slices


@dataclass(frozen=True, slots=True)
class CallsBody:
    """Bytes that hold calls, and how many and how large ones they may hold."""

    data: bytes
    form: JsonForm
    max_calls: int
    max_call_bytes: int

    def lines(self) -> Sequence[LineSlice] | None:
        """The body cut into slices for the kernel, a single object as one line.

        None when only the reference can say what is in the body. Raises `TooManyCallsError`.
        """
        if self.form is JsonForm.OBJECT_OR_ARRAY and (self.data[:1] != b"{" or b"\n" in self.data):
            return None
        slices = line_slices(self.data)
        if slices is not None and (received := sum(lines.received for lines in slices)) > self.max_calls:
            raise TooManyCallsError(received, self.max_calls)
        return slices

    def decoded(self) -> Iterator[DecodedCalls]:
        """The calls by the reference; see `decode_calls`."""
        return decode_calls(
            self.data, self.form, max_calls=self.max_calls, max_call_bytes=self.max_call_bytes
        )

    def decoded_slice(self, lines: LineSlice, first: int) -> Iterator[DecodedCalls]:
        """The calls of one slice by the reference; ``first`` is the place of the first."""
        if self.form is JsonForm.OBJECT_OR_ARRAY:
            return self.decoded()
        part = self.data[lines.start : lines.end]
        return decode_lines(part, first, max_call_bytes=self.max_call_bytes)
