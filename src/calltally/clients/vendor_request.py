"""One request to a vendor, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self
from urllib.parse import quote, urlencode


@dataclass(frozen=True, slots=True)
class VendorRequest:
    """A value that can be compared and sent repeatedly; its text shows neither headers nor body.

    ``url`` is a path below a vendor's base address or an absolute address, percent-encoded.
    """

    method: str
    url: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    def below(self, base_url: str) -> Self:
        """The same request with its absolute address."""
        return replace(self, url=base_url + self.url)

    def with_headers(self, **headers: str) -> Self:
        return replace(self, headers={**self.headers, **headers})

    @property
    def address(self) -> str:
        """The address with the query; blanks are written ``%20``, which every server reads alike."""
        return f"{self.url}?{urlencode(self.query, quote_via=quote)}" if self.query else self.url


def query_of(**parameters: str | int | bool | None) -> tuple[tuple[str, str], ...]:
    """The parameters that are not None, in order; ``True`` is written ``true``."""
    return tuple((name, _text(value)) for name, value in parameters.items() if value is not None)


def path_part(name: str, text: str) -> str:
    """Any text as one segment of a path, escaped so that it stays one segment.

    Raises `ValueError` for an empty text, which would change the path; ``name`` is its name in the message.
    """
    if not text:
        raise ValueError(f"{name} must not be empty")
    if text in (".", ".."):
        return text.replace(".", "%2E")
    return quote(text, safe="")


def _text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
