"""Decodes one call from JSON."""

import json
import math
import re
from collections.abc import Iterable
from typing import Any, NoReturn

import msgspec

from calltally.call import Call


class LoneSurrogateError(ValueError):
    """A text of a call has a lone surrogate; ``field`` is empty if it is in the name of a field."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__("half of a pair of surrogates")
        self.field = field
        self.text = text


UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, LoneSurrogateError)
"""The exceptions of decoding for anything but a call."""

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")

_OPTIONAL = {field.name: field.default for field in msgspec.structs.fields(Call) if not field.required}


def _as_written() -> Any:
    """A call's fields as in JSON: null counts as absent, and a duration may have a fraction."""
    kinds = {field.name: field.type for field in msgspec.structs.fields(Call)}
    kinds["duration_ms"] = int | float | None
    fields: list[Any] = [
        (name, kind | None, None) if name in _OPTIONAL else (name, kind) for name, kind in kinds.items()
    ]
    return msgspec.defstruct("WrittenCall", fields, forbid_unknown_fields=True, gc=False)


def _undecoded(*, forbid_unknown_fields: bool) -> Any:
    """A call's fields with any content; other fields cost no memory."""
    fields: list[Any] = [(field.name, msgspec.Raw, None) for field in msgspec.structs.fields(Call)]
    return msgspec.defstruct(
        "UndecodedCall", fields, forbid_unknown_fields=forbid_unknown_fields, omit_defaults=True, gc=False
    )


_WrittenCall = _as_written()
_plain_one = msgspec.json.Decoder(Call)
_plain = msgspec.json.Decoder(list[Call])
_one = msgspec.json.Decoder(_WrittenCall)
_raw = msgspec.json.Decoder(_undecoded(forbid_unknown_fields=True))
_any_raw = msgspec.json.Decoder(_undecoded(forbid_unknown_fields=False))


def decode_call(written: bytes) -> Call:
    """Decode a call.

    Null counts as absent, a duration is truncated to whole milliseconds, and if a key appears twice, the last
    value is used. Raises one of `UNREADABLE`, about the call without the unused values; bytes that are not
    UTF-8 are a fault anywhere.
    """
    try:
        return _plain_one.decode(written)
    except UNREADABLE:
        pass
    try:
        found = _one.decode(written)
    except UNREADABLE:
        written.decode()
        found = _with_surrogates(written) or _one.decode(last_of_each(written))
    values = msgspec.structs.asdict(found)
    if isinstance(duration := values["duration_ms"], float):
        values["duration_ms"] = math.floor(duration)
    return Call(**{name: value for name, value in values.items() if value is not None})


def _with_surrogates(written: bytes) -> Any | None:
    """A call with escaped surrogates; None if it has none, or is not JSON.

    The decoder refuses a lone surrogate without naming its field, and also in values that are not used.
    Raises `LoneSurrogateError` and `msgspec.ValidationError`.
    """
    if not _SURROGATE.search(written):
        return None
    try:
        fields = json.loads(written.decode(), parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    try:
        found = msgspec.convert(fields, _WrittenCall)
    except UnicodeEncodeError as error:  # the message about an unknown field would contain its name
        raise LoneSurrogateError("", error.object) from None
    for name, value in msgspec.structs.asdict(found).items():
        if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
            raise LoneSurrogateError(name, value)
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def decode_plain_calls(written: Iterable[bytes]) -> list[Call] | None:
    """Decode calls with one line each, all at once; None if any of them is not clearly a call."""
    try:
        return _plain.decode(b"[\n%b]" % b",\n".join(written))
    except UNREADABLE:
        return None


def last_of_each(written: bytes) -> bytes:
    """A call without values that are followed by another one with the same key.

    Anything but a JSON object with a call's fields is returned unchanged.
    """
    try:
        return msgspec.json.encode(_raw.decode(written))
    except UNREADABLE:
        return written


def field_of(written: bytes, name: str) -> bytes | None:
    """The undecoded value of a call's field; None if it is absent, or the call is not a JSON object."""
    try:
        value = getattr(_any_raw.decode(written), name)
    except UNREADABLE:
        return None
    return None if value is None else bytes(value)
