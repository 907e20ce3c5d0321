"""Letting go of what is old enough."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class PruneReport:
    """What went, and from which day on calls and counts are kept now.

    The days are None while nothing was ever pruned.
    """

    calls: int
    counts: int
    calls_from: date | None
    counts_from: date | None
