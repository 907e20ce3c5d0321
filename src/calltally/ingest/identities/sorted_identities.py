"""Identities in the order of runs, and the blocks and the filter of a run."""

from typing import Protocol

import numpy as np

from calltally.call_batch import UInt64s
from calltally.store.usage_store import IdentityTally

BLOCK_BYTES = 4096
BLOCK_ROWS = (BLOCK_BYTES - 16) // 24
"""Identities of a full block: the space besides its checksum and their number."""

LINE_BYTES = 64
_WORDS = BLOCK_BYTES // 8

IdentityColumns = tuple[UInt64s, UInt64s, UInt64s]
"""High halves, low halves and digests."""


class Sorted(Protocol):
    """Identities that ascend by their high half, then by their low half."""

    def __len__(self) -> int: ...
    def blocks(self, first: int, count: int) -> bytes:
        """The bytes of some blocks: each its checksum, its number of identities, and three columns."""
        ...

    def fences(self) -> bytes:
        """The high half of the first identity of each block."""
        ...

    def filter(self, first: int, lines: int, total: int) -> bytes:
        """The lines from ``first`` on of a filter with a ``total``, marked with the identities of theirs."""
        ...


def first_high_of_line(line: int, total: int) -> int:
    """The smallest high half whose bits are in a line."""
    return -(-(line << 32) // total) << 32


def tally_of_blocks(blocks: bytes) -> IdentityTally:
    """The tally of the identities in complete blocks."""
    words = np.frombuffer(blocks, "<u8").reshape(-1, _WORDS)
    low = words[:, 2:].reshape(-1, 3, BLOCK_ROWS)[:, 1]  # zeros where a block is not full
    return IdentityTally(int(words[:, 1].sum()), int(np.bitwise_xor.reduce(low, axis=None)))
