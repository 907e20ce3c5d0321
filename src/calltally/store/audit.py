"""What a recount of everything finds."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Difference:
    """Two numbers that must be the same and are not, or something that cannot be read at all.

    ``key`` tells further what they are about: the ids of a marginal's columns, a position, a message.
    """

    what: str
    organization: str
    day: date | None
    key: str
    stored: int
    recounted: int


@dataclass(frozen=True, slots=True)
class AuditStep:
    """One finished step of an audit, number ``done`` of ``total``, and the differences that it found.

    Of very many differences only the first thousand are told.
    """

    what: str
    done: int
    total: int
    differences: tuple[Difference, ...] = ()
