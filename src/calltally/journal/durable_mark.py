"""A small file with the position up to which calls were acknowledged."""

import contextlib
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from xxhash import xxh3_64_intdigest

from calltally.durable_files import sync

FILE_NAME = "durable.mark"

_SLOT = struct.Struct("<4sIQ")
_MAGIC = b"CTM1"
_SLOT_BYTES = 4096
"""Each slot is in its own page, and so in its own sector."""

_SLOTS = 2


@dataclass(frozen=True, slots=True)
class MarkReading:
    """The content of the mark: everything up to ``position`` is on disk and was acknowledged, at least.

    ``damage`` describes the damage of the file, if any; the position may be too low then. It may also be too
    low after a power cut, since the latest marks need not survive one.
    """

    position: int
    damage: str = ""


class DurableMark:
    """Written after each sync of the journal and before any response; for one thread.

    It is not synced itself, so it costs a write to the page cache, which outlives a killed process: after a
    kill the mark is exact. Two slots are written in turn, so that one of them is complete at any instant.
    """

    def __init__(self, folder: Path, position: int) -> None:
        """Create or replace the file, durably, with a position in both slots."""
        path = folder / FILE_NAME
        partial = path.with_name(f"{FILE_NAME}.partial")
        self._file = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        os.write(self._file, _slot(position).ljust(_SLOT_BYTES, b"\0") * _SLOTS)
        os.fsync(self._file)
        partial.rename(path)
        sync(folder)
        self._next = 0

    def set(self, position: int) -> None:
        """Record that everything up to a position is on disk. Raises `OSError`."""
        os.pwrite(self._file, _slot(position), self._next * _SLOT_BYTES)
        self._next = (self._next + 1) % _SLOTS

    def close(self) -> None:
        """Sync the last mark, if the disk can."""
        with contextlib.suppress(OSError):
            os.fsync(self._file)
        os.close(self._file)


def read_mark(folder: Path) -> MarkReading | None:
    """The mark of a journal; None if there is none."""
    try:
        content = (folder / FILE_NAME).read_bytes()
    except FileNotFoundError:
        return None
    slots = [_position_in(content[start : start + _SLOT.size + 8]) for start in (0, _SLOT_BYTES)]
    right = [position for position in slots if position is not None]
    if not right:
        return MarkReading(0, f"{FILE_NAME} cannot be read")
    damage = "" if len(right) == _SLOTS else f"one of the {_SLOTS} slots of {FILE_NAME} cannot be read"
    return MarkReading(max(right), damage)


def _slot(position: int) -> bytes:
    said = _SLOT.pack(_MAGIC, 0, position)
    return said + xxh3_64_intdigest(said).to_bytes(8, "little")


def _position_in(slot: bytes) -> int | None:
    if len(slot) != _SLOT.size + 8:
        return None
    _, _, position = _SLOT.unpack_from(slot)
    return position if slot == _slot(position) else None
