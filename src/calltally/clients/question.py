"""A request to a vendor with the reader of its response."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import httpx
import msgspec

from calltally.clients.conversation import Conversation
from calltally.clients.vendor_request import VendorRequest

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """One request, and a pure function that reads a successful response to it.

    ``read`` raises `msgspec.DecodeError` for any other body.
    """

    request: VendorRequest
    read: Callable[[httpx.Response], T]

    def put(self, asker: "Asker") -> Conversation[T]:
        return asker.answer(self)


class Asker(Protocol):
    """Sends requests, and has a clock in seconds with an arbitrary start."""

    @property
    def vendor_name(self) -> str: ...

    def now(self) -> float: ...

    def answer(self, question: Question[T], until: float | None = None) -> Conversation[T]: ...


class Workflow(Protocol[T_co]):
    """One request, or several, such as polling until a result is complete."""

    def put(self, asker: Asker) -> Conversation[T_co]: ...


def reads(kind: type[T], *, nulls: bool = True) -> Callable[[httpx.Response], T]:
    """A reader of JSON bodies as a type; fields that the type lacks are ignored.

    Without ``nulls``, null values count as absent, wherever they are.
    """

    def read(response: httpx.Response) -> T:
        body: Any = msgspec.json.decode(response.content)
        return msgspec.convert(body if nulls else _without_nulls(body), kind)

    return read


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
