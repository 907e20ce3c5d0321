"""A body on its way out of its content encoding, in bounded steps."""

import io

from calltally.api.body_budget import BodyShare
from calltally.api.body_threads import BodyWorker
from calltally.compressed_data import UNPACKERS, CompressedData, CompressedDataError
from calltally.errors import InvalidInputError, TooLargeError, UnsupportedMediaTypeError

_THREAD_FROM = 256 * 1024
"""Bodies packed into so many bytes and more are unpacked in a thread from the beginning."""

MOST_MEMBERS = 10_000
"""Members of gzip and frames of zstd that one body may consist of."""

_STEP_BYTES, _STEP_PARTS = 2 * 2**20, 512


class Unpacking:
    """Unpacks a body step by step; ``size`` is how many bytes were unpacked so far.

    A step unpacks about 2 MiB, and never more than 10. The time and the memory that all steps take together
    grow with the sizes of the body and of what is in it, however many members it has.
    """

    def __init__(self, body: bytes, encoding: str, limit: int) -> None:
        """Raises `UnsupportedMediaTypeError`."""
        encoding = encoding.strip().lower()
        self._encoding = "gzip" if encoding == "x-gzip" else encoding
        unpacker = UNPACKERS.get(self._encoding)
        if unpacker is None:
            raise UnsupportedMediaTypeError(f"content encoding {encoding!r}; accepted are gzip and zstd")
        self.size = 0
        self._data = CompressedData((body,))
        self._parts = unpacker(self._data)
        self._limit = limit
        self._unpacked = io.BytesIO()

    def step(self) -> bool:
        """Unpacks some more; true once everything is unpacked.

        Raises `TooLargeError` and, for data that is damaged, cut off or of too many members,
        `InvalidInputError`.
        """
        until = self.size + _STEP_BYTES
        for _ in range(_STEP_PARTS):
            part = self._next_part()
            if part is None:
                return True
            self.size += len(part)
            if self.size > self._limit:
                raise TooLargeError(self._limit)
            self._unpacked.write(part)
            if self.size >= until:
                break
        return False

    def _next_part(self) -> bytes | None:
        try:
            part = next(self._parts, None)
        except CompressedDataError as error:
            raise InvalidInputError(
                f"the body is not valid {self._encoding}: it {error}",
                field="body",
                accepted=f"whole {self._encoding} data",
            ) from None
        if self._data.members > MOST_MEMBERS:
            raise InvalidInputError(
                f"the body has more than {MOST_MEMBERS} members of {self._encoding}; pack all calls into one",
                field="body",
                accepted=f"at most {MOST_MEMBERS} members of gzip, or frames of zstd",
            )
        return part

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
