"""Files of calls in JSON, one a line."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from calltally.ingest.decoders.log_file import MAX_LINE_BYTES, LineSlice, LogFile
from calltally.ingest.decoders.log_slice import SkippedLine


@dataclass(slots=True)
class NdjsonSlice:
    """Some neighbouring lines as they were written, each with its number; blank ones are left out."""

    lines: list[bytes] = field(default_factory=list)
    line_numbers: list[int] = field(default_factory=list)
    skipped: list[SkippedLine] = field(default_factory=list)


class NdjsonLog:
    """Hands out the lines of an NDJSON file without reading what is in them.

    The last line needs no line ending where it is whole JSON, since half an object never is; otherwise it
    waits (`waiting` is true once the slices have been read).
    """

    def __init__(self, file: LogFile) -> None:
        self._file = file
        self.waiting = False

    def slices(self) -> Iterator[NdjsonSlice]:
        next_number = 1
        for lines in self._file.slices():
            yield _slice_of(lines)
            next_number = lines.first_number + len(lines.lines)
        last = self._file.waiting
        if last is None or not last.strip():
            return
        if _is_json(last):
            yield _slice_of(LineSlice(next_number, [last]))
        else:
            self.waiting = True


def _slice_of(lines: LineSlice) -> NdjsonSlice:
    found = NdjsonSlice()
    for number, line in enumerate(lines.lines, lines.first_number):
        if len(line) > MAX_LINE_BYTES:
            found.skipped.append(SkippedLine(number, f"longer than {MAX_LINE_BYTES} bytes"))
        elif line and not line.isspace():
            found.lines.append(line)
            found.line_numbers.append(number)
    return found


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True
