"""What is kept for inspection: how much of it, and which of it is asked for."""

from dataclasses import dataclass
from datetime import date

SAMPLES_KEPT = 20
"""How many rejected calls are kept of each organization, day of receipt and code: those that came first."""

CONFLICTS_KEPT = 1000
"""How many calls in conflict are kept of each organization and day of receipt: those that came first."""

KEPT_AT_MOST = 10_000
"""How many of either an organization has at most: where there are more, its oldest days of receipt go."""

_EPOCH = date(1970, 1, 1)
_END = 2**63 - 1


@dataclass(frozen=True, slots=True)
class KeptPage:
    """Which entries of a list are asked for: the newest ``limit`` of those that are numbered ``below``.

    ``days`` are the first day of receipt and the one behind the last, since 1970-01-01 (UTC); ``code`` is for
    rejected calls.
    """

    days: tuple[int, int] = ((date.min - _EPOCH).days, (date.max - _EPOCH).days)
    below: int = _END
    limit: int = KEPT_AT_MOST
    code: str | None = None


EVERYTHING_KEPT = KeptPage()
