"""Reads the journal back, frame by frame."""

import os
from pathlib import Path

from calltally.errors import DamagedDataError
from calltally.journal.frame import Frame, decode_payload, read_header
from calltally.journal.journal_files import files_of
from calltally.journal.progress import Progress


class JournalReader:
    """Goes through durable frames in order and keeps its place. For one thread."""

    def __init__(self, folder: Path, after: int, durable: Progress) -> None:
        self._folder = folder
        self._durable = durable
        self._next = after + 1
        self._file: Path | None = None
        self._offset = 0

    @property
    def position(self) -> int:
        """The position of the last frame read."""
        return self._next - 1

    def read(self, max_calls: int) -> list[tuple[int, Frame]]:
        """The next durable frames with their positions, until ``max_calls`` accepted calls have gathered.

        Empty when everything durable was read. Raises `DamagedDataError` when a durable frame cannot be read.
        """
        frames: list[tuple[int, Frame]] = []
        calls = 0
        up_to = self._durable.position
        while self._next <= up_to and calls < max_calls:
            before = self._next
            for frame in self._read_file(up_to, max_calls - calls):
                frames.append((self._next, frame))
                self._next += 1
                calls += len(frame.calls)
            if self._next == before:
                raise DamagedDataError(
                    f"position {self._next} of the journal is broken or missing; restore a backup"
                )
        return frames

    def _read_file(self, up_to: int, max_calls: int) -> list[Frame]:
        """Frames from the file that holds the next position."""
        self._find_file()
        if self._file is None:
            return []
        data = memoryview(_tail(self._file, self._offset))
        frames: list[Frame] = []
        offset, calls, expected = 0, 0, self._next
        while expected <= up_to and calls < max_calls:
            header = read_header(data, offset)
            if header is None:
                break
            if header.position == expected:
                frames.append(decode_payload(data[header.payload_start : header.end], header.magic))
                calls += len(frames[-1].calls)
                expected += 1
            offset = header.end
        self._offset += offset
        return frames

    def _find_file(self) -> None:
        holding = None
        for first_position, path in files_of(self._folder):
            if first_position <= self._next:
                holding = path
        if holding != self._file:
            self._file, self._offset = holding, 0


def _tail(path: Path, offset: int) -> bytes:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.lseek(descriptor, offset, os.SEEK_SET)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)
