"""The query string as Segment's operations see it, and all that is wrong with it."""

from collections.abc import Callable, Iterable
from typing import TypeVar
from urllib.parse import parse_qsl

from calltally.errors import InvalidInputError

T = TypeVar("T")


class Parameters:
    """Names and values in the order they came, and the faults found in them so far.

    Raises `InvalidInputError` for what is not UTF-8.
    """

    def __init__(self, query_string: bytes) -> None:
        try:
            text = query_string.decode()
            self.pairs = parse_qsl(text, keep_blank_values=True, errors="strict")
        except UnicodeDecodeError:
            raise InvalidInputError(
                "the query string is not valid UTF-8",
                field="query string",
                received=query_string[:200].decode("utf-8", "backslashreplace"),
                accepted="percent-encoded UTF-8",
            ) from None
        self.faults: list[InvalidInputError] = []

    def refuse(self, field: str, problem: str, *, received: object = None, accepted: str = "") -> None:
        """Notes a fault; ``problem`` goes on where the quoted name of the field ended."""
        reason = f'"{field}" {problem}'
        self.faults.append(InvalidInputError(reason, field=field, received=received, accepted=accepted))

    def is_sound(self, field: str) -> bool:
        """Whether no fault was found in a field."""
        return all(fault.field != field for fault in self.faults)

    def read(self, field: str, text: str, reader: Callable[[str], T], *, accepted: str) -> T | None:
        """What a reader makes of a text; the `ValueError` that it raises becomes a fault and None."""
        try:
            return reader(text)
        except ValueError as error:
            self.refuse(field, f"cannot be read: {error}", received=text, accepted=accepted)
            return None

    def one(self, field: str, values: Iterable[T]) -> T | None:
        """The value that all of these are; values that differ are a fault, for no choice would be right."""
        different = list(dict.fromkeys(values))
        if len(different) > 1:
            self.refuse(
                field, "is given with different values", received=str(different[1]), accepted="one value"
            )
        return different[0] if different else None

    def check(self) -> None:
        """Raises all faults together, as an `ExceptionGroup` of `InvalidInputError`, if there are any."""
        if self.faults:
            raise ExceptionGroup("the request has faults", self.faults)
