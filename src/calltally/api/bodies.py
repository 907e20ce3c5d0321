"""Request bodies, read within a limit of size."""

from calltally.asgi import Receive
from calltally.errors import CalltallyError, TooLargeError


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
