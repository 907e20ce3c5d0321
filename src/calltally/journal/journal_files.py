"""The journal's files: where frames lie, what survived a crash, and what may be dropped."""

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from calltally.errors import DamagedDataError
from calltally.journal.frame import FAMILY, FrameHeader, read_header

_SUFFIX = ".frames"


def file_for(folder: Path, first_position: int) -> Path:
    """The file that begins with a position; names sort in the order of positions."""
    return folder / f"{first_position:020d}{_SUFFIX}"


def files_of(folder: Path) -> list[tuple[int, Path]]:
    """The first position and path of every file, in order."""
    return sorted((int(path.stem), path) for path in folder.glob(f"*{_SUFFIX}"))


def sync_folder(folder: Path) -> None:
    """Makes the creation and removal of files in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def frames_in(path: Path, first_position: int) -> Iterator[tuple[FrameHeader, memoryview]]:
    """The whole frames of a file from its start up to the first place that holds none."""
    data = memoryview(path.read_bytes())
    offset, expected = 0, first_position
    while (header := read_header(data, offset)) is not None and header.position == expected:
        yield header, data[header.payload_start : header.end]
        offset, expected = header.end, expected + 1


def recover(folder: Path, after: int) -> int:
    """Cuts off what a crash left unfinished at the end, makes the rest safe, and returns the last whole
    position.

    Whole frames that a killed process wrote and did not sync count from here on: senders are told so, and
    further files follow theirs. ``after`` is the position that the store holds; without any files it is the
    last one. Only bytes that were never acknowledged are cut. Raises `DamagedDataError`, changing nothing,
    when a frame is broken that a later one proves to have been durable, when files are missing between
    others, or when the journal begins later than right behind the store.
    """
    files = files_of(folder)
    if files and files[0][0] > after + 1:
        raise DamagedDataError(
            f"the journal begins at position {files[0][0]}, but the store holds only up to {after}; "
            "the store is older than the journal: restore both from one backup"
        )
    last = _recover_files(files)
    if last >= after:
        return last
    for _, path in files:
        path.unlink()
    sync_folder(folder)
    return after


def _recover_files(files: list[tuple[int, Path]]) -> int:
    last = 0
    for index, (first_position, path) in enumerate(files):
        if last and first_position != last + 1:
            raise DamagedDataError(
                f"the journal has a gap: {path.name} does not follow position {last}; restore a backup"
            )
        end, last = 0, first_position - 1
        for header, _ in frames_in(path, first_position):
            end, last = header.end, header.position
        if end == path.stat().st_size:
            if index == len(files) - 1:
                _cut(path, end)
            continue
        if index != len(files) - 1 or _later_frame_proves_durable(path, end, last + 1):
            raise DamagedDataError(
                f"the journal is damaged: {path.name} is broken at byte {end}, within calls that were "
                "acknowledged; restore a backup"
            )
        _cut(path, end)
    return last


def drop_through(folder: Path, position: int) -> None:
    """Removes files that hold nothing after a position; the last file always stays."""
    files = files_of(folder)
    dropped = False
    for (_, path), (next_first, _) in pairwise(files):
        if next_first > position + 1:
            break
        path.unlink()
        dropped = True
    if dropped:
        sync_folder(folder)


def _later_frame_proves_durable(path: Path, offset: int, position: int) -> bool:
    data = path.read_bytes()
    view = memoryview(data)
    place = data.find(FAMILY, offset)
    while place != -1:
        header = read_header(view, place)
        if header is not None and header.durable_position >= position:
            return True
        place = data.find(FAMILY, place + 1)
    return False


def _cut(path: Path, size: int) -> None:
    """Ends a file at a size and makes it safe."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.ftruncate(descriptor, size)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
