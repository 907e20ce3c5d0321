"""Results of an audit: the stored counts compared with a full recount."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Difference:
    """Two numbers that must be equal and differ, or data that cannot be read.

    ``key`` identifies the row: the ids of a marginal's columns, a position or an error message.
    """

    what: str
    organization: str
    day: date | None
    key: str
    stored: int
    recounted: int


@dataclass(frozen=True, slots=True)
class AuditStep:
    """One finished step of an audit, number ``done`` of ``total``, and the differences it found.

    At most the first thousand differences are listed.
    """

    what: str
    done: int
    total: int
    differences: tuple[Difference, ...] = ()
