"""A body on its way out of its content encoding, in bounded steps."""

import io
import zlib
from collections.abc import Callable, Iterator

import zstandard

from calltally.api.body_budget import BodyShare
from calltally.api.body_threads import BodyWorker
from calltally.errors import InvalidInputError, TooLargeError, UnsupportedMediaTypeError

_THREAD_FROM = 256 * 1024
"""Bodies packed into so many bytes and more are unpacked in a thread from the beginning."""

MOST_MEMBERS = 10_000
"""Members of gzip and frames of zstd that one body may consist of."""

_MAX_ZSTD_WINDOW = 2**27
_FIRST_ZSTD_PIECE, _LARGEST_ZSTD_PIECE = 64, 256
"""Bytes of zstd handed over at a time: four may stand for a block of 128 KiB, so a piece gives at most 8 MiB.

A piece that gives much is followed by a small one.
"""

_FIRST_PIECE, _LARGEST_PIECE = 512, 2**16
"""Bytes of gzip handed over at a time: of each member first so many, then twice as many up to the largest.

What a member leaves of its last piece is copied; this way all copies together are no more than the body.
"""
_PART = 2**20
_STEP_BYTES, _STEP_PARTS = 2 * 2**20, 512


class Unpacking:
    """Unpacks a body step by step; ``size`` is how many bytes were unpacked so far.

    A step unpacks about 2 MiB, and never more than 10. The time and the memory that all steps take together
    grow with the sizes of the body and of what is in it, however many members it has.
    """

    def __init__(self, body: bytes, encoding: str, limit: int) -> None:
        """Raises `UnsupportedMediaTypeError`."""
        encoding = encoding.strip().lower()
        unpacker = _UNPACKERS.get(encoding)
        if unpacker is None:
            raise UnsupportedMediaTypeError(f"content encoding {encoding!r}; accepted are gzip and zstd")
        self.size = 0
        self._parts = unpacker(body)
        self._limit = limit
        self._unpacked = io.BytesIO()

    def step(self) -> bool:
        """Unpacks some more; true once everything is unpacked.

        Raises `TooLargeError` and, for data that is damaged, cut off or of too many members,
        `InvalidInputError`.
        """
        until = self.size + _STEP_BYTES
        for _ in range(_STEP_PARTS):
            part = next(self._parts, None)
            if part is None:
                return True
            self.size += len(part)
            if self.size > self._limit:
                raise TooLargeError(self._limit)
            self._unpacked.write(part)
            if self.size >= until:
                break
        return False

    def content(self) -> bytes:
        """What was unpacked; the buffer itself, not a copy of it."""
        return self._unpacked.getvalue()


async def unpacked(packed: bytes, encoding: str, limit: int, share: BodyShare, work: BodyWorker) -> bytes:
    """A body without its content encoding (gzip, zstd or identity), held by a share as it grows.

    What takes more than one step is unpacked in a thread. Raises what `Unpacking` raises, and `BusyError`
    where the share cannot grow.
    """
    if encoding.strip().lower() in ("", "identity"):
        return packed
    unpacking = Unpacking(packed, encoding, limit)
    done = len(packed) < _THREAD_FROM and unpacking.step()
    share.grow_to(unpacking.size)
    if not done:
        await work(unpacking.step, lambda: share.grow_to(unpacking.size))
    return unpacking.content()


def _gunzip(body: bytes) -> Iterator[bytes]:
    """What is in all members of a gzip body, part by part; zeros behind a member are padding."""
    place = members = 0
    while place < len(body):
        members = _one_more(members, "gzip")
        member, size = zlib.decompressobj(wbits=31), _FIRST_PIECE
        while not member.eof:
            piece = member.unconsumed_tail
            if not piece:
                piece = body[place : place + size]
                place += len(piece)
                size = min(2 * size, _LARGEST_PIECE)
            try:
                part = member.decompress(piece, _PART)
            except zlib.error as error:
                raise _damaged("gzip", str(error)) from None
            if not (piece or part or member.eof):
                raise _damaged("gzip", "it is cut off")
            yield part
        place = _behind_padding(body, place - len(member.unused_data))


def _behind_padding(body: bytes, place: int) -> int:
    while body[place : place + 1] == b"\0":
        piece = body[place : place + _LARGEST_PIECE]
        place += len(piece) - len(piece.lstrip(b"\0"))
    return place


def _unzstd(body: bytes) -> Iterator[bytes]:
    """What is in all frames of a zstd body, part by part."""
    unpacker = zstandard.ZstdDecompressor(max_window_size=_MAX_ZSTD_WINDOW)
    place = frames = 0
    while place < len(body):
        frames = _one_more(frames, "zstd")
        frame, size = unpacker.decompressobj(), _FIRST_ZSTD_PIECE
        while not frame.eof:
            piece = body[place : place + size]
            place += len(piece)
            if not piece:
                raise _damaged("zstd", "it is cut off")
            try:
                part = frame.decompress(piece)
            except zstandard.ZstdError as error:
                raise _damaged("zstd", str(error)) from None
            size = min(2 * size, _LARGEST_ZSTD_PIECE) if len(part) < _PART else _FIRST_ZSTD_PIECE
            yield part
        place -= len(frame.unused_data)


_UNPACKERS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "zstd": _unzstd,
}


def _one_more(members: int, encoding: str) -> int:
    if members == MOST_MEMBERS:
        raise InvalidInputError(
            f"the body has more than {MOST_MEMBERS} members of {encoding}; pack all calls into one",
            field="body",
            accepted=f"at most {MOST_MEMBERS} members of gzip, or frames of zstd",
        )
    return members + 1


def _damaged(encoding: str, why: str) -> InvalidInputError:
    return InvalidInputError(
        f"the body is not valid {encoding}: {why}", field="body", accepted=f"whole {encoding} data"
    )
