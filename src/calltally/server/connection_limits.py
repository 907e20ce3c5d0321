"""Limits of one connection and of one request's head."""

from dataclasses import dataclass

HEAD_BYTES = 64 * 1024
HEADERS = 100
TARGET_BYTES = 32 * 1024
"""Of a request: its whole head, the number of headers, and its path with the query."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How many connections there may be, and for how many seconds one may stay silent.

    ``head_seconds`` are for the head of a request, and for the rest of a body that was answered before it was
    whole; ``idle_seconds`` for the time between requests; ``write_seconds`` for a client that reads nothing
    of an answer.
    """

    connections: int = 2000
    head_seconds: float = 30.0
    idle_seconds: int = 30
    write_seconds: float = 30.0
