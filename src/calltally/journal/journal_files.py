"""The journal's files."""

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from calltally.durable_files import sync
from calltally.journal.framing import FrameHeader, read_frame

_SUFFIX = ".frames"


def file_for(folder: Path, first_position: int) -> Path:
    """The path of the file that begins with a position; names sort in the order of positions."""
    return folder / f"{first_position:020d}{_SUFFIX}"


def files_of(folder: Path) -> list[tuple[int, Path]]:
    """The first position and path of every file, in order."""
    return sorted((int(path.stem), path) for path in folder.glob(f"*{_SUFFIX}"))


def frames_in(path: Path, first_position: int) -> Iterator[tuple[FrameHeader, memoryview]]:
    """The complete frames of a file from its start up to the first place without one."""
    data = memoryview(path.read_bytes())
    offset, expected = 0, first_position
    while (header := read_frame(data, offset)) is not None and header.position == expected:
        yield header, data[header.payload_start : header.payload_end]
        offset, expected = header.end, expected + 1


def drop_through(folder: Path, position: int) -> None:
    """Remove files without positions after ``position``; the last file always stays."""
    files = files_of(folder)
    dropped = False
    for (_, path), (next_first, _) in pairwise(files):
        if next_first > position + 1:
            break
        path.unlink()
        dropped = True
    if dropped:
        sync(folder)


def cut(path: Path, size: int) -> None:
    """Truncate a file to a size and sync it."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.ftruncate(descriptor, size)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
