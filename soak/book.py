"""What senders know: which calls may be counted, and which they were told are."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

VERDICTS = ("accepted", "duplicate", "conflict", "rejected")


class Key(NamedTuple):
    """What calls are counted by."""

    organization: str
    day: str  # UTC
    client_id: str
    status_class: str


Counts = Counter[Key]


@dataclass(slots=True)
class Book:
    """The calls that may be counted, those that must be, and what all answers said together.

    A call is in ``sent`` before it first leaves, and in ``acknowledged`` after its first answer. What is to
    be corrected leaves ``acknowledged`` before it is, and ``sent`` after the answer.
    """

    sent: Counts = field(default_factory=Counter)
    acknowledged: Counts = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    corrected: int = 0
    lost_answers: int = 0
    busy_answers: int = 0

    def __add__(self, other: "Book") -> "Book":
        return Book(
            self.sent + other.sent,
            self.acknowledged + other.acknowledged,
            self.told + other.told,
            self.accepted + other.accepted,
            self.corrected + other.corrected,
            self.lost_answers + other.lost_answers,
            self.busy_answers + other.busy_answers,
        )


def keys_of(organization: str, calls: Iterable[Mapping[str, Any]]) -> Counts:
    """Calls, whose times are UTC, as a server has to count them."""
    return Counter(
        Key(organization, call["time"][:10], call["client_id"], class_of(call["status"])) for call in calls
    )


def class_of(status: int) -> str:
    """The name of a status's class, as the product's pages have it."""
    return f"{status // 100}xx" if status >= 200 else "none"


def differences(wanted: Counts, found: Counts, limit: int = 5) -> str:
    """Some of the keys whose counts differ, in words; empty when none do."""
    keys = [key for key in sorted(wanted.keys() | found.keys()) if wanted[key] != found[key]]
    lines = [f"{' '.join(key)}: {found[key]} instead of {wanted[key]}" for key in keys[:limit]]
    if len(keys) > limit:
        lines.append(f"and {len(keys) - limit} more")
    return "; ".join(lines)
