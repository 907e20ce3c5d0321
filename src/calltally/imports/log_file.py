"""Reads a log as complete lines."""

from collections.abc import Iterator
from enum import Enum
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self

from calltally.imports.log_blocks import BLOCK_BYTES, LogBlocks

MAX_LINE_BYTES = 64 * 1024
SLICE_LINES = 1000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Longer lines are cut to one byte too many, and one more for a carriage return that may follow.
_CUT_BYTES = MAX_LINE_BYTES + 2


class LogFormat(Enum):
    """The format of a log's lines."""

    ACCESS_LOG = "access log"
    NDJSON = "NDJSON"


class LogLines(NamedTuple):
    """Some consecutive lines without their line endings; the first has the number ``first_number``.

    A line longer than `MAX_LINE_BYTES` may be cut, to at least one byte more than that.
    """

    first_number: int
    lines: list[bytes]


def log_lines(block: bytes, first_number: int) -> Iterator[LogLines]:
    """The lines of a block without their endings, in slices of up to `SLICE_LINES`."""
    lines = block.split(b"\n")
    lines.pop()
    if max(map(len, lines)) > _CUT_BYTES:
        lines = [line[:_CUT_BYTES] for line in lines]
    if b"\r" in block:
        lines = [line.removesuffix(b"\r") for line in lines]
    for start in range(0, len(lines), SLICE_LINES):
        yield LogLines(first_number + start, lines[start : start + SLICE_LINES])


class LogFile:
    """Reads a log, plain or compressed, in blocks of complete lines with their endings.

    A line ends with LF or CRLF. What follows the last line ending is not a line yet: it is left out of the
    blocks, and is in `waiting` once they have been read. A line longer than `MAX_LINE_BYTES` may be cut, to
    at least one byte more than that. Memory is bounded for any log: a block has at most ``block_bytes``, and
    one line more. To be read once, by one thread.
    """

    def __init__(self, stream: BinaryIO, block_bytes: int = BLOCK_BYTES) -> None:
        self._stream = stream
        self._block_bytes = block_bytes
        self._bytes = LogBlocks(stream, block_bytes)
        self._blocks = self._whole_lines()
        self.waiting: bytes | None = None
        """The unfinished last line, after the blocks have been read; None if the log ends with a line
        ending."""

    @classmethod
    def open(cls, path: Path, block_bytes: int = BLOCK_BYTES) -> Self:
        """Open a log; raises `OSError` if the file cannot be read."""
        return cls(path.open("rb", buffering=0), block_bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    @property
    def bytes_read(self) -> int:
        """Bytes read from the file so far, before decompression."""
        return self._bytes.bytes_read

    @property
    def break_reason(self) -> str:
        """Why the log could not be read to its end; empty if it could."""
        return self._bytes.break_reason

    def detect_format(self) -> LogFormat:
        """The format, by the first non-blank line, which `blocks` still returns. Call it before `blocks`."""
        looked_at: list[bytes] = []
        first = b""
        for block in self._blocks:
            looked_at.append(block)
            first = block.lstrip()[:1]
            if first:
                break
        self._blocks = chain(looked_at, self._blocks)
        first = first or (self.waiting or b"").lstrip()[:1]
        return LogFormat.NDJSON if first == b"{" else LogFormat.ACCESS_LOG

    def blocks(self) -> Iterator[bytes]:
        return self._blocks

    def slices(self) -> Iterator[LogLines]:
        """All lines of the blocks without their endings, in slices."""
        next_number = 1
        for block in self._blocks:
            for lines in log_lines(block, next_number):
                next_number += len(lines.lines)
                yield lines

    def _whole_lines(self) -> Iterator[bytes]:
        """The lines completed by each stretch of bytes; the rest stays in ``waiting``."""
        rest = b""
        at_start = True
        for stretch in self._stretches():
            text = rest + stretch
            if at_start and (len(text) >= len(_BYTE_ORDER_MARK) or b"\n" in text):
                text = text.removeprefix(_BYTE_ORDER_MARK)
                at_start = False
            end = text.rfind(b"\n") + 1
            rest = text[end : end + _CUT_BYTES]
            if end:
                yield text[:end]
        self.waiting = rest or None

    def _stretches(self) -> Iterator[bytes]:
        """The log's bytes, split, since highly compressed data come in blocks that are far too long."""
        for block in self._bytes:
            if len(block) <= self._block_bytes:
                yield block
            else:
                for start in range(0, len(block), self._block_bytes):
                    yield block[start : start + self._block_bytes]
