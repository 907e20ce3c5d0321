"""Routes for calls that came with a path only."""

import re
from collections.abc import Sequence
from functools import lru_cache

OTHER_ROUTE = "{other}"
"""The route of every path that would exceed an organization's number of derived routes."""

_PATHS_REMEMBERED, _LONGEST_REMEMBERED = 65_536, 256
"""Paths whose routes are remembered, and the longest of them in characters, which bound the memory."""

_IDENTIFIER = r"[0-9]+|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{24,}"


class RouteNamer:
    """Turns ``/users/17`` into ``/users/{id}``.

    A part of digits, a UUID, 24 or more hex digits, or what one of ``patterns`` (regular expressions for a
    whole part) matches becomes ``{id}``. Raises `re.error` for a pattern that is none.
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
    """A path up to its query string or fragment, which may hold secrets and name no route."""
    return path.partition("?")[0].partition("#")[0]
