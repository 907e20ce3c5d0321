"""The interface between the shared parts of clients and one vendor."""

from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import httpx
import msgspec

from calltally.clients.grant import Grant

Q_co = TypeVar("Q_co", covariant=True)


@dataclass(frozen=True, slots=True)
class VendorFault:
    """The content of an error response: its body, and the vendor's message."""

    body: object
    message: str


class Vendor(Protocol[Q_co]):
    """One customer's account at a vendor: its address, credentials and operations.

    ``questions`` has a method for each operation, which builds the request. ``read_fault`` reads any body
    without raising.
    """

    @property
    def name(self) -> str: ...

    @property
    def base_url(self) -> str: ...

    @property
    def grant(self) -> Grant: ...

    @property
    def questions(self) -> Q_co: ...

    def read_fault(self, response: httpx.Response) -> VendorFault: ...


def fault_body(response: httpx.Response, *shapes: Any) -> Any:
    """The body as the first type that fits, else as a JSON value, else as text."""
    try:
        value = msgspec.json.decode(response.content)
    except (msgspec.DecodeError, RecursionError):
        return response.text
    for shape in shapes:
        try:
            return msgspec.convert(value, shape)
        except msgspec.ValidationError:
            continue
    return value
