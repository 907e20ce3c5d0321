"""The blocks of a DuckDB file that a checkpoint writes over, kept until it is through."""

import os
import struct
from collections.abc import Sequence
from pathlib import Path

from xxhash import xxh3_64_intdigest

from calltally.durable_files import sync, write_in_place

_MAGIC = b"CTB1"
_HEAD = struct.Struct("<4sQI")
"""Magic, checksum of all that follows, number of blocks."""

_HEADERS = slice(4096, 12_288)
"""DuckDB's two headers, of which the newer one says what the file holds; a checkpoint ends by writing one."""

_BLOCK_SIZE_AT = slice(40, 48)


class DoublewriteBuffer:
    """Beside the file a copy of blocks of metadata that both the last checkpoint and the next one need.

    DuckDB adds what is new to such blocks and writes each whole in its place, under one checksum, before the
    new state counts. Whatever dies amid that write leaves the old state unreadable, though each byte of it is
    still right: so the blocks are kept here first, and can be put back for as long as the old state counts
    (workaround: overwritten-blocks).
    """

    def __init__(self, database: Path) -> None:
        self._database = database
        self._copy = copy_beside(database)

    def keep(self, blocks: Sequence[int]) -> None:
        """Copies blocks as they are; the copy is on disk when this returns. The file must be undamaged."""
        with self._database.open("rb") as file:
            headers = file.read(_HEADERS.stop)[_HEADERS]
            size = _block_size(headers)
            parts = [headers, struct.pack(f"<{len(blocks)}Q", *blocks)]
            for block in blocks:
                file.seek(_HEADERS.stop + block * size)
                parts.append(file.read(size))
        content = b"".join(parts)
        is_new = not self._copy.exists()
        write_in_place(self._copy, _HEAD.pack(_MAGIC, xxh3_64_intdigest(content), len(blocks)) + content)
        if is_new:
            sync(self._copy.parent)

    def put_back(self) -> bool:
        """Undoes an unfinished checkpoint; False, changing nothing, where there is nothing to undo.

        That is so when no checkpoint has begun in the state that the file is in, or the copy is not whole.
        """
        try:
            data = self._copy.read_bytes()
        except FileNotFoundError:
            return False
        if len(data) < _HEAD.size:
            return False
        magic, checksum, count = _HEAD.unpack_from(data)
        content = data[_HEAD.size :]
        if magic != _MAGIC or xxh3_64_intdigest(content) != checksum:
            return False
        headers, rest = content[: _HEADERS.stop - _HEADERS.start], content[_HEADERS.stop - _HEADERS.start :]
        size = _block_size(headers)
        with self._database.open("r+b") as file:
            if file.read(_HEADERS.stop)[_HEADERS] != headers:
                return False
            for number, block in enumerate(struct.unpack_from(f"<{count}Q", rest)):
                start = 8 * count + number * size
                file.seek(_HEADERS.stop + block * size)
                file.write(rest[start : start + size])
            file.flush()
            os.fsync(file.fileno())
        return True

    def drop(self) -> None:
        """Removes the copy; no checkpoint may be unfinished."""
        self._copy.unlink(missing_ok=True)


def copy_beside(database: Path) -> Path:
    """Where the copy of a database lies."""
    return database.with_name(f"{database.name}.spared")


def _block_size(headers: bytes) -> int:
    """What the newer of the headers says; 0 in a file that was never written."""
    both = (headers[:4096], headers[4096:])
    newer = max(both, key=lambda header: int.from_bytes(header[8:16], "little"))
    return int.from_bytes(newer[_BLOCK_SIZE_AT], "little")
