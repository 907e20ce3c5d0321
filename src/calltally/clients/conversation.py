"""What a client says and waits for, step by step, without doing any of it.

A conversation is a generator: it yields the steps, is sent what came of each, and returns the answer. It does
no input or output, so one of them serves the synchronous and the asynchronous clients, and a test can hold it
without a server.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from calltally.clients.vendor_request import VendorRequest

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request; the response is sent back, or an `httpx.RequestError` is thrown in.

    ``timeout`` in seconds is for this request, where it is less than what the client allows.
    """

    request: VendorRequest
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Let some seconds pass; nothing is sent back."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Authorize:
    """Get the text of an access token, another one than that which was refused, before ``until``."""

    refused: str = field(default="", repr=False)
    until: float | None = None


Step: TypeAlias = Send | Pause | Authorize
Conversation: TypeAlias = Generator[Step, Any, T]
