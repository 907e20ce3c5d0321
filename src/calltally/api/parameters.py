"""The parameters of a query string, read so that one answer names everything that is wrong with them."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TypeVar
from urllib.parse import parse_qsl

from calltally.errors import InvalidInputError

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

MAX_PARAMETERS = 1000


class Parameters:
    """Name and value pairs in the order they came, and the faults found so far.

    Whatever cannot be read becomes its default and a fault, so that reading goes on; `check` ends it. Raises
    `InvalidInputError` where not even names and values can be told apart.
    """

    def __init__(self, query_string: bytes, known: Sequence[str]) -> None:
        self.pairs = _pairs(query_string)
        self.faults: list[InvalidInputError] = []
        for name in dict.fromkeys(name for name, _ in self.pairs):
            if name not in known:  # its value is not repeated: it may be a secret that went astray
                reason = f"there is no parameter {name[:80]!r}"
                self.refuse(name[:80], reason, received=None, accepted=", ".join(known))
            elif any("\0" in text for text in self.all(name)):
                reason = f"{name} contains a NUL character"
                accepted = "text without NUL characters"
                self.refuse(name, reason, received=self.all(name)[0], accepted=accepted)

    def refuse(self, name: str, reason: str, *, received: object, accepted: str) -> None:
        self.faults.append(InvalidInputError(reason, field=name, received=received, accepted=accepted))

    def are_sound(self, *names: str) -> bool:
        """Whether no fault was found in any of these parameters."""
        return all(fault.field not in names for fault in self.faults)

    def all(self, name: str) -> list[str]:
        """Every value of a parameter that may be repeated."""
        return [value for key, value in self.pairs if key == name]

    def items(self, name: str) -> list[str]:
        """The values of a parameter that takes several, separated by commas or repeated; each item once."""
        return list(dict.fromkeys(item for value in self.all(name) for item in value.split(",")))

    def one(self, name: str, read: Callable[[str], T], default: T) -> T:
        """The value of a parameter that may be given once, read by a function of its text."""
        values = self.all(name)
        if len(values) > 1:
            self.refuse(
                name, f"{name} is given {len(values)} times", received=values[1], accepted="one value"
            )
        return self.read(name, read, values[0], default) if values else default

    def read(self, name: str, read: Callable[[str], T], text: str, default: T) -> T:
        """What a function makes of a text; the `InvalidInputError` that it raises becomes a fault."""
        try:
            return read(text)
        except InvalidInputError as error:
            self.refuse(name, error.reason, received=text, accepted=error.accepted)
            return default

    def check(self) -> None:
        """Raises all faults together, as an `ExceptionGroup` of `InvalidInputError`, if there are any."""
        if self.faults:
            raise ExceptionGroup("the request has faults", self.faults)


def choice(kind: type[E]) -> Callable[[str], E]:
    """A reader of an enumeration's values."""
    accepted = ", ".join(kind)

    def read(text: str) -> E:
        if text not in kind.__members__.values():
            raise InvalidInputError(f"{text[:80]!r} is none of {accepted}", accepted=accepted)
        return kind(text)

    return read


def whole_number(lowest: int, highest: int) -> Callable[[str], int]:
    """A reader of plain digits within bounds."""

    def read(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) <= 18 and lowest <= int(text) <= highest:
            return int(text)
        accepted = f"a whole number from {lowest} to {highest}"
        raise InvalidInputError(f"{text[:80]!r} is not {accepted}", accepted=accepted)

    return read


def _pairs(query_string: bytes) -> list[tuple[str, str]]:
    try:
        text = query_string.decode()
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except UnicodeDecodeError:
        reason = "the query string is not UTF-8"
    except ValueError:
        reason = "the query string holds too many parameters"
    raise InvalidInputError(
        reason,
        field="query string",
        accepted=f"at most {MAX_PARAMETERS} parameters in percent-encoded UTF-8",
    )
