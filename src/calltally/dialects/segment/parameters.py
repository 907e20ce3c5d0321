"""The query string of Segment's operations, and all its faults."""

from collections.abc import Callable, Iterable
from typing import TypeVar
from urllib.parse import parse_qsl

from calltally.errors import InvalidInputError

T = TypeVar("T")


class Parameters:
    """Names and values in the order received, and the faults found so far.

    Raises `InvalidInputError` for a query string that is not UTF-8.
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
        """Record a fault; ``problem`` continues the sentence after the quoted field name."""
        reason = f'"{field}" {problem}'
        self.faults.append(InvalidInputError(reason, field=field, received=received, accepted=accepted))

    def is_sound(self, field: str) -> bool:
        """Whether no fault was found in a field."""
        return all(fault.field != field for fault in self.faults)

    def read(self, field: str, text: str, reader: Callable[[str], T], *, accepted: str) -> T | None:
        """The result of a reader for a text; a `ValueError` is recorded as a fault, with None as the
        result."""
        try:
            return reader(text)
        except ValueError as error:
            self.refuse(field, f"cannot be read: {error}", received=text, accepted=accepted)
            return None

    def one(self, field: str, values: Iterable[T]) -> T | None:
        """The common value of all values; different values are a fault."""
        different = list(dict.fromkeys(values))
        if len(different) > 1:
            self.refuse(
                field, "is given with different values", received=str(different[1]), accepted="one value"
            )
        return different[0] if different else None

    def check(self) -> None:
        """Raise all faults together, as an `ExceptionGroup` of `InvalidInputError`, if there are any."""
        if self.faults:
            raise ExceptionGroup("the request has faults", self.faults)
