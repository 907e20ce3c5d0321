"""The fields of a JSON object in a body, read so that one answer names everything that is wrong with them."""

import json
import re
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from calltally.errors import InvalidInputError
from calltally.ingest import scanner
from calltally.ingest.line_slices import CutBody, TooManyCallsError, cut_array
from calltally.ingest.scanner import ListFaultError, Why

T = TypeVar("T")

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_PATH = re.compile(r" - at `\$(?P<path>.*)`$")
_STEP = re.compile(r"\.?(\w+)|\[(\d+)\]")

_KEY = re.compile(rb'\s*("(?:[^"\\]|\\.)*")\s*:', re.DOTALL)
_LONGEST_KEY = 4096
_MOST_FIELDS = 100
_LARGEST_FIELD = 2**20
_MOST_FAULTS = 1000


class JsonFields:
    """Names and undecoded values, and the faults found so far; of a name given twice the last value counts.

    Whatever cannot be read becomes its default and a fault, so that reading goes on; `check` ends it. The
    body is looked at once, and what is in its fields is decoded only when it is asked for. Raises
    `InvalidInputError` for a body that is no JSON object, or has more than a hundred fields.
    """

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._places: dict[str, tuple[int, int]] = {}
        self.faults: list[InvalidInputError] = []
        for first, last in self._members():
            self._add(first, last)

    def _members(self) -> list[tuple[int, int]]:
        body = self._body
        start = scanner.past_blanks(body, 0)
        if body[start : start + 1] != b"{":
            raise self._unreadable(f"expected an object at byte {start}")
        try:
            members, end = scanner.elements(body, start, _MOST_FIELDS)
        except ListFaultError as fault:
            if fault.why is Why.TOO_MANY:
                raise self._unreadable(f"it has more than {_MOST_FIELDS} fields") from None
            why = "is missing before" if fault.why is Why.MISSING else "ends at"
            raise self._unreadable(f"field {fault.index} {why} byte {fault.place}") from None
        if (behind := scanner.past_blanks(body, end)) < len(body):
            raise self._unreadable(f"something stands behind the object, at byte {behind}")
        return members

    def _add(self, first: int, last: int) -> None:
        key = _KEY.match(self._body, first, min(last, first + _LONGEST_KEY))
        if key is None:
            raise self._unreadable(f"expected the name of a field and a colon at byte {first}")
        try:
            name = msgspec.json.decode(key[1], type=str)
        except _UNREADABLE as error:
            raise self._unreadable(f"the name of a field at byte {first} is unreadable: {error}") from None
        self._places[name] = (scanner.past_blanks(self._body, key.end()), last)

    def _unreadable(self, why: str) -> InvalidInputError:
        return InvalidInputError(
            f"the body is no JSON object: {why}",
            field="body",
            received=self._body[:80].decode("utf-8", "replace"),
            accepted="a JSON object in UTF-8",
        )

    @property
    def has_enough_faults(self) -> bool:
        """Whether so many are known that further ones would be told to nobody."""
        return len(self.faults) >= _MOST_FAULTS

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def forbid_others(self, known: Sequence[str]) -> None:
        """Names every field that is none of the known ones, without its value, which may be a secret."""
        for name in self._places:
            if name not in known:
                self.refuse(
                    name[:80],
                    f"there is no field {name[:80]!r} here",
                    received=None,
                    accepted=", ".join(known),
                )

    def raw(self, name: str, accepted: str) -> bytes:
        """A field that must be there, undecoded; nothing where it is not, or is too large to be decoded."""
        if name not in self._places:
            self.refuse(name, f"{name} is missing", received=None, accepted=accepted)
            return b""
        start, end = self._places[name]
        if end - start > _LARGEST_FIELD:
            reason = f"{name} has {end - start} bytes; accepted are at most {_LARGEST_FIELD}"
            self.refuse(name, reason, received=None, accepted=accepted)
            return b""
        return self._body[start:end].strip()

    def array(self, name: str, accepted: str, *, most: int, longest: int) -> CutBody | None:
        """A list that must be there, with as many lines as elements, and ``most`` at most; else a fault.

        An element of more than ``longest`` bytes has a slice for itself.
        """
        if name not in self._places:
            self.refuse(name, f"{name} is missing", received=None, accepted=accepted)
            return None
        start, end = self._places[name]
        if self._body[start : start + 1] != b"[":
            received = _received(self._body[start : min(end, start + 80)].strip())
            self.refuse(name, f"{name} is no list", received=received, accepted=accepted)
            return None
        try:
            cut_body, behind = cut_array(self._body, start, most, longest)
        except TooManyCallsError:
            reason = f"{name} has more than {most} elements"
            self.refuse(name, reason, received=None, accepted=f"{accepted}, at most {most}")
            return None
        except InvalidInputError as error:
            self.add(error, name, None)
            return None
        if scanner.past_blanks(self._body, behind) < end:
            self.refuse(name, f"something stands behind the list {name}", received=None, accepted=accepted)
            return None
        return cut_body

    def read(self, name: str, kind: Any, accepted: str, default: T) -> T:
        """A field that must be there, of a type that `msgspec` decodes."""
        raw = self.raw(name, accepted)
        return self.decode(raw, name, kind, accepted, default) if raw else default

    def decode(self, raw: bytes, name: str, kind: Any, accepted: str, default: T) -> T:
        """A value of a type that `msgspec` decodes; its faults get the name."""
        try:
            decoded: T = msgspec.json.decode(raw, type=kind)
            return decoded
        except _UNREADABLE as error:
            path, received = _place(raw, error)
            where = f"{name}{path}"
            self.refuse(where, f"{where}: {_told(error)}", received=received, accepted=accepted)
            return default

    def refuse(self, field: str, reason: str, *, received: object, accepted: str) -> None:
        self.faults.append(InvalidInputError(reason, field=field, received=received, accepted=accepted))

    def add(self, fault: InvalidInputError, field: str, received: object = None) -> None:
        """Takes a fault that was found in a value, under the field's name."""
        self.refuse(field, fault.reason, received=received, accepted=fault.accepted)

    def check(self) -> None:
        """Raises all faults together, as an `ExceptionGroup` of `InvalidInputError`, if there are any."""
        if self.faults:
            raise ExceptionGroup("the body has faults", self.faults)


def _received(raw: bytes) -> object:
    """A value as it is decoded, where that is a short text, and as it came otherwise."""
    try:
        return msgspec.json.decode(raw, type=str)
    except _UNREADABLE:
        return raw.decode("utf-8", "replace")


def _place(raw: bytes, error: Exception) -> tuple[str, object]:
    """Where in a value something is wrong, as ``[3].id``, and what stands there."""
    match = _PATH.search(str(error))
    path = match["path"] if match else ""
    try:
        value: Any = json.loads(raw)
        for key, index in _STEP.findall(path):
            value = value[key] if key else value[int(index)]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return path, None
    return path, _shown(value)


def _shown(value: object) -> object:
    match value:
        case list():
            return f"a list of {len(value)}"
        case dict():
            return f"an object with {', '.join(map(str, value)) or 'no fields'}"
        case None:
            return "null"
    return value


def _told(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    text = _PATH.sub("", str(error)).replace("`", "")
    return text[:1].lower() + text[1:200]
