"""One request to a vendor, before anything is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self
from urllib.parse import quote, urlencode


@dataclass(frozen=True, slots=True)
class VendorRequest:
    """A value, to be compared and sent as often as needed; its text shows neither headers nor body.

    ``url`` is a path below a vendor's base address or an absolute address, percent-encoded.
    """

    method: str
    url: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    def below(self, base_url: str) -> Self:
        """The same request at its absolute address."""
        return replace(self, url=base_url + self.url)

    def with_headers(self, **headers: str) -> Self:
        return replace(self, headers={**self.headers, **headers})

    @property
    def address(self) -> str:
        """The address with the query; blanks are written ``%20``, which no server takes for anything else."""
        return f"{self.url}?{urlencode(self.query, quote_via=quote)}" if self.query else self.url


def query_of(**parameters: str | int | bool | None) -> tuple[tuple[str, str], ...]:
    """The parameters that were given, in their order; ``True`` is written ``true``."""
    return tuple((name, _text(value)) for name, value in parameters.items() if value is not None)


def path_part(name: str, text: str) -> str:
    """Any text as one part of a path: whatever it holds, it stays one part.

    Raises `ValueError` for an empty text, which would make another path; ``name`` is the caller's for it.
    """
    if not text:
        raise ValueError(f"{name} must not be empty")
    if text in (".", ".."):
        return text.replace(".", "%2E")
    return quote(text, safe="")


def _text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
