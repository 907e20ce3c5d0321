"""Identities in the order of runs, and the blocks and the filter of a run."""

from typing import Protocol

import numpy as np
import numpy.typing as npt
from xxhash import xxh3_64_intdigest

from calltally.call_batch import UInt64s
from calltally.store.usage_store import IdentityTally

BLOCK_BYTES = 4096
BLOCK_ROWS = (BLOCK_BYTES - 16) // 24
"""Identities of a full block: the space besides its checksum and their number."""

LINE_BYTES = 64
_LINE_BITS = LINE_BYTES * 8
_PROBES = 7
_WORDS = BLOCK_BYTES // 8

IdentityColumns = tuple[UInt64s, UInt64s, UInt64s]
"""High halves, low halves and digests."""


class Sorted(Protocol):
    """See `SortedIdentities`."""

    def __len__(self) -> int: ...
    def blocks(self, first: int, count: int) -> bytes: ...
    def fences(self) -> bytes: ...
    def filter(self, first: int, lines: int, total: int) -> bytes: ...


class SortedIdentities:
    """Identities in ascending order of their high half, then their low half."""

    def __init__(self, high: UInt64s, low: UInt64s, digest: UInt64s) -> None:
        order = np.argsort(high, kind="stable")
        ascending = high[order]
        if (ascending[1:] == ascending[:-1]).any():
            order = np.lexsort((digest, low, high))
        self._columns = np.stack([high[order], low[order], digest[order]])

    def __len__(self) -> int:
        return len(self._columns[0])

    def blocks(self, first: int, count: int) -> bytes:
        """The bytes of some blocks: each its checksum, its number of identities, and three columns."""
        rows = self._columns[:, first * BLOCK_ROWS : (first + count) * BLOCK_ROWS]
        written = -(-rows.shape[1] // BLOCK_ROWS)
        blocks = np.zeros((written, _WORDS), "<u8")
        for number in range(written):
            of_block = rows[:, number * BLOCK_ROWS : (number + 1) * BLOCK_ROWS]
            blocks[number, 1] = of_block.shape[1]
            blocks[number, 2:].reshape(3, BLOCK_ROWS)[:, : of_block.shape[1]] = of_block
            blocks[number, 0] = xxh3_64_intdigest(blocks[number, 1:].tobytes())
        return blocks.tobytes()

    def fences(self) -> bytes:
        """The high half of the first identity of each block."""
        return self._columns[0, ::BLOCK_ROWS].tobytes()

    def filter(self, first: int, lines: int, total: int) -> bytes:
        """``lines`` lines from ``first`` on of a filter with ``total`` lines, with the bits of their
        identities."""
        high, low, _ = self._columns
        line = filter_lines(high, total) - first
        inside = (line >= 0) & (line < lines)
        bits = np.zeros(lines * _LINE_BITS, np.bool_)
        for places in filter_bits(low[inside]):
            bits[line[inside] * _LINE_BITS + places] = True
        return np.packbits(bits, bitorder="little").tobytes()


def filter_lines(high: UInt64s, total: int) -> npt.NDArray[np.int64]:
    """The filter line of each identity, of ``total`` lines (less than 2^32), ascending like identities."""
    return ((high >> np.uint64(32)) * np.uint64(total) >> np.uint64(32)).astype(np.int64)


def filter_bits(low: UInt64s) -> list[npt.NDArray[np.int64]]:
    """The bits of each identity in its line, one array per bit."""
    return [(low >> np.uint64(9 * probe) & np.uint64(511)).astype(np.int64) for probe in range(_PROBES)]


def first_high_of_line(line: int, total: int) -> int:
    """The smallest high half whose bits are in a line."""
    return -(-(line << 32) // total) << 32


def tally_of_blocks(blocks: bytes) -> IdentityTally:
    """The tally of the identities in complete blocks."""
    words = np.frombuffer(blocks, "<u8").reshape(-1, _WORDS)
    low = words[:, 2:].reshape(-1, 3, BLOCK_ROWS)[:, 1]  # zeros where a block is not full
    return IdentityTally(int(words[:, 1].sum()), int(np.bitwise_xor.reduce(low, axis=None)))


def columns_of_blocks(blocks: bytes) -> IdentityColumns | None:
    """The identities of some blocks; None if any is damaged."""
    if len(blocks) % BLOCK_BYTES:
        return None
    words = np.frombuffer(blocks, "<u8").reshape(-1, _WORDS)
    parts = []
    for number, block in enumerate(words):
        count = int(block[1])
        told = blocks[number * BLOCK_BYTES + 8 : (number + 1) * BLOCK_BYTES]
        if count > BLOCK_ROWS or int(block[0]) != xxh3_64_intdigest(told):
            return None
        parts.append(block[2:].reshape(3, BLOCK_ROWS)[:, :count])
    high, low, digest = np.concatenate(parts, axis=1) if parts else np.zeros((3, 0), np.uint64)
    return high, low, digest
