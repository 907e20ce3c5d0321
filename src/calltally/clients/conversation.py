"""Sans-IO conversations: the steps of a client, without performing them.

A conversation is a generator: it yields the steps, is sent the result of each, and returns the answer. It
does no input or output, so it serves the synchronous and the asynchronous clients, and can be tested without
a server.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from calltally.clients.vendor_request import VendorRequest

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request; the response is sent back, or an `httpx.RequestError` is thrown in.

    ``timeout`` in seconds applies to this request, if it is less than the client's.
    """

    request: VendorRequest
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait some seconds; nothing is sent back."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Authorize:
    """Get the text of an access token other than the refused one, before ``until``."""

    refused: str = field(default="", repr=False)
    until: float | None = None


Step: TypeAlias = Send | Pause | Authorize
Conversation: TypeAlias = Generator[Step, Any, T]
