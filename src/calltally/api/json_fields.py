"""The fields of a JSON object in a body, read so that one answer names everything that is wrong with them."""

import json
import re
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from calltally.errors import InvalidInputError

T = TypeVar("T")

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_PATH = re.compile(r" - at `\$(?P<path>.*)`$")
_STEP = re.compile(r"\.?(\w+)|\[(\d+)\]")

_objects = msgspec.json.Decoder(dict[str, msgspec.Raw])


class JsonFields:
    """Names and undecoded values, and the faults found so far; of a name given twice the last value counts.

    Whatever cannot be read becomes its default and a fault, so that reading goes on; `check` ends it. Raises
    `InvalidInputError` for a body that is no JSON object.
    """

    def __init__(self, body: bytes) -> None:
        try:
            body.decode()  # what is skipped is not looked at
            self._fields = _objects.decode(body)
        except _UNREADABLE as error:
            why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise InvalidInputError(
                f"the body is no JSON object: {why}",
                field="body",
                received=body[:80].decode("utf-8", "replace"),
                accepted="a JSON object in UTF-8",
            ) from None
        self.faults: list[InvalidInputError] = []

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def forbid_others(self, known: Sequence[str]) -> None:
        """Names every field that is none of the known ones, without its value, which may be a secret."""
        for name in self._fields:
            if name not in known:
                self.refuse(
                    name[:80],
                    f"there is no field {name[:80]!r} here",
                    received=None,
                    accepted=", ".join(known),
                )

    def raw(self, name: str, accepted: str) -> bytes:
        """A field that must be there, undecoded; nothing where it is not."""
        if name not in self._fields:
            self.refuse(name, f"{name} is missing", received=None, accepted=accepted)
            return b""
        return bytes(self._fields[name]).strip()

    def read(self, name: str, kind: Any, accepted: str, default: T) -> T:
        """A field that must be there, of a type that `msgspec` decodes."""
        raw = self.raw(name, accepted)
        if not raw:
            return default
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
