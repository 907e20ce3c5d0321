"""A log as whole lines."""

from collections.abc import Iterator
from enum import Enum
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self

from calltally.ingest.decoders.log_blocks import BLOCK_BYTES, LogBlocks

MAX_LINE_BYTES = 64 * 1024
SLICE_LINES = 1000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Longer lines are cut to one byte too many, and one more for a carriage return that may follow.
_CUT_BYTES = MAX_LINE_BYTES + 2


class LogFormat(Enum):
    """What the lines of a log are."""

    ACCESS_LOG = "access log"
    NDJSON = "NDJSON"


class LineSlice(NamedTuple):
    """Some neighbouring lines without their line endings; the first of them has ``first_number``.

    A line longer than `MAX_LINE_BYTES` comes cut, but not to less than one byte more than that.
    """

    first_number: int
    lines: list[bytes]


class LogFile:
    """Reads a log, plain or compressed, in slices of up to `SLICE_LINES` whole lines.

    A line ends with LF or CRLF. What follows the last line ending is not a line yet: it is kept out of the
    slices, and found in `waiting` once they have been read. Memory is bounded whatever the log holds. To be
    read once, by one thread.
    """

    def __init__(self, stream: BinaryIO, block_bytes: int = BLOCK_BYTES) -> None:
        self._stream = stream
        self._blocks = LogBlocks(stream, block_bytes)
        self._slices = self._read_slices()
        self.waiting: bytes | None = None
        """The unfinished last line, after the slices have been read; None when the log ends in a line."""

    @classmethod
    def open(cls, path: Path) -> Self:
        """Raises `OSError` when the file cannot be read."""
        return cls(path.open("rb", buffering=0))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    @property
    def bytes_read(self) -> int:
        """Bytes taken from the file so far, still compressed."""
        return self._blocks.bytes_read

    @property
    def break_reason(self) -> str:
        """Why the log could not be read to its end; empty when it could."""
        return self._blocks.break_reason

    def detect_format(self) -> LogFormat:
        """Tells by the first line that is not blank; nothing is lost for `slices`. Not after they began."""
        looked_at: list[LineSlice] = []
        first = b""
        for lines in self._slices:
            looked_at.append(lines)
            first = next((line for line in lines.lines if line.strip()), b"")
            if first:
                break
        self._slices = chain(looked_at, self._slices)
        first = first or self.waiting or b""
        return LogFormat.NDJSON if first.lstrip().startswith(b"{") else LogFormat.ACCESS_LOG

    def slices(self) -> Iterator[LineSlice]:
        return self._slices

    def _read_slices(self) -> Iterator[LineSlice]:
        number = 1
        for lines in self._whole_lines():
            for start in range(0, len(lines), SLICE_LINES):
                some = lines[start : start + SLICE_LINES]
                yield LineSlice(number, some)
                number += len(some)

    def _whole_lines(self) -> Iterator[list[bytes]]:
        """The lines that each block completes; leaves the rest in ``waiting``."""
        rest = b""
        at_start = True
        for block in self._blocks:
            lines = (rest + block).split(b"\n")
            if at_start and (len(lines) > 1 or len(lines[0]) >= len(_BYTE_ORDER_MARK)):
                lines[0] = lines[0].removeprefix(_BYTE_ORDER_MARK)
                at_start = False
            if max(map(len, lines)) > _CUT_BYTES:
                lines = [line[:_CUT_BYTES] for line in lines]
            rest = lines.pop()
            if b"\r" in block or (lines and lines[0].endswith(b"\r")):
                lines = [line.removesuffix(b"\r") for line in lines]
            if lines:
                yield lines
        self.waiting = rest or None
