"""Request bodies: read and unpacked within limits of size."""

import asyncio
import io
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import zstandard

from calltally.errors import (
    CalltallyError,
    InvalidInputError,
    TooLargeError,
    UnsupportedMediaTypeError,
)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

_THREAD_FROM = 256 * 1024
"""Bodies packed into more bytes than this are unpacked in a thread."""

_MAX_ZSTD_WINDOW = 2**27
_ZSTD_STEP = 512
"""Bytes unpacked at a time: four may stand for a block of 128 KiB, so a step gives at most 16 MiB."""


class ClientGoneError(CalltallyError):
    """The sender hung up before the body was whole."""


async def read_body(receive: Receive, *, announced: int | None, limit: int) -> bytes:
    """The whole body as sent.

    Raises `TooLargeError` as soon as the announced or received length passes the limit, `ClientGoneError`,
    and what ``receive`` raises.
    """
    if announced is not None and announced > limit:
        raise TooLargeError(limit)
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError("the sender hung up")
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise TooLargeError(limit)
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts) if len(parts) > 1 else parts[0]


async def unpack(body: bytes, encoding: str, limit: int) -> bytes:
    """The body without its content encoding (gzip, zstd or identity).

    Raises `TooLargeError`, `InvalidInputError` for damaged or cut off data, `UnsupportedMediaTypeError`.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    unpacker = {"gzip": _gunzip, "x-gzip": _gunzip, "zstd": _unzstd}.get(encoding)
    if unpacker is None:
        raise UnsupportedMediaTypeError(f"content encoding {encoding!r}; accepted are gzip and zstd")
    if len(body) < _THREAD_FROM:
        return unpacker(body, limit)
    return await asyncio.to_thread(unpacker, body, limit)


def _gunzip(body: bytes, limit: int) -> bytes:
    """All members of a gzip body."""
    unpacked: list[bytes] = []
    size = 0
    while body:
        member = zlib.decompressobj(wbits=31)
        try:
            part = member.decompress(body, limit - size + 1)
        except zlib.error as error:
            raise _damaged("gzip", str(error)) from None
        size += len(part)
        if size > limit:
            raise TooLargeError(limit)
        if not member.eof:
            raise _damaged("gzip", "it is cut off")
        unpacked.append(part)
        body = member.unused_data.lstrip(b"\0")
    return b"".join(unpacked)


def _unzstd(body: bytes, limit: int) -> bytes:
    unpacker = zstandard.ZstdDecompressor(max_window_size=_MAX_ZSTD_WINDOW)
    unpacked: list[bytes] = []
    size = 0
    while body:
        frame = unpacker.decompressobj()
        source = io.BytesIO(body)
        try:
            while not frame.eof and (packed := source.read(_ZSTD_STEP)):
                part = frame.decompress(packed)
                size += len(part)
                if size > limit:
                    raise TooLargeError(limit)
                unpacked.append(part)
        except zstandard.ZstdError as error:
            raise _damaged("zstd", str(error)) from None
        if not frame.eof:
            raise _damaged("zstd", "it is cut off")
        body = frame.unused_data + source.read()
    return b"".join(unpacked)


def _damaged(encoding: str, why: str) -> InvalidInputError:
    return InvalidInputError(
        f"the body is not valid {encoding}: {why}", field="body", accepted=f"whole {encoding} data"
    )
