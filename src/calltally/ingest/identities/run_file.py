"""The file of a run (an SSTable): sorted identities in blocks, a Bloom filter, and a head."""

import os
import secrets
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from xxhash import xxh3_64_intdigest

from calltally.durable_files import sync
from calltally.ingest.identities.sorted_identities import BLOCK_BYTES, LINE_BYTES, Sorted, tally_of_blocks
from calltally.store.usage_store import IdentityTally

SUFFIX = ".ids"
PARTIAL = ".partial"
DAMAGED = ".damaged"
BLOCKS_START = 4096
"""The offset of the blocks, after the head."""

FILTER_BITS = 12
"""Bits of the Bloom filter per identity: its false positive rate is about 1 in 200."""

_MAGIC = b"calltally seen 2"
_HEAD = struct.Struct("<16sQQQQQQQQqqqqQQQQQ")
_BLOCKS_AT_ONCE = 256


class Boundary(NamedTuple):
    """A cut between identities.

    Those after it have positions from ``first`` on, those before it positions up to ``last``. Each cut has
    its own ``mark``, so that two runs are adjacent exactly if one ends with the cut that the other begins
    with. Mark 0 is the end of a position.
    """

    first: int
    last: int
    mark: int

    @staticmethod
    def between(first: int, last: int) -> "Boundary":
        """A unique cut through identities of these positions."""
        return Boundary(first, last, secrets.randbits(63) | 1)

    @staticmethod
    def behind(position: int) -> "Boundary":
        return Boundary(position + 1, position, 0)


class RunHead(NamedTuple):
    """The content that a run declares.

    It is every identity accepted between two cuts and received since an instant, and no other. ``size`` is
    their number, and ``low_xor`` the exclusive or of their low halves. ``latest_ms`` is not earlier than the
    time of any of its calls. ``timeline`` is that of the store at the time of writing, and ``key_mark``
    identifies the installation's key.
    """

    since: Boundary
    last: Boundary
    size: int
    low_xor: int
    received_from_ms: int
    first_received_ms: int
    last_received_ms: int
    latest_ms: int
    timeline: int
    key_mark: int


class RunIndex(NamedTuple):
    """The part of a run that is kept in memory."""

    fences: bytes
    filter: bytes


class DamagedRunError(Exception):
    """A run's file is damaged or unreadable. The store has its content."""


class StoppedError(Exception):
    """Writing was aborted, since the process is ending."""


def filter_lines_for(count: int) -> int:
    return max(1, -(-count * FILTER_BITS // (LINE_BYTES * 8)))


def file_of(folder: Path, head: RunHead) -> Path:
    since, last = (f"{cut.first:020d}.{cut.mark:016x}" for cut in (head.since, head.last))
    return folder / f"{since}-{last}{SUFFIX}"


def write_run(
    folder: Path,
    head: RunHead,
    parts: Iterable[tuple[Sorted, int]],
    stopped: Callable[[], bool] = lambda: False,
) -> Path:
    """Write the identities of ascending parts, each with the lines of the filter that end with it.

    The tally in the file's head is that of the blocks as written, whatever ``head`` has. The file gets its
    name once it is complete and on disk; a crash leaves at most one whose name ends in ``.partial``. Raises
    `OSError`, and `StoppedError` once ``stopped`` returns True.
    """
    path = file_of(folder, head)
    partial = path.with_name(f"{path.name}{PARTIAL}")
    total = filter_lines_for(head.size)
    try:
        with open(partial, "wb", buffering=0, opener=_private) as file:
            file.seek(BLOCKS_START)
            fences, lines, blocks, tally = bytearray(), bytearray(), 0, IdentityTally()
            for part, end in parts:
                for first in range(0, len(part), _BLOCKS_AT_ONCE):
                    data = part.blocks(first, _BLOCKS_AT_ONCE)
                    if stopped():
                        raise StoppedError
                    if not data:
                        break
                    _write(file.fileno(), data)
                    blocks += len(data) // BLOCK_BYTES
                    tally += tally_of_blocks(data)
                fences += part.fences()
                first_line = len(lines) // LINE_BYTES
                lines += part.filter(first_line, end - first_line, total)
            head = head._replace(size=tally.count, low_xor=tally.low_xor)
            index = bytes(fences + lines)
            _write(file.fileno(), index)
            file.seek(0)
            _write(file.fileno(), _packed(head, blocks, len(lines), xxh3_64_intdigest(index)))
            os.fsync(file.fileno())
        partial.rename(path)
        sync(folder)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return path


def read_run(path: Path) -> tuple[RunHead, RunIndex]:
    """The head and the index of a run; raises `DamagedRunError`. The blocks are not read."""
    try:
        with path.open("rb") as file:
            head, blocks, filter_bytes, checksum = _unpacked(file.read(BLOCKS_START))
            if path.stat().st_size != BLOCKS_START + blocks * (BLOCK_BYTES + 8) + filter_bytes:
                raise DamagedRunError(f"{path.name} has another size than it says")
            file.seek(BLOCKS_START + blocks * BLOCK_BYTES)
            index = file.read(blocks * 8 + filter_bytes)
    except OSError as error:
        raise DamagedRunError(f"{path.name} cannot be read: {error}") from error
    if xxh3_64_intdigest(index) != checksum or path != file_of(path.parent, head) or head.since == head.last:
        raise DamagedRunError(f"{path.name} is not as it was written")
    return head, RunIndex(index[: blocks * 8], index[blocks * 8 :])


def _packed(head: RunHead, blocks: int, filter_bytes: int, checksum: int) -> bytes:
    numbers = (*head.since, *head.last, *head[2:], blocks, filter_bytes, checksum)
    packed = _HEAD.pack(_MAGIC, *numbers)
    return packed + xxh3_64_intdigest(packed).to_bytes(8, "little")


def _unpacked(data: bytes) -> tuple[RunHead, int, int, int]:
    packed, checksum = data[: _HEAD.size], data[_HEAD.size : _HEAD.size + 8]
    if len(data) < BLOCKS_START or xxh3_64_intdigest(packed).to_bytes(8, "little") != checksum:
        raise DamagedRunError("it has no head")
    magic, *numbers = _HEAD.unpack(packed)
    if magic != _MAGIC:
        raise DamagedRunError("it is not a run, or of another version")
    head = RunHead(Boundary(*numbers[:3]), Boundary(*numbers[3:6]), *numbers[6:14])
    return head, *numbers[14:]


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
