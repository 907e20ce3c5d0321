"""Double-write buffer for checkpoints: copies of the blocks that a checkpoint overwrites."""

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
"""DuckDB's two headers, of which the newer one is valid; a checkpoint ends by writing one."""

_BLOCK_SIZE_AT = slice(40, 48)


class DoublewriteBuffer:
    """A copy, next to the file, of the metadata blocks that both the last checkpoint and the next one need.

    DuckDB adds to such blocks and rewrites each whole in place, under one checksum, before the new state is
    valid. A crash during that write makes the old state unreadable, although none of its bytes is wrong.
    So the blocks are copied here first, and can be restored while the old state is valid
    (workaround: overwritten-blocks).
    """

    def __init__(self, database: Path) -> None:
        self._database = database
        self._copy = copy_beside(database)

    def keep(self, blocks: Sequence[int]) -> None:
        """Copy blocks; the copy is on disk when this returns. The file must be undamaged."""
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

    def restore(self) -> bool:
        """Undo an unfinished checkpoint; False, changing nothing, if there is nothing to undo.

        That is so if no checkpoint has begun in the file's current state, or if the copy is incomplete.
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
        """Remove the copy; no checkpoint may be unfinished."""
        self._copy.unlink(missing_ok=True)


def copy_beside(database: Path) -> Path:
    """The path of the copy of a database."""
    return database.with_name(f"{database.name}.spared")


def _block_size(headers: bytes) -> int:
    """The block size in the newer header; 0 in a file that was never written."""
    both = (headers[:4096], headers[4096:])
    newer = max(both, key=lambda header: int.from_bytes(header[8:16], "little"))
    return int.from_bytes(newer[_BLOCK_SIZE_AT], "little")
