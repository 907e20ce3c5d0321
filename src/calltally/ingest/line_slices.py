"""Cuts a body into slices of lines with one call each, before decoding."""

from typing import NamedTuple, Protocol

from calltally.errors import InvalidInputError
from calltally.ingest import scanner as native_scanner
from calltally.ingest.call_rules import shown
from calltally.ingest.call_slices import SLICE
from calltally.ingest.json_form import JsonForm
from calltally.ingest.scanner import ListFaultError, Why

_SLICE_BYTES = 512 * 1024
"""The most bytes of a slice: its lines are read without yielding to other work."""

_ACCEPTED = "a call as a JSON object, an array of calls, or one call per line (NDJSON)"


class LineSlice(NamedTuple):
    """Some lines of a body: where the first begins, where the last ends, and the number of non-blank ones."""

    start: int
    end: int
    received: int

    def items(self, lines: bytes) -> list[bytes]:
        """The content of each line, without surrounding blanks if it does not begin with a brace."""
        part = lines[self.start : self.end]
        if self.received == 1:
            return [part.strip()]
        items = part.split(b"\n")
        if all(item[:1] == b"{" for item in items):
            return items
        return [stripped for item in items if (stripped := item.strip())]


class CutBody(NamedTuple):
    """Lines of calls and their slices; a call that is too long has its own slice."""

    lines: bytes
    slices: list[LineSlice]


class Scanner(Protocol):
    """Finds lines and the elements of lists: the module `scanner`."""

    def past_blanks(self, body: bytes, start: int) -> int: ...
    def bounds(
        self, body: bytes, *, most: int, lines: int, longest: int, size: int
    ) -> list[tuple[int, int, int]]: ...
    def end_of_list(self, body: bytes, start: int) -> int | None: ...
    def array_lines(self, body: bytes, start: int, most: int) -> tuple[bytes, int]: ...
    def elements(self, body: bytes, start: int, most: int) -> tuple[list[tuple[int, int]], int]: ...


class TooManyCallsError(InvalidInputError):
    """A body has more calls than one request may have."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"the body holds more than {most} calls; accepted are at most {most} in one request",
            field="body",
            received=f"more than {most} calls",
            accepted=f"at most {most} calls",
        )


def cut(
    body: bytes,
    form: JsonForm | None,
    *,
    max_calls: int,
    max_call_bytes: int,
    scanner: Scanner = native_scanner,
) -> CutBody:
    """Cut a body of a given or a detected form.

    Reads the body once, at most up to the first call above the limit, and keeps only places; an array is
    copied. Raises `InvalidInputError` for a body whose calls cannot be separated.
    """
    start = scanner.past_blanks(body, 0)
    if form is None:
        form = detected_form(body, start, scanner)
    if form is JsonForm.LINES:
        return _cut_lines(body, max_calls, max_call_bytes, scanner)
    match body[start : start + 1]:
        case b"[":
            cut_body, end = cut_array(body, start, max_calls, max_call_bytes, scanner)
            behind = scanner.past_blanks(body, end)
            if behind < len(body):
                raise _unreadable(body, f"unexpected data after the array, at byte {behind}")
            return cut_body
        case b"{":
            end = _end_of_object(body, start, scanner)
            if end - start <= max_call_bytes and b"\n" in body[start:end]:
                return cut_array(b"[%b]" % body[start:end], 0, 1, max_call_bytes, scanner)[0]
            return CutBody(body, [LineSlice(start, end, 1)])
    reason = (
        "the body is empty" if start == len(body) else "the body is neither a JSON object nor a JSON array"
    )
    raise InvalidInputError(reason, field="body", received=shown(body[:40]), accepted=_ACCEPTED)


def detected_form(body: bytes, start: int, scanner: Scanner) -> JsonForm:
    """The form of a body of unknown content type, whose first byte is at ``start``.

    An object that begins and ends on the first line is a line; a body that is one object over several lines
    does not consist of lines.
    """
    match body[start : start + 1]:
        case b"[":
            return JsonForm.OBJECT_OR_ARRAY
        case b"{":
            end = scanner.end_of_list(body, start)
            if end is None or body.find(b"\n", start, end) < 0 or scanner.past_blanks(body, end) < len(body):
                return JsonForm.LINES
            return JsonForm.OBJECT_OR_ARRAY
    return JsonForm.LINES


def _cut_lines(lines: bytes, max_calls: int, max_call_bytes: int, scanner: Scanner) -> CutBody:
    bounds = scanner.bounds(lines, most=max_calls, lines=SLICE, longest=max_call_bytes, size=_SLICE_BYTES)
    slices = [LineSlice(*each) for each in bounds]
    if sum(slice_.received for slice_ in slices) > max_calls:
        raise TooManyCallsError(max_calls)
    return CutBody(lines, slices)


def cut_array(
    body: bytes, start: int, max_calls: int, max_call_bytes: int, scanner: Scanner = native_scanner
) -> tuple[CutBody, int]:
    """Cut the array whose bracket is at ``start``; also returns the place after it in the body.

    Raises `InvalidInputError` if its elements cannot be separated.
    """
    lines, end = _array(body, start, max_calls, scanner)
    return _cut_lines(lines, max_calls, max_call_bytes, scanner), end


def _array(body: bytes, start: int, max_calls: int, scanner: Scanner) -> tuple[bytes, int]:
    try:
        return scanner.array_lines(body, start, max_calls)
    except ListFaultError as fault:
        if fault.why is Why.TOO_MANY:
            raise TooManyCallsError(max_calls) from None
        if fault.why is Why.MISSING:
            why = f"call {fault.index} of the array is missing before byte {fault.place}"
        else:
            why = f"it ends at byte {fault.place}, within call {fault.index} of the array"
        raise _unreadable(body, why) from None


def _end_of_object(body: bytes, start: int, scanner: Scanner) -> int:
    end = scanner.end_of_list(body, start)
    if end is None:
        raise _unreadable(body, f"it ends at byte {len(body)}, within the object")
    behind = scanner.past_blanks(body, end)
    if behind < len(body):
        raise _unreadable(
            body,
            f"unexpected data after the object, at byte {behind}; calls that follow each other line by line"
            " are sent as application/x-ndjson, an array of calls as application/json",
        )
    return end


def _unreadable(body: bytes, why: str) -> InvalidInputError:
    return InvalidInputError(
        f"the body is not valid JSON: {why}", field="body", received=shown(body[:40]), accepted=_ACCEPTED
    )
