"""Selects among Segment's media types by the Accept header.

Litestar's `Accept` is not used: Segment's media types have aliases, and which of two equal ones is meant, or
what a weight of 0 or a quoted comma means, has to be decided as Segment documents it.
"""

import re
from dataclasses import dataclass

from calltally.dialects.segment.contract import MediaType

_ALIASES = {
    "application/vnd.segment.stable+json": MediaType.V1,
    "application/vnd.segment.beta+json": MediaType.V1_BETA,
    "application/vnd.segment.alpha+json": MediaType.V1_ALPHA,
}
"""The names of the same versions in the documentation of versioning."""

_SPECIFICITY = {"*/*": 0, "application/*": 1}
_EXACT = 2
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
_WEIGHT = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?", re.ASCII)


def from_segment_accept(header: str) -> MediaType:
    """The media type that the header prefers: by weight, then the most specific, then the first in order.

    Wildcards prefer `MediaType.JSON`, and so does an empty header or one that names none of these types: a
    response is never refused for its type. Unreadable parts are ignored.
    """
    ranges = [found for part in _QUOTED.sub("", header).split(",") if (found := _range(part)) is not None]
    # For equal values max returns the first, which is the most general media type.
    return max(MediaType, key=lambda media_type: _preference(media_type, ranges))


@dataclass(frozen=True, slots=True)
class _Range:
    name: str
    weight: float

    @property
    def specificity(self) -> int:
        return _SPECIFICITY.get(self.name, _EXACT)

    def covers(self, media_type: MediaType) -> bool:
        return self.name == media_type or self.specificity < _EXACT


def _range(part: str) -> _Range | None:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = "1"
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            weight = value.strip()
    return _Range(_ALIASES.get(name, name), float(weight)) if _WEIGHT.fullmatch(weight) else None


def _preference(media_type: MediaType, ranges: list[_Range]) -> tuple[float, int, int]:
    """The preference for a type, from the most specific range that covers it; of equal ones, the first."""
    covering = [(index, found) for index, found in enumerate(ranges) if found.covers(media_type)]
    if not covering:
        return 0, 0, 0
    index, decisive = max(covering, key=lambda numbered: numbered[1].specificity)
    if not decisive.weight:
        return 0, 0, 0
    named = -index if decisive.specificity == _EXACT else 0
    return decisive.weight, decisive.specificity, named
