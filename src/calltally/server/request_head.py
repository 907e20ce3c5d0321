"""The head of a request."""

from dataclasses import dataclass


@dataclass(slots=True)
class RequestHead:
    """What is asked, and where the request ends.

    ``length`` is that of the body, 0 without one and None if it comes in chunks: nothing else decides where
    the next request begins. Header names are in lower case.
    """

    method: str
    path: bytes
    query: bytes
    version: str
    headers: list[tuple[bytes, bytes]]
    length: int | None
    keep_alive: bool
    expects_continue: bool
