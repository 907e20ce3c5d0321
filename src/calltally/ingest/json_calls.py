"""Calls as JSON: one object, an array, or one object per line."""

import re

import msgspec

from calltally.call import Call
from calltally.ingest.call_decoder import (
    UNREADABLE,
    LoneSurrogateError,
    decode_call,
    decode_plain_calls,
    field_of,
)
from calltally.ingest.call_rules import TEXT_LIMITS, Fault, shown
from calltally.ingest.call_slices import MOST_KEPT, DecodedCalls, RejectedCall
from calltally.ingest.line_slices import LineSlice
from calltally.ingest.scanner import past_blanks

_PATH = re.compile(r" - at `\$\.(\w+)`$")
_UNKNOWN = re.compile(r"unknown field `(.*)`", re.DOTALL)
_MISSING = re.compile(r"missing required field `(\w+)`")
_TYPES = {
    "int | null": "a whole number or null",
    "int | float | null": "a number or null",
    "str | null": "a text or null",
    "str": "a text",
    "object": "an object",
}
_EXPECTED = re.compile(r"^Expected `(.+?)`, got `(.+?)`")
_MOST_SHOWN = 256

FIELDS = tuple(field.name for field in msgspec.structs.fields(Call))


def decode_lines(lines: bytes, slice_: LineSlice, first: int, *, max_call_bytes: int) -> DecodedCalls:
    """The calls of one slice; ``first`` is the place of the first.

    All are read at once; only if that fails, one by one, which finds the faulty ones.
    """
    if (size := slice_.end - slice_.start) > max_call_bytes and slice_.received == 1:
        begun = slice_.start + max_call_bytes
        if past_blanks(lines, begun) < slice_.end:
            head = lines[slice_.start : slice_.start + MOST_KEPT]
            return DecodedCalls(1, [], [], [RejectedCall(first, _too_large(size, max_call_bytes), head)])
    items = slice_.items(lines)
    if max(map(len, items)) <= max_call_bytes and (calls := _decode_together(items)) is not None:
        return DecodedCalls(len(items), calls, list(range(first, first + len(items))))
    found = DecodedCalls(len(items), [], [])
    for index, item in enumerate(items, first):
        if len(item) > max_call_bytes:
            fault = _too_large(len(item), max_call_bytes)
            found.unreadable.append(RejectedCall(index, fault, item[:MOST_KEPT]))
            continue
        try:
            found.calls.append(decode_call(item))
            found.indexes.append(index)
        except UNREADABLE as error:
            found.unreadable.append(RejectedCall(index, _fault(item, error), item[:MOST_KEPT]))
    return found


def _too_large(size: int, most: int) -> Fault:
    return Fault("too_large", "", f"the call has {size} bytes; accepted are at most {most}")


def _decode_together(items: list[bytes]) -> list[Call] | None:
    """The calls of items with one call each; None if it is not certain that each is one call.

    A line break is never inside a JSON string and a brace never inside a call, so if every item begins with a
    brace after a line break, each begins a call; as many calls as items then means one call in each.
    """
    if not all(item[:1] == b"{" for item in items):
        return None
    calls = decode_plain_calls(items)
    return calls if calls is not None and len(calls) == len(items) else None


def _fault(item: bytes, error: Exception) -> Fault:
    """The fault of one call, with the field, the received value and the accepted values."""
    message = str(error)
    try:
        item.decode()
    except UnicodeDecodeError as wrong:
        reason = f"the call is not valid UTF-8: {wrong.reason} at byte {wrong.start}"
        return Fault("not_utf8", "", reason)
    if isinstance(error, LoneSurrogateError):
        code = f"{error.field}.not_unicode" if error.field in TEXT_LIMITS else "not_unicode"
        subject = "" if error.field else "the name of a field "
        return Fault(code, error.field, f"{subject}is not valid Unicode: {shown(error.text)}")
    if isinstance(error, RecursionError):
        return Fault("too_deep", "", "the call is nested too deeply; accepted is a flat object")
    if match := _UNKNOWN.search(message):
        reason = f"unknown field {shown(match[1])}; accepted are {', '.join(FIELDS)}"
        return Fault("unknown_field", match[1][:256], reason)
    if match := _MISSING.search(message):
        return Fault(f"{match[1]}.missing", match[1], "is required and missing")
    if match := _PATH.search(message):
        return Fault("wrong_type", match[1], _type_reason(item, match[1], message))
    if match := _EXPECTED.search(message):
        remedy = "; an array of calls is sent as application/json" if match[2] == "array" else ""
        reason = f"the call is {_TYPES.get(match[2], match[2])}; accepted is an object{remedy}"
        return Fault("wrong_type", "", reason)
    if "trailing characters" in message:
        message += "; calls are sent one per line as application/x-ndjson, or as an array as application/json"
    return Fault("unreadable", "", f"the call is not valid JSON: {message}")


def _type_reason(item: bytes, field: str, message: str) -> str:
    expected = _EXPECTED.search(message)
    accepted = _TYPES.get(expected[1], expected[1]) if expected else "a whole number of at most 64 bits"
    raw = field_of(item, field)
    if raw is None:  # what follows the value need not be JSON
        return f"is of type {expected[2]}; accepted is {accepted}" if expected else f"accepted is {accepted}"
    return f"is {_cut(raw[:_MOST_SHOWN].decode(errors='replace'))}; accepted is {accepted}"


def _cut(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}…"
