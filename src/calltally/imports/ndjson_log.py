"""NDJSON files of calls."""

from collections.abc import Callable, Iterator

import msgspec

from calltally import _native as native
from calltally.imports.log_file import MAX_LINE_BYTES, SLICE_LINES, LogFile, LogLines, log_lines
from calltally.imports.log_part import LogPart, SkippedLine

Pieces = Callable[[bytes, int, int], list[tuple[int, int, int]] | None]
"""See `calltally._native.pieces`."""


class NdjsonLog:
    """Splits an NDJSON file into parts without decoding its lines.

    Each part has up to `SLICE_LINES` lines; blank ones are left out. The last line needs no line ending where
    it is whole JSON, since half an object never is; otherwise it waits (`waiting` is true once the parts have
    been read). Where ``pieces`` declines a block, its lines are read one by one.
    """

    def __init__(self, file: LogFile, pieces: Pieces = native.pieces) -> None:
        self._file = file
        self._pieces = pieces
        self.waiting = False

    def parts(self) -> Iterator[LogPart]:
        next_number = 1
        for block in self._file.blocks():
            pieces = self._pieces(block, SLICE_LINES, MAX_LINE_BYTES)
            if pieces is None:
                for lines in log_lines(block, next_number):
                    next_number += len(lines.lines)
                    yield _part_of(lines)
            else:
                for start, end, count in pieces:
                    part = LogPart([block[start:end]])
                    part.line_numbers.add(next_number, count)
                    next_number += count
                    yield part
        last = self._file.waiting
        if last is None or not last.strip():
            return
        if _is_json(last):
            yield _part_of(LogLines(next_number, [last]))
        else:
            self.waiting = True


def _part_of(lines: LogLines) -> LogPart:
    part = LogPart()
    found: list[bytes] = []
    for number, line in enumerate(lines.lines, lines.first_number):
        if len(line) > MAX_LINE_BYTES:
            part.skipped.append(SkippedLine(number, f"longer than {MAX_LINE_BYTES} bytes"))
        elif line and not line.isspace():
            found.append(line)
            part.line_numbers.add(number)
    if found:
        part.body.append(b"\n".join(found) + b"\n")
    return part


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True
