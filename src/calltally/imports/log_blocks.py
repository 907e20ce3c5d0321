"""The decompressed bytes of a log."""

from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from calltally.compressed_data import UNPACKERS, CompressedData, CompressedDataError

BLOCK_BYTES = 1 << 20
_MAGIC = {"gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd"}
_GATHERED_BYTES = 1 << 18


class LogBlocks:
    """Yields a stream's bytes in blocks, decompressing gzip and zstd, which are detected by the first bytes.

    Several compressed members in a row are one log. If compressed data are damaged or end too early, the
    blocks end with what could be read and `break_reason` has the reason; it is empty otherwise. Memory is
    bounded for any decompressed size. To be iterated once.
    """

    def __init__(self, stream: BinaryIO, block_bytes: int = BLOCK_BYTES) -> None:
        self._stream = stream
        self._block_bytes = block_bytes
        self.bytes_read = 0
        """Bytes read from the stream so far, before decompression, for progress relative to the file's
        size."""
        self.break_reason = ""

    def __iter__(self) -> Iterator[bytes]:
        blocks = self._plain()
        first = b""
        while len(first) < max(map(len, _MAGIC.values())) and (more := next(blocks, b"")):
            first += more
        blocks = chain([first] if first else [], blocks)
        for encoding, magic in _MAGIC.items():
            if first.startswith(magic):
                return self._unpacked(encoding, blocks)
        return blocks

    def _plain(self) -> Iterator[bytes]:
        while block := self._stream.read(self._block_bytes):
            self.bytes_read += len(block)
            yield block

    def _unpacked(self, encoding: str, blocks: Iterator[bytes]) -> Iterator[bytes]:
        gathered = bytearray()
        try:
            for part in UNPACKERS[encoding](CompressedData(blocks)):
                gathered += part
                if len(gathered) >= _GATHERED_BYTES:
                    yield bytes(gathered)
                    gathered.clear()
        except CompressedDataError as error:
            self.break_reason = f"the {encoding} data {error}"
        if gathered:
            yield bytes(gathered)
