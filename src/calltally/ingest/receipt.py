"""The verdicts that a sender receives."""

from dataclasses import dataclass, field
from enum import StrEnum

import msgspec


class Verdict(StrEnum):
    """The verdict on one call."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"  # the same identity with the same content was counted before; harmless
    CONFLICT = "conflict"  # the same identity was received with another content; the first stays
    REJECTED = "rejected"  # it violates a rule and was not counted


class CallVerdict(msgspec.Struct, omit_defaults=True, frozen=True, gc=False):
    """The verdict of a call that was not accepted; ``index`` counts the calls of the request from 0."""

    index: int
    verdict: Verdict
    field: str = ""
    reason: str = ""


MAX_VERDICTS = 10_000


@dataclass(slots=True)
class Receipt:
    """The verdicts on everything received: totals of each verdict, and the calls that were not accepted.

    The totals are always complete; at most `MAX_VERDICTS` single verdicts are kept, then ``truncated``. Those
    of duplicates are left out unless ``lists_duplicates``.
    """

    accepted: int = 0
    duplicate: int = 0
    conflict: int = 0
    rejected: int = 0
    verdicts: list[CallVerdict] = field(default_factory=list)
    truncated: bool = False
    lists_duplicates: bool = True

    def add(self, verdicts: list[CallVerdict]) -> None:
        """Add calls that were not accepted."""
        kinds = [verdict.verdict for verdict in verdicts]
        self.duplicate += kinds.count(Verdict.DUPLICATE)
        self.conflict += kinds.count(Verdict.CONFLICT)
        self.rejected += kinds.count(Verdict.REJECTED)
        if not self.lists_duplicates:
            verdicts = [verdict for verdict in verdicts if verdict.verdict is not Verdict.DUPLICATE]
        room = MAX_VERDICTS - len(self.verdicts)
        self.verdicts.extend(verdicts[:room])
        self.truncated |= len(verdicts) > room
