"""SailPoint's pages: a limit, an offset from the first record, and a total on request."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from calltally.dialects.sailpoint.contract import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET, TOTAL_COUNT
from calltally.dialects.sailpoint.parameters import Parameters
from calltally.errors import InvalidInputError

T = TypeVar("T")

_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
_LONGEST_BOOLEAN = len("false")
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,10}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Page:
    """At most ``limit`` records after the first ``offset`` ones; empty after the end, without an error."""

    limit: int = DEFAULT_LIMIT
    offset: int = 0

    def of(self, records: Sequence[T]) -> Sequence[T]:
        return records[self.offset : self.offset + self.limit]


def from_sailpoint_page(parameters: Parameters) -> Page:
    """Read a page; raises `InvalidInputError` for a limit outside 0 to 250 and a negative or huge offset."""
    return Page(
        _whole_number(parameters, "limit", DEFAULT_LIMIT, MAX_LIMIT),
        _whole_number(parameters, "offset", 0, MAX_OFFSET),
    )


def asks_for_total(parameters: Parameters) -> bool:
    """Whether the total is requested; raises `InvalidInputError` for anything but a boolean.

    It is ``true`` or ``false`` in any case, since PowerShell and Python write ``True``, or ``1`` or ``0``.
    """
    text = parameters.get("count")
    if text is None:
        return False
    requested = _BOOLEANS.get(text.lower()) if len(text) <= _LONGEST_BOOLEAN else None
    if requested is None:
        raise InvalidInputError(
            "it is not a boolean",
            field="count",
            received=text,
            accepted="true or false, in any case, or 1 or 0",
        )
    return requested


def to_sailpoint_total(total: int, *, requested: bool) -> dict[str, str]:
    """The header with the number of records without limit and offset, if requested."""
    return {TOTAL_COUNT: str(total)} if requested else {}


def _whole_number(parameters: Parameters, name: str, default: int, highest: int) -> int:
    text = parameters.get(name)
    if text is None:
        return default
    if _WHOLE_NUMBER.fullmatch(text) and 0 <= int(text) <= highest:
        return int(text)
    raise InvalidInputError(
        f"it is not a whole number from 0 to {highest}",
        field=name,
        received=text,
        accepted=f"a whole number from 0 to {highest}",
    )
