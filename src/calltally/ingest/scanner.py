"""Where the elements of a JSON list and the lines of a body are, found by structure alone, in native code.

Only texts, brackets and commas are told apart; what an element is, its decoder must find out.
"""

from enum import StrEnum

from calltally import _native as native


class Why(StrEnum):
    """Why a list cannot be told apart into its elements."""

    CUT_OFF = "cut_off"
    MISSING = "missing"
    TOO_MANY = "too_many"


class ListFaultError(Exception):
    """What is wrong with a list: with which of its elements, counted from 0, and where in the body."""

    def __init__(self, why: str, index: int, place: int) -> None:
        super().__init__(f"{why} at element {index}, byte {place}")
        self.why = Why(why)
        self.index = index
        self.place = place


def past_blanks(body: bytes, start: int) -> int:
    """The first place from ``start`` on that is not blank, or the end of the body."""
    return native.past_blanks(body, start)


def bounds(body: bytes, *, most: int, lines: int, longest: int, size: int) -> list[tuple[int, int, int]]:
    """Where slices of lines begin and end, and how many lines each holds; blank lines are in none.

    A slice has at most so many ``lines`` and at most ``size`` bytes; a line of more than ``longest`` bytes
    has one for itself. Stops with the slice that holds more than the line number ``most``.
    """
    return native.bounds(body, most=most, lines=lines, longest=longest, size=size)


def end_of_list(body: bytes, start: int) -> int | None:
    """Where the list ends whose bracket stands at ``start``, whatever it lacks; None if it does not."""
    return native.end_of_list(body, start)


def array_lines(body: bytes, start: int, most: int) -> tuple[bytes, int]:
    """The array at ``start`` on as many lines as it has elements, and the place behind it in the body.

    Each byte stays where it is, counted from ``start``: commas between elements become line breaks, the
    array's own brackets spaces, and line breaks within elements carriage returns, which JSON allows and
    forbids in the same places. Raises `ListFaultError`.
    """
    found = native.array_lines(body, start, most)
    if len(found) == 3:
        raise ListFaultError(*found)
    return found


def elements(body: bytes, start: int, most: int) -> tuple[list[tuple[int, int]], int]:
    """The elements of the list at ``start``, from their first byte to behind their last, and where it ends.

    Raises `ListFaultError`.
    """
    found = native.elements(body, start, most)
    if len(found) == 3:
        raise ListFaultError(*found)
    return found
