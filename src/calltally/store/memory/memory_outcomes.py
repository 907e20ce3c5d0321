"""What is recorded about the calls: outcomes, rejections, conflicts, corrections and erasures."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Protocol, TypeVar

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
from calltally.clock import DAY_MS
from calltally.store.kept import CONFLICTS_KEPT, KEPT_AT_MOST, SAMPLES_KEPT, KeptPage
from calltally.store.redaction import Redaction

_EPOCH = date(1970, 1, 1)


class _Recorded(Protocol):
    @property
    def organization(self) -> int: ...
    @property
    def received_ms(self) -> int: ...


T = TypeVar("T")
N = TypeVar("N", bound=_Recorded)


class MemoryOutcomes:
    """Keeps everything in lists; organizations are given by id, None for an unknown item."""

    def __init__(self) -> None:
        self.every_outcome: list[Outcome] = []
        self.every_rejection: list[Rejection] = []
        self.every_conflict: list[tuple[int, Conflict]] = []
        self.every_correction: list[tuple[int, Correction]] = []
        self._samples: list[tuple[int, RejectedSample]] = []
        self._numbers = 0
        self._refusals: list[Refusal] = []
        self._erasures: list[Erasure] = []

    def take(self, batch: CallBatch) -> None:
        self.every_outcome += batch.outcomes
        self.every_rejection += batch.rejections
        self.every_conflict = _kept(
            self.every_conflict + self._numbered(batch.conflicts), CONFLICTS_KEPT, lambda _: ""
        )
        self.every_correction += batch.corrections
        self._samples = _kept(
            self._samples + self._numbered(batch.samples), SAMPLES_KEPT, lambda item: item.code
        )
        self._refusals += batch.refusals
        self._erasures += [erasure._replace(text="") for erasure in batch.erasures]

    def outcomes(self, organization: int | None) -> dict[int, tuple[int, int, int, int, int]]:
        outcomes: dict[int, tuple[int, int, int, int, int]] = {}
        for item in self.every_outcome:
            if item.organization == organization:
                sums = outcomes.get(item.receipt_day, (0, 0, 0, 0, 0))
                outcomes[item.receipt_day] = (
                    sums[0] + item.received,
                    sums[1] + item.accepted,
                    sums[2] + item.duplicate,
                    sums[3] + item.conflict,
                    sums[4] + item.rejected,
                )
        return outcomes

    def conflicts(self, organization: int | None, page: KeptPage) -> tuple[tuple[int, Conflict], ...]:
        return _page_of(self.every_conflict, organization, page)

    def conflict_counts(self, organization: int | None, first_day: int, end_day: int) -> tuple[int, int]:
        received = sum(
            item.conflict
            for item in self.every_outcome
            if item.organization == organization and first_day <= item.receipt_day < end_day
        )
        return received, len(self.conflicts(organization, KeptPage(days=(first_day, end_day))))

    def rejections(self, organization: int | None) -> dict[int, dict[str, int]]:
        return _by_day(item for item in self.every_rejection if item.organization == organization)

    def samples(self, organization: int | None, page: KeptPage) -> tuple[tuple[int, RejectedSample], ...]:
        of_code = [item for item in self._samples if page.code in (None, item[1].code)]
        return _page_of(of_code, organization, page)

    def refusals(self, organization: int | None) -> dict[int, dict[str, int]]:
        return _by_day(item for item in self._refusals if item.organization == organization)

    def corrections(self, organization: int | None, page: KeptPage) -> tuple[tuple[int, Correction], ...]:
        return _page_of(self.every_correction, organization, page)

    def erasures(self, organization: int | None) -> tuple[Erasure, ...]:
        return tuple(item for item in self._erasures if item.organization == organization)

    def prune(self, before: date) -> None:
        """Drop what is kept for inspection of receipts before a day."""
        start_ms = (before - _EPOCH).days * DAY_MS
        self.every_conflict = [item for item in self.every_conflict if item[1].received_ms >= start_ms]
        self._samples = [item for item in self._samples if item[1].received_ms >= start_ms]

    def _numbered(self, items: Sequence[T]) -> list[tuple[int, T]]:
        """The items with increasing numbers."""
        first = self._numbers + 1
        self._numbers += len(items)
        return list(enumerate(items, first))

    def redact(self, erasure: Erasure, redaction: Redaction) -> None:
        organization = erasure.organization
        self.every_conflict = [
            (number, item._replace(content=redaction.content(item.content)))
            if item.organization == organization
            else (number, item)
            for number, item in self.every_conflict
        ]
        self._samples = [
            (
                number,
                item._replace(content=redaction.content(item.content), reason=redaction.prose(item.reason)),
            )
            if item.organization == organization
            else (number, item)
            for number, item in self._samples
        ]
        self.every_correction = [
            (position, item._replace(subject=redaction.content(item.subject.encode()).decode()))
            if item.organization == organization
            else (position, item)
            for position, item in self.every_correction
        ]


def _page_of(
    numbered: list[tuple[int, N]], organization: int | None, page: KeptPage
) -> tuple[tuple[int, N], ...]:
    first, end = page.days
    found = [
        (number, item)
        for number, item in reversed(numbered)
        if item.organization == organization
        and number < page.below
        and first <= item.received_ms // DAY_MS < end
    ]
    return tuple(found[: page.limit])


def _kept(numbered: list[tuple[int, N]], of_each: int, code: Callable[[N], str]) -> list[tuple[int, N]]:
    """The first of each organization, day and code, and an organization's newest days."""
    counts: dict[tuple[int, int, str], int] = defaultdict(int)
    first: list[tuple[int, N]] = []
    for number, item in numbered:
        key = item.organization, item.received_ms // DAY_MS, code(item)
        counts[key] += 1
        if counts[key] <= of_each:
            first.append((number, item))
    of_days = Counter((item.organization, item.received_ms // DAY_MS) for _, item in first)
    return [
        (number, item)
        for number, item in first
        if sum(
            count
            for (organization, day), count in of_days.items()
            if organization == item.organization and day >= item.received_ms // DAY_MS
        )
        <= KEPT_AT_MOST
    ]


def _by_day(outcomes: Iterable[Rejection | Refusal]) -> dict[int, dict[str, int]]:
    days: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for _, receipt_day, name, count in outcomes:
        days[receipt_day][name] += count
    return {day: dict(names) for day, names in days.items()}
