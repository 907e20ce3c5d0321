"""A request's body on its way to calls, by native code or by the reference."""

from collections.abc import Sequence

from calltally.ingest.call_slices import DecodedCalls
from calltally.ingest.json_calls import decode_lines
from calltally.ingest.json_form import JsonForm
from calltally.ingest.line_slices import LineSlice, cut

_QUICK_BYTES = 2**20
"""Bodies of at most so many bytes are cut in some milliseconds, whatever is in them."""


class CallsBody:
    """The bytes of a body of calls, with limits on the number and the size of calls.

    Must be cut before any other use; then ``slices`` refer to places in ``lines``.
    """

    def __init__(self, data: bytes, form: JsonForm | None, max_calls: int, max_call_bytes: int) -> None:
        """Without a form, it is detected from the body."""
        self.lines = data
        self.slices: Sequence[LineSlice] | None = None
        self.max_call_bytes = max_call_bytes
        self._form = form
        self._max_calls = max_calls

    @property
    def may_be_copied(self) -> bool:
        """Whether cutting may need as much additional memory as the body."""
        return self.slices is None and self._form is not JsonForm.LINES and self.lines[:1] != b"{"

    @property
    def is_cut_quickly(self) -> bool:
        """Whether cutting never takes more than some milliseconds, so that it need not be in a thread."""
        return len(self.lines) <= _QUICK_BYTES

    def cut(self) -> bool:
        """Cuts the body into slices, always true as a last step is. Raises what `cutting.cut` raises."""
        self.lines, self.slices = cut(
            self.lines,
            self._form,
            max_calls=self._max_calls,
            max_call_bytes=self.max_call_bytes,
        )
        return True

    def is_long(self, lines: LineSlice) -> bool:
        """Whether a slice is one line that is longer than a call may be."""
        return lines.received == 1 and lines.end - lines.start > self.max_call_bytes

    def decoded(self, lines: LineSlice, first: int) -> DecodedCalls:
        """The calls of one slice by the reference; ``first`` is the place of the first."""
        return decode_lines(self.lines, lines, first, max_call_bytes=self.max_call_bytes)
