"""The bodies of Genesys's questions; what is not given is not sent."""

from collections.abc import Iterable

import msgspec


class QueryBody(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What Genesys calls ApiUsageOrganizationQuery and ApiUsageClientQuery."""

    interval: str
    granularity: str | None = None
    metrics: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()


class SearchBody(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What Genesys calls ApiUsageSimpleSearch."""

    interval: str
    metrics: tuple[str, ...] = ()
    oauth_client_names: tuple[str, ...] = ()
    http_methods: tuple[str, ...] = ()
    template_uris: tuple[str, ...] = ()


def texts(name: str, given: Iterable[str]) -> tuple[str, ...]:
    """The texts, unchecked: it is Genesys that knows what it accepts.

    Raises `ValueError` for a single text, which would be taken for a list of letters.
    """
    if isinstance(given, str):
        raise ValueError(f"{name} is {given!r}; accepted is a list of texts")
    return tuple(given)
