"""What gzip and zstd data unpack to, in parts of bounded size.

Why not what the libraries have for data of many members:

- `gzip.GzipFile` cannot be stopped between members that are empty: 4 MiB of them are two seconds in one call.
  Since Python 3.12 it also copies up to 128 KiB for each of them.
- `zstandard`'s ``stream_reader(read_across_frames=True)`` ends without an error where data is cut off.

Neither counts members.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator

import zstandard

_GZIP_HEADER = 31
"""zlib's number for data with the header and the checksum of gzip."""

_MAX_ZSTD_WINDOW = 2**27
_FIRST_ZSTD_PIECE, _LARGEST_ZSTD_PIECE = 64, 256
"""Bytes of zstd handed over at a time: four may stand for a block of 128 KiB, so a piece gives at most 8 MiB.

A piece that gives much is followed by a small one.
"""

_FIRST_PIECE, _LARGEST_PIECE = 512, 2**16
"""Bytes of gzip handed over at a time: of each member first so many, then twice as many up to the largest.

What a member leaves of its last piece is copied; this way all copies together are no more than the data.
"""

_PART = 2**20


class CompressedDataError(ValueError):
    """Data is damaged or ends within a member; the text reads after "the gzip data" or "it"."""


class CompressedData:
    """Compressed data of one or more members (gzip) or frames (zstd), which comes in blocks.

    Work and memory grow with the sizes of the data and of what is in it, however many members there are.
    Blocks are taken from the iterable only as they are needed.
    """

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self.members = 0
        """Members or frames begun so far."""
        self._blocks = iter(blocks)
        self._block = b""
        self._place = 0

    def gunzip(self) -> Iterator[bytes]:
        """Parts of at most 1 MiB, some of them empty; zeros after a member are padding.

        Raises `CompressedDataError` after the last part that can be read.
        """
        while self._more():
            self.members += 1
            member, size = zlib.decompressobj(wbits=_GZIP_HEADER), _FIRST_PIECE
            while not member.eof:
                piece = member.unconsumed_tail
                if not piece:
                    piece = self._take(size)
                    size = min(2 * size, _LARGEST_PIECE)
                try:
                    part = member.decompress(piece, _PART)
                except zlib.error as error:
                    raise CompressedDataError(f"is damaged: {error}") from None
                if not (piece or part or member.eof):
                    raise CompressedDataError("ends too early")
                yield part
            self._place -= len(member.unused_data)
            self._skip_padding()

    def unzstd(self) -> Iterator[bytes]:
        """Parts of at most 8 MiB, some of them empty.

        Raises `CompressedDataError` after the last part that can be read.
        """
        unpacker = zstandard.ZstdDecompressor(max_window_size=_MAX_ZSTD_WINDOW)
        while self._more():
            self.members += 1
            frame, size = unpacker.decompressobj(), _FIRST_ZSTD_PIECE
            while not frame.eof:
                piece = self._take(size)
                if not piece:
                    raise CompressedDataError("ends too early")
                try:
                    part = frame.decompress(piece)
                except zstandard.ZstdError as error:
                    raise CompressedDataError(f"is damaged: {error}") from None
                size = min(2 * size, _LARGEST_ZSTD_PIECE) if len(part) < _PART else _FIRST_ZSTD_PIECE
                yield part
            self._place -= len(frame.unused_data)

    def _more(self) -> bool:
        """Whether anything is left; if so, the block has some of it."""
        while self._place == len(self._block):
            block = next(self._blocks, None)
            if block is None:
                return False
            self._block, self._place = block, 0
        return True

    def _take(self, size: int) -> bytes:
        """Up to so many of the next bytes, of one block, so that they can be put back; empty at the end."""
        if not self._more():
            return b""
        piece = self._block[self._place : self._place + size]
        self._place += len(piece)
        return piece

    def _skip_padding(self) -> None:
        while (piece := self._take(_LARGEST_PIECE)).startswith(b"\0"):
            self._place -= len(piece.lstrip(b"\0"))
        self._place -= len(piece)


UNPACKERS: dict[str, Callable[[CompressedData], Iterator[bytes]]] = {
    "gzip": CompressedData.gunzip,
    "zstd": CompressedData.unzstd,
}
