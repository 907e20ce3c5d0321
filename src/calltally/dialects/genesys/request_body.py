"""Reads JSON request bodies."""

from collections.abc import Mapping

import msgspec

from calltally.asgi import Receive
from calltally.dialects.genesys.bad_request import BadRequestError, malformed
from calltally.errors import TooLargeError, UnsupportedMediaTypeError

_MOST_VALUES = 200_000
"""The most commas and brackets of a body: each is a value in memory, an empty list taking 64 bytes."""

_CHARSETS = ("utf-8", "utf8", "us-ascii")


async def read_json(headers: Mapping[str, str], receive: Receive, *, limit: int) -> object:
    """The decoded body; if a key appears twice, the last value is used.

    Raises `UnsupportedMediaTypeError` before reading, `TooLargeError` as soon as the announced or received
    length exceeds the limit, `BadRequestError` for invalid JSON, and what ``receive`` raises. A body without
    a content type is read as JSON.
    """
    _check_type(headers.get("content-type", ""), headers.get("content-encoding", ""))
    announced = headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:18]) > limit:
        raise TooLargeError(limit)
    body = await _whole(receive, limit)
    if sum(map(body.count, b",[{")) > _MOST_VALUES:
        raise malformed()
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError):
        raise malformed() from None


def _check_type(content_type: str, encoding: str) -> None:
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [text.partition("=")[2].strip('"') for text in parameters if text.startswith("charset=")]
    if media_type not in ("", "application/json") or any(charset not in _CHARSETS for charset in charsets):
        raise UnsupportedMediaTypeError(
            f"content type {content_type!r} is not supported; accepted: application/json"
        )
    if encoding.strip().lower() not in ("", "identity"):
        raise UnsupportedMediaTypeError(f"content encoding {encoding!r} is not supported; accepted: none")


async def _whole(receive: Receive, limit: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequestError("client.failed.request", "The client failed to send the whole request.")
        part = message.get("body", b"")
        if isinstance(part, bytes):
            body += part
        if len(body) > limit:
            raise TooLargeError(limit)
        if not message.get("more_body"):
            return bytes(body)
