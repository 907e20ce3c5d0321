"""What is noted beside the calls: outcomes, rejections, conflicts, corrections and erasures."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from calltally.call_batch import (
    CallBatch,
    Conflict,
    Correction,
    Erasure,
    Outcome,
    Refusal,
    RejectedSample,
    Rejection,
)
from calltally.store.redaction import Redaction
from calltally.store.usage_store import SAMPLES_KEPT

_EPOCH = date(1970, 1, 1)
_DAY_MS = 86_400_000


class MemoryBooks:
    """Everything as lists; organizations are told by their ids, None for one that is unknown."""

    def __init__(self) -> None:
        self.every_outcome: list[Outcome] = []
        self.every_rejection: list[Rejection] = []
        self.every_conflict: list[Conflict] = []
        self.every_correction: list[tuple[int, Correction]] = []
        self._samples: list[RejectedSample] = []
        self._refusals: list[Refusal] = []
        self._erasures: list[Erasure] = []

    def take(self, batch: CallBatch) -> None:
        self.every_outcome += batch.outcomes
        self.every_rejection += batch.rejections
        self.every_conflict += batch.conflicts
        self.every_correction += batch.corrections
        self._samples += batch.samples
        self._refusals += batch.refusals
        self._erasures += [erasure._replace(text="") for erasure in batch.erasures]

    def outcomes(self, organization: int | None) -> dict[int, tuple[int, int, int, int, int]]:
        books: dict[int, tuple[int, int, int, int, int]] = {}
        for one in self.every_outcome:
            if one.organization == organization:
                sums = books.get(one.receipt_day, (0, 0, 0, 0, 0))
                books[one.receipt_day] = (
                    sums[0] + one.received,
                    sums[1] + one.accepted,
                    sums[2] + one.duplicate,
                    sums[3] + one.conflict,
                    sums[4] + one.rejected,
                )
        return books

    def conflicts(self, organization: int | None) -> tuple[Conflict, ...]:
        return tuple(one for one in self.every_conflict if one.organization == organization)

    def rejections(self, organization: int | None) -> dict[int, dict[str, int]]:
        return _by_day(one for one in self.every_rejection if one.organization == organization)

    def samples(self, organization: int | None) -> tuple[RejectedSample, ...]:
        kept: dict[tuple[int, str], int] = defaultdict(int)
        first = []
        for one in self._samples:
            if one.organization == organization:
                key = one.received_ms // _DAY_MS, one.code
                kept[key] += 1
                if kept[key] <= SAMPLES_KEPT:
                    first.append(one)
        return tuple(first)

    def refusals(self, organization: int | None) -> dict[int, dict[str, int]]:
        return _by_day(one for one in self._refusals if one.organization == organization)

    def corrections(self, organization: int | None) -> tuple[tuple[int, Correction], ...]:
        return tuple(one for one in self.every_correction if one[1].organization == organization)

    def erasures(self, organization: int | None) -> tuple[Erasure, ...]:
        return tuple(one for one in self._erasures if one.organization == organization)

    def prune(self, before: date) -> None:
        """Drops what is kept for inspection of the receipts of the days before one."""
        start_ms = (before - _EPOCH).days * _DAY_MS
        self.every_conflict = [one for one in self.every_conflict if one.received_ms >= start_ms]
        self._samples = [one for one in self._samples if one.received_ms >= start_ms]

    def redact(self, erasure: Erasure, redaction: Redaction) -> None:
        mine = erasure.organization
        self.every_conflict = [
            one._replace(content=redaction.content(one.content)) if one.organization == mine else one
            for one in self.every_conflict
        ]
        self._samples = [
            one._replace(content=redaction.content(one.content), reason=redaction.prose(one.reason))
            if one.organization == mine
            else one
            for one in self._samples
        ]
        self.every_correction = [
            (position, one._replace(subject=redaction.content(one.subject.encode()).decode()))
            if one.organization == mine
            else (position, one)
            for position, one in self.every_correction
        ]


def _by_day(books: Iterable[Rejection | Refusal]) -> dict[int, dict[str, int]]:
    days: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for _, receipt_day, name, count in books:
        days[receipt_day][name] += count
    return {day: dict(names) for day, names in days.items()}
