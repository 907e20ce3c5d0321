"""The bytes of a log as it was written, whether it lies there plain or compressed."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO

import zstandard

BLOCK_BYTES = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_GZIP = 31  # zlib's number for a member with gzip's header and checksum
# A zstd step of this size unpacks to 32 MiB at the very most, so that no file can fill the memory.
_ZSTD_STEP_BYTES = 1 << 10
_ZSTD_GATHERED_BYTES = 1 << 18


class LogBlocks:
    """Yields a stream's bytes in blocks, unpacking gzip and zstd; the first bytes tell which, not the name.

    Several compressed members in a row are one log. Where compressed data is damaged or ends too early, the
    blocks end with what could be read and `break_reason` says why; it is empty otherwise. Memory is bounded
    whatever the data unpacks to. To be iterated once.
    """

    def __init__(self, stream: BinaryIO, block_bytes: int = BLOCK_BYTES) -> None:
        self._stream = stream
        self._block_bytes = block_bytes
        self.bytes_read = 0
        """Bytes taken from the stream so far, still compressed: what a progress bar compares to the size."""
        self.break_reason = ""

    def __iter__(self) -> Iterator[bytes]:
        first = self._read()
        while 0 < len(first) < len(_ZSTD_MAGIC) and (more := self._read()):
            first += more
        if first.startswith(_GZIP_MAGIC):
            return self._gzip(first)
        if first.startswith(_ZSTD_MAGIC):
            return self._zstd(first)
        return self._plain(first)

    def _read(self) -> bytes:
        block = self._stream.read(self._block_bytes)
        self.bytes_read += len(block)
        return block

    def _plain(self, block: bytes) -> Iterator[bytes]:
        while block:
            yield block
            block = self._read()

    def _gzip(self, packed: bytes) -> Iterator[bytes]:
        while packed:
            member = zlib.decompressobj(_GZIP)
            while packed and not member.eof:
                try:
                    yield member.decompress(packed, BLOCK_BYTES)
                except zlib.error as error:
                    self.break_reason = f"the gzip data is damaged: {error}"
                    return
                packed = member.unused_data or member.unconsumed_tail or self._read()
            if not member.eof:
                yield member.flush()
                self.break_reason = "the gzip data ends too early"
            packed = self._after_padding(packed)

    def _after_padding(self, packed: bytes) -> bytes:
        """What follows the zeros that may fill a gzip file up after a member."""
        while packed and not (packed := packed.lstrip(b"\0")):
            packed = self._read()
        return packed

    def _zstd(self, packed: bytes) -> Iterator[bytes]:
        frame = zstandard.ZstdDecompressor().decompressobj()
        frame_bytes = 0
        gathered = bytearray()
        while packed and not self.break_reason:
            start = 0
            while start < len(packed):
                step = packed[start : start + _ZSTD_STEP_BYTES]
                try:
                    gathered += frame.decompress(step)
                except zstandard.ZstdError as error:
                    self.break_reason = f"the zstd data is damaged: {error}"
                    break
                start += len(step)
                frame_bytes += len(step)
                if frame.eof:
                    start -= len(frame.unused_data)
                    frame = zstandard.ZstdDecompressor().decompressobj()
                    frame_bytes = 0
                if len(gathered) >= _ZSTD_GATHERED_BYTES:
                    yield bytes(gathered)
                    gathered.clear()
            packed = self._read()
        yield bytes(gathered)
        if frame_bytes and not self.break_reason:
            self.break_reason = "the zstd data ends too early"
