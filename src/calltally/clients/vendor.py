"""The seam between what all clients share and what one vendor is like."""

from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import httpx
import msgspec

from calltally.clients.grant import Grant

Q_co = TypeVar("Q_co", covariant=True)


@dataclass(frozen=True, slots=True)
class VendorFault:
    """What a response that is no success says: its body, and the vendor's own words in it."""

    body: object
    words: str


class Vendor(Protocol[Q_co]):
    """One customer's place at a vendor: where it is, who asks, and what can be asked.

    ``questions`` has a method for each operation, which makes the question. ``read_fault`` reads any body
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
    """The body as the first of some types that it fits, else as a JSON value, else as text."""
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
