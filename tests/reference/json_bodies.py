"""The oracle of how a body becomes calls: cut by `structure`, decoded by the reference decoder."""

from collections.abc import Iterator

from calltally.ingest.call_slices import DecodedCalls
from calltally.ingest.json_calls import decode_lines
from calltally.ingest.json_form import JsonForm
from calltally.ingest.line_slices import LineSlice, cut
from tests.reference import structure


def decode_calls(
    body: bytes, form: JsonForm | None, *, max_calls: int, max_call_bytes: int
) -> Iterator[DecodedCalls]:
    """A body's calls in slices; places count the calls from 0, and blank lines are no calls.

    Raises `InvalidInputError` before the first slice when the calls cannot be told apart or are more than
    ``max_calls``; anything wrong with one call is told with that call.
    """
    lines, slices = cut(body, form, max_calls=max_calls, max_call_bytes=max_call_bytes, scanner=structure)
    return _decoded(lines, slices, max_call_bytes)


def _decoded(lines: bytes, slices: list[LineSlice], max_call_bytes: int) -> Iterator[DecodedCalls]:
    first = 0
    for slice_ in slices:
        yield decode_lines(lines, slice_, first, max_call_bytes=max_call_bytes)
        first += slice_.received
