"""Reads the journal, frame by frame."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from calltally.errors import DamagedDataError
from calltally.journal.frame import Frame, decode_payload
from calltally.journal.framing import announced_size, read_frame
from calltally.journal.journal_files import files_of
from calltally.journal.progress import Progress

_CHUNK_BYTES = 2**20
"""The bytes read at once: few enough to stay in the processor's cache until they are decoded."""

_ROOM_BYTES = 16 * 2**20
"""Frames up to this size are read into reused memory."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to continue reading after a position; without a file, it is searched from the start of its
    file."""

    position: int
    file: Path | None = None
    offset: int = 0


class JournalReader:
    """Reads durable frames in order and keeps its place. For one thread."""

    def __init__(self, folder: Path, after: int, durable: Progress) -> None:
        self._folder = folder
        self._durable = durable
        self._next = after + 1
        self._file: Path | None = None
        self._offset = 0
        self._room = bytearray(_CHUNK_BYTES)

    @property
    def position(self) -> int:
        """The position of the last frame read."""
        return self._next - 1

    @property
    def place(self) -> Place:
        """The place of this reader, from which another one can continue."""
        return Place(self.position, self._file, self._offset)

    def go_to(self, place: Place) -> None:
        """Continue from a place of a reader of the same journal."""
        self._next, self._file, self._offset = place.position + 1, place.file, place.offset

    def read(self, max_calls: int) -> list[tuple[int, Frame]]:
        """The next durable frames with their positions, up to ``max_calls`` accepted calls or one frame more.

        Empty if everything durable was read. Raises `DamagedDataError` if a durable frame cannot be read.
        """
        frames: list[tuple[int, Frame]] = []
        calls = 0
        for position, frame in self._frames(max_calls, reuse=False):
            frames.append((position, frame))
            calls += len(frame.calls)
        return frames

    def passing(self, max_calls: int) -> Iterator[tuple[int, Frame]]:
        """Like `read`, but a frame's calls are valid only until the next frame is read.

        All frames are read into the same memory, which costs a fraction of reading each into its own.
        """
        return self._frames(max_calls, reuse=True)

    def _frames(self, max_calls: int, *, reuse: bool) -> Iterator[tuple[int, Frame]]:
        calls = 0
        up_to = self._durable.position
        while self._next <= up_to and calls < max_calls:
            self._find_file()
            before = self._file, self._offset
            for frame in self._chunk(up_to, reuse=reuse):
                self._next += 1
                calls += len(frame.calls)
                yield self._next - 1, frame
                if calls >= max_calls:
                    return
            if (self._file, self._offset) == before:
                raise DamagedDataError(
                    f"position {self._next} of the journal is broken or missing; restore a backup"
                )

    def _chunk(self, up_to: int, *, reuse: bool) -> Iterator[Frame]:
        """Frames from the file with the next position, as many as are complete in one piece of it.

        None at all only if that position is not found.
        """
        if self._file is None:
            return
        descriptor = os.open(self._file, os.O_RDONLY)
        try:
            data = self._piece(descriptor, _CHUNK_BYTES, reuse=reuse)
            if (announced := announced_size(data)) > len(data):
                data = self._piece(descriptor, announced, reuse=reuse)
        finally:
            os.close(descriptor)
        offset = 0
        while self._next <= up_to:
            header = read_frame(data, offset)
            if header is None:
                return
            self._offset += header.end - offset
            if header.position == self._next:
                yield decode_payload(data[header.payload_start : header.payload_end], header.magic)
            offset = header.end

    def _piece(self, descriptor: int, size: int, *, reuse: bool) -> memoryview:
        """The bytes of the file from the current place on, up to a size."""
        size = min(size, max(os.fstat(descriptor).st_size - self._offset, 0))
        if reuse and len(self._room) < size <= _ROOM_BYTES:
            self._room = bytearray(size)
        room = self._room if reuse and size <= len(self._room) else bytearray(size)
        read = os.preadv(descriptor, [memoryview(room)[:size]], self._offset)
        return memoryview(room)[:read]

    def _find_file(self) -> None:
        holding = None
        for first_position, path in files_of(self._folder):
            if first_position <= self._next:
                holding = path
        if holding != self._file:
            self._file, self._offset = holding, 0
