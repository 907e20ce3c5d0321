"""Calls as JSON: one object, an array, or one object per line."""

import json
import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import islice

import msgspec

from calltally.call import Call
from calltally.errors import InvalidInputError
from calltally.ingest.call_rules import Fault, shown
from calltally.ingest.decoded_calls import SLICE, DecodedCalls
from calltally.ingest.rejected_call import RejectedCall

_one = msgspec.json.Decoder(Call)
_many = msgspec.json.Decoder(list[Call])
_raw_items = msgspec.json.Decoder(list[msgspec.Raw])

_PATH = re.compile(r" - at `\$\.(\w+)`$")
_UNKNOWN = re.compile(r"unknown field `(.*)`", re.DOTALL)
_MISSING = re.compile(r"missing required field `(\w+)`")
_TYPES = {
    "int": "a whole number",
    "int | null": "a whole number or null",
    "str": "a text",
    "object": "an object",
}
_EXPECTED = re.compile(r"^Expected `(.+?)`, got `(.+?)`")

FIELDS = tuple(field.name for field in msgspec.structs.fields(Call))


class JsonForm(StrEnum):
    """How a body holds calls."""

    OBJECT_OR_ARRAY = "json"
    LINES = "ndjson"


class TooManyCallsError(InvalidInputError):
    """A body holds more calls than one request may bring."""

    def __init__(self, received: int, most: int) -> None:
        super().__init__(
            f"the body holds {received} calls; accepted are at most {most} in one request",
            field="body",
            received=received,
            accepted=f"at most {most} calls",
        )


def detect_form(body: bytes) -> JsonForm:
    """The form of a body whose content type says nothing: lines if its first line is a whole object."""
    start = body.lstrip()[:1]
    if start == b"[":
        return JsonForm.OBJECT_OR_ARRAY
    first_line = body.lstrip().partition(b"\n")[0]
    try:
        msgspec.json.decode(first_line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        whole = start == b"{" and _is_json(body)
        return JsonForm.OBJECT_OR_ARRAY if whole else JsonForm.LINES
    return JsonForm.LINES


def decode_calls(
    body: bytes, form: JsonForm, *, max_calls: int, max_call_bytes: int
) -> Iterator[DecodedCalls]:
    """A body's calls in slices; places count the calls from 0, and blank lines are no calls.

    Raises `InvalidInputError` before the first slice when the body as a whole cannot be read or holds more
    than ``max_calls``; anything wrong with one call is told with that call.
    """
    items = _lines(body) if form is JsonForm.LINES else _items(body)
    if len(items) > max_calls:
        raise TooManyCallsError(len(items), max_calls)
    return _slices(items, max_call_bytes)


def decode_lines(body: bytes, first: int, *, max_call_bytes: int) -> Iterator[DecodedCalls]:
    """Some lines of a body as slices; ``first`` is the place of the first call in the whole body."""
    return _slices(_lines(body), max_call_bytes, first)


def _lines(body: bytes) -> list[bytes]:
    lines = body.split(b"\n")
    return lines if all(lines) else [line for line in lines if line.strip()]


def _items(body: bytes) -> Sequence[bytes]:
    start = body.lstrip()[:1]
    if start == b"{":
        if not _is_json(body):
            raise _unreadable(body)
        return [body]
    if start != b"[":
        raise InvalidInputError(
            "the body is neither a JSON object nor a JSON array" if body.strip() else "the body is empty",
            field="body",
            received=shown(body[:40]),
            accepted="a call as a JSON object, an array of calls, or one call per line (NDJSON)",
        )
    try:
        return [bytes(raw) for raw in _raw_items.decode(body)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _unreadable(body) from None


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _unreadable(body: bytes) -> InvalidInputError:
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
        msgspec.json.decode(body)
    except RecursionError:
        why = "it is nested too deeply"
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        why = str(error)
    else:
        why = "it is not an array of objects"
    return InvalidInputError(
        f"the body is not valid JSON: {why}",
        field="body",
        received=shown(body[:40]),
        accepted="a call as a JSON object or an array of calls",
    )


def _slices(items: Sequence[bytes], max_call_bytes: int, start: int = 0) -> Iterator[DecodedCalls]:
    remaining = iter(items)
    while chunk := list(islice(remaining, SLICE)):
        yield _decode_slice(chunk, start, max_call_bytes)
        start += len(chunk)


def _decode_slice(items: list[bytes], start: int, max_call_bytes: int) -> DecodedCalls:
    """All at once; only when that fails one by one, which tells what is wrong with which."""
    if max(map(len, items)) <= max_call_bytes and (calls := _decode_together(items)) is not None:
        return DecodedCalls(len(items), calls, list(range(start, start + len(items))))
    slice_ = DecodedCalls(len(items), [], [])
    for index, item in enumerate(items, start):
        if len(item) > max_call_bytes:
            reason = f"the call has {len(item)} bytes; accepted are at most {max_call_bytes}"
            slice_.unreadable.append(RejectedCall(index, Fault("too_large", "", reason), item))
            continue
        try:
            slice_.calls.append(_one.decode(item))
            slice_.indexes.append(index)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            slice_.unreadable.append(RejectedCall(index, _fault(item, error), item))
    return slice_


def _decode_together(items: list[bytes]) -> list[Call] | None:
    """The calls of items of which each is one call; None when it is not certain that each is.

    A line break never stands inside a JSON string and a brace never inside a call, so where every item begins
    with a brace behind a line break each begins a call; as many calls as items then means one call in each.
    """
    if not all(item[:1] == b"{" for item in items):
        return None
    try:
        calls = _many.decode(b"[\n%b]" % b",\n".join(items))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return calls if len(calls) == len(items) else None


def _fault(item: bytes, error: Exception) -> Fault:
    """What is wrong with one call, naming the field, the value received and what would be accepted."""
    message = str(error)
    if isinstance(error, RecursionError):
        return Fault("too_deep", "", "the call is nested too deeply; accepted is a flat object")
    if isinstance(error, UnicodeDecodeError):
        reason = f"the call is not valid UTF-8: {error.reason} at byte {error.start}"
        return Fault("not_utf8", "", reason)
    if match := _UNKNOWN.search(message):
        reason = f"unknown field {shown(match[1])}; accepted are {', '.join(FIELDS)}"
        return Fault("unknown_field", match[1][:256], reason)
    if match := _MISSING.search(message):
        return Fault(f"{match[1]}.missing", match[1], "is required and missing")
    if match := _PATH.search(message):
        return Fault("wrong_type", match[1], _type_reason(item, match[1], message))
    if match := _EXPECTED.search(message):
        reason = f"the call is {_TYPES.get(match[2], match[2])}; accepted is an object"
        return Fault("wrong_type", "", reason)
    return Fault("unreadable", "", f"the call is not valid JSON: {message}")


def _type_reason(item: bytes, field: str, message: str) -> str:
    expected = _EXPECTED.search(message)
    accepted = _TYPES.get(expected[1], expected[1]) if expected else "a whole number of at most 64 bits"
    try:
        received = shown(json.loads(item)[field])
    except (ValueError, KeyError, RecursionError):  # what follows the value need not be JSON
        received = f"of type {expected[2]}" if expected else "something else"
    return f"is {received}; accepted is {accepted}"
