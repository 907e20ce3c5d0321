"""Derives routes for calls that have only a path."""

import re
from collections.abc import Sequence
from functools import lru_cache

OTHER_ROUTE = "{other}"
"""The route of every path beyond an organization's limit of derived routes."""

_PATHS_REMEMBERED, _LONGEST_REMEMBERED = 65_536, 256
"""The cached paths, and the most characters of one, which bound the memory."""

_IDENTIFIER = r"[0-9]+|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{24,}"


class RouteNamer:
    """Converts ``/users/17`` to ``/users/{id}``.

    A segment of digits, a UUID, 24 or more hex digits, or a match of one of ``patterns`` (regular expressions
    for a whole segment) becomes ``{id}``. Raises `re.error` for an invalid pattern.
    """

    def __init__(self, patterns: Sequence[str] = (), max_derived: int = 10_000) -> None:
        self.max_derived = max_derived
        self.has_patterns = bool(patterns)
        identifiers = re.compile(rf"(?:(?<=/)|^)(?:{_IDENTIFIER})(?=/|\Z)")
        matches = re.compile("|".join(f"(?:{pattern})" for pattern in patterns)).fullmatch

        def made(path: str) -> str:
            route = identifiers.sub("{id}", path)
            if not patterns:
                return route
            return "/".join("{id}" if matches(part) else part for part in route.split("/"))

        remembered = lru_cache(maxsize=_PATHS_REMEMBERED)(made)

        def derive(path: str) -> str:
            return remembered(path) if len(path) <= _LONGEST_REMEMBERED else made(path)

        self.derive = derive


def without_query(path: str) -> str:
    """A path without query string and fragment, which may contain secrets and do not belong to the route."""
    return path.partition("?")[0].partition("#")[0]
