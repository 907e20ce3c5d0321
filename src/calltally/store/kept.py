"""Bounds of what is kept for inspection, and the selection of a page of it."""

from dataclasses import dataclass
from datetime import date

SAMPLES_KEPT = 20
"""The first rejected calls that are kept per organization, day of receipt and code."""

CONFLICTS_KEPT = 1000
"""The first conflicts that are kept per organization and day of receipt."""

KEPT_AT_MOST = 10_000
"""The most entries of either kind per organization: beyond it, its oldest days of receipt are dropped."""

_EPOCH = date(1970, 1, 1)
_END = 2**63 - 1


@dataclass(frozen=True, slots=True)
class KeptPage:
    """Selects entries of a list: the newest ``limit`` of those numbered below ``below``.

    ``days`` are the first day of receipt and the day after the last one, counted from 1970-01-01 (UTC);
    ``code`` filters rejected calls.
    """

    days: tuple[int, int] = ((date.min - _EPOCH).days, (date.max - _EPOCH).days)
    below: int = _END
    limit: int = KEPT_AT_MOST
    code: str | None = None


EVERYTHING_KEPT = KeptPage()
