"""The oracle of runs' blocks and filters: identities sorted and written in NumPy."""

import numpy as np
import numpy.typing as npt
from xxhash import xxh3_64_intdigest

from calltally.call_batch import UInt64s
from calltally.ingest.identities.sorted_identities import BLOCK_BYTES, BLOCK_ROWS, LINE_BYTES, IdentityColumns

_LINE_BITS = LINE_BYTES * 8
_PROBES = 7
_WORDS = BLOCK_BYTES // 8


class SortedIdentities:
    """Identities that ascend by their high half, then by their low half."""

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
        """The lines from ``first`` on of a filter with a ``total``, marked with the identities of theirs."""
        high, low, _ = self._columns
        line = filter_lines(high, total) - first
        mine = (line >= 0) & (line < lines)
        bits = np.zeros(lines * _LINE_BITS, np.bool_)
        for places in filter_bits(low[mine]):
            bits[line[mine] * _LINE_BITS + places] = True
        return np.packbits(bits, bitorder="little").tobytes()


def filter_lines(high: UInt64s, total: int) -> npt.NDArray[np.int64]:
    """In which of so many lines, less than 2^32, each identity has its bits; they ascend as identities do."""
    return ((high >> np.uint64(32)) * np.uint64(total) >> np.uint64(32)).astype(np.int64)


def filter_bits(low: UInt64s) -> list[npt.NDArray[np.int64]]:
    """Which bits each identity has in its line, one after the other."""
    return [(low >> np.uint64(9 * probe) & np.uint64(511)).astype(np.int64) for probe in range(_PROBES)]


def columns_of_blocks(blocks: bytes) -> IdentityColumns | None:
    """What is in some blocks; None when any is not as it was written."""
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
