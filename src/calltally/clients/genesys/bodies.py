"""The bodies of Genesys's requests; fields that are not given are not sent."""

from collections.abc import Iterable

import msgspec


class QueryBody(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Genesys's ApiUsageOrganizationQuery and ApiUsageClientQuery."""

    interval: str
    granularity: str | None = None
    metrics: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()


class SearchBody(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Genesys's ApiUsageSimpleSearch."""

    interval: str
    metrics: tuple[str, ...] = ()
    oauth_client_names: tuple[str, ...] = ()
    http_methods: tuple[str, ...] = ()
    template_uris: tuple[str, ...] = ()


def texts(name: str, given: Iterable[str]) -> tuple[str, ...]:
    """The texts, unchecked: Genesys validates them.

    Raises `ValueError` for a single text, which would be read as a list of letters.
    """
    if isinstance(given, str):
        raise ValueError(f"{name} is {given!r}; accepted is a list of texts")
    return tuple(given)
