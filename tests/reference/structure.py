"""Finds the elements of a JSON list, and lines, by structure only.

The oracle of `calltally.ingest.scanner`, which promises the same, byte for byte.
"""

import re
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from calltally.call_batch import Int64s
from calltally.ingest.scanner import ListFaultError, Why

Bytes = npt.NDArray[np.uint8]


_WINDOW = 2**18
_NOT_BLANK = re.compile(rb"\S")
_QUOTE, _BACKSLASH, _COMMA = b'"\\,'
_IS_BLANK, _OPENS, _CLOSES = (
    np.isin(np.arange(256), list(these)) for these in (b" \t\n\v\f\r", b"[{", b"]}")
)


def past_blanks(body: bytes, start: int, end: int | None = None) -> int:
    """The first non-blank place from ``start`` on, or ``end``, by default the end of the body."""
    end = len(body) if end is None else end
    while start < end:
        if found := _NOT_BLANK.search(body, start, min(start + _WINDOW, end)):
            return found.start()
        start += _WINDOW
    return end


def bounds(body: bytes, *, most: int, lines: int, longest: int, size: int) -> list[tuple[int, int, int]]:
    """The slices of lines: where each begins and ends, and its number of lines; blank lines are in none.

    A slice has at most ``lines`` lines and at most ``size`` bytes; a line of more than ``longest`` bytes has
    its own slice. Stops with the slice that contains more than ``most`` lines in total.
    """
    slices: list[tuple[int, int, int]] = []
    total = count = first = last = 0
    at = past_blanks(body, 0)
    while at < len(body) and total <= most:
        end = body.find(b"\n", at)
        end = len(body) if end < 0 else end
        long = end - at > longest
        if count and (long or count == lines or end - first > size):
            slices.append((first, last, count))
            count = 0
        if not count:
            first = at
        count, last, total = count + 1, end, total + 1
        if long or total > most:
            slices.append((first, last, count))
            count = 0
        at = past_blanks(body, end + 1)
    if count:
        slices.append((first, last, count))
    return slices


def end_of_list(body: bytes, start: int) -> int | None:
    """The end of the list whose bracket is at ``start``, valid or not; None if it does not end."""
    reading = _Reading(start)
    while reading.at < len(body) and reading.end is None:
        reading.window(body)
    return reading.end


def array_lines(body: bytes, start: int, most: int) -> tuple[bytes, int]:
    """The array at ``start`` with one element per line, and the place after it in the body.

    Each byte keeps its place, counted from ``start``: commas between elements become line breaks, the array's
    own brackets spaces, and line breaks within elements carriage returns, which JSON allows and forbids in
    the same places. Raises `ListFaultError`.
    """
    places, end = _walk(body, start, most)
    lines = np.frombuffer(bytearray(body[start:].replace(b"\n", b"\r")), np.uint8)
    lines[places - start] = ord("\n")
    lines[0] = ord(" ")
    lines[end - 1 - start :] = ord(" ")
    return lines.tobytes(), end


def elements(body: bytes, start: int, most: int) -> tuple[list[tuple[int, int]], int]:
    """The elements of the list at ``start``, from their first byte to after their last, and where it ends.

    Raises `ListFaultError`.
    """
    places, end = _walk(body, start, most)
    if not len(places) and past_blanks(body, start + 1) == end - 1:
        return [], end
    return [(first + 1, last) for first, last in pairwise([start, *places.tolist(), end - 1])], end


def _walk(body: bytes, start: int, most: int) -> tuple[Int64s, int]:
    """The places of the commas between a list's elements, and where it ends.

    A list without elements has no commas; otherwise there must be an element before each comma and the end.
    """
    reading = _Reading(start)
    commas: list[Int64s] = []
    begun, index = False, 0
    while reading.end is None:
        if reading.at >= len(body):
            raise ListFaultError(Why.CUT_OFF, index, len(body))
        first = reading.at
        seen = reading.window(body)
        borders = seen.commas if reading.end is None else np.append(seen.commas, reading.end - 1)
        filled = np.cumsum(seen.filled)
        before = np.append(int(not begun) - 1, filled[borders - first])  # commas are not content
        missing = np.flatnonzero(np.diff(before) <= 0)
        too_many = most - index - 1
        if len(missing) and missing[0] <= too_many:
            at = int(missing[0])
            if index + at or borders[at] != (reading.end or 0) - 1:
                raise ListFaultError(Why.MISSING, index + at, int(borders[at]))
        if too_many < len(seen.commas):
            raise ListFaultError(Why.TOO_MANY, most, int(seen.commas[too_many]))
        begun = bool(filled[-1] > before[-1]) if len(borders) else begun or bool(filled[-1])
        index += len(seen.commas)
        commas.append(seen.commas)
    return np.concatenate(commas), reading.end


class _Seen:
    """The commas between elements in one window, and which bytes belong to an element."""

    def __init__(self, commas: Int64s, filled: npt.NDArray[np.bool_]) -> None:
        self.commas = commas
        self.filled = filled


class _Reading:
    """Reads a list from its bracket on, window by window, until its ``end`` is found."""

    def __init__(self, start: int) -> None:
        self.at = start
        self.end: int | None = None
        self._depth = 0
        self._in_text = 0
        self._backslashes = 0

    def window(self, body: bytes) -> _Seen:
        """Read the next window."""
        count = min(_WINDOW, len(body) - self.at)
        window = np.frombuffer(body, np.uint8, count, self.at)
        outside = self._outside_of_texts(window)
        opens, closes = outside & _OPENS[window], outside & _CLOSES[window]
        depth = self._depth + np.cumsum(opens.astype(np.int32) - closes)
        ends = np.flatnonzero(closes & (depth == 0))
        if len(ends):
            self.end = self.at + int(ends[0]) + 1
        length = count if self.end is None else self.end - self.at
        commas = np.flatnonzero((outside & (window == _COMMA) & (depth == 1))[:length])
        filled = ~_IS_BLANK[window[:length]]
        filled[commas] = False
        if self.end is not None:
            filled[-1] = False
        if not self._depth:
            filled[0] = False
        self._depth = int(depth[-1])
        seen = _Seen(commas + self.at, filled)
        self.at += count
        return seen

    def _outside_of_texts(self, window: Bytes) -> npt.NDArray[np.bool_]:
        """Which bytes are outside of texts; opening quotes are inside, closing quotes are outside."""
        quotes = np.flatnonzero(window == _QUOTE)
        plain = np.flatnonzero(window != _BACKSLASH)
        before = np.searchsorted(plain, quotes) - 1
        run = quotes - 1 - np.where(before < 0, -1 - self._backslashes, plain[np.maximum(before, 0)])
        toggles = np.zeros(len(window), np.uint8)
        toggles[quotes[run % 2 == 0]] = 1
        in_text = (np.cumsum(toggles) + self._in_text) & 1
        self._in_text = int(in_text[-1])
        if len(plain):
            self._backslashes = len(window) - 1 - int(plain[-1])
        else:
            self._backslashes += len(window)
        outside: npt.NDArray[np.bool_] = in_text == 0
        return outside
