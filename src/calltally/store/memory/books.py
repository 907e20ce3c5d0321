"""What is noted beside the calls: outcomes, rejections, conflicts, corrections and erasures."""

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


class _Noted(Protocol):
    @property
    def organization(self) -> int: ...
    @property
    def received_ms(self) -> int: ...


T = TypeVar("T")
N = TypeVar("N", bound=_Noted)


class MemoryOutcomes:
    """Everything as lists; organizations are told by their ids, None for one that is unknown."""

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
            self._samples + self._numbered(batch.samples), SAMPLES_KEPT, lambda one: one.code
        )
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

    def conflicts(self, organization: int | None, page: KeptPage) -> tuple[tuple[int, Conflict], ...]:
        return _page_of(self.every_conflict, organization, page)

    def conflicts_booked(self, organization: int | None, first_day: int, end_day: int) -> tuple[int, int]:
        booked = sum(
            one.conflict
            for one in self.every_outcome
            if one.organization == organization and first_day <= one.receipt_day < end_day
        )
        return booked, len(self.conflicts(organization, KeptPage(days=(first_day, end_day))))

    def rejections(self, organization: int | None) -> dict[int, dict[str, int]]:
        return _by_day(one for one in self.every_rejection if one.organization == organization)

    def samples(self, organization: int | None, page: KeptPage) -> tuple[tuple[int, RejectedSample], ...]:
        of_code = [one for one in self._samples if page.code in (None, one[1].code)]
        return _page_of(of_code, organization, page)

    def refusals(self, organization: int | None) -> dict[int, dict[str, int]]:
        return _by_day(one for one in self._refusals if one.organization == organization)

    def corrections(self, organization: int | None, page: KeptPage) -> tuple[tuple[int, Correction], ...]:
        return _page_of(self.every_correction, organization, page)

    def erasures(self, organization: int | None) -> tuple[Erasure, ...]:
        return tuple(one for one in self._erasures if one.organization == organization)

    def prune(self, before: date) -> None:
        """Drops what is kept for inspection of the receipts of the days before one."""
        start_ms = (before - _EPOCH).days * DAY_MS
        self.every_conflict = [one for one in self.every_conflict if one[1].received_ms >= start_ms]
        self._samples = [one for one in self._samples if one[1].received_ms >= start_ms]

    def _numbered(self, ones: Sequence[T]) -> list[tuple[int, T]]:
        """Each with a number that is greater than those before."""
        first = self._numbers + 1
        self._numbers += len(ones)
        return list(enumerate(ones, first))

    def redact(self, erasure: Erasure, redaction: Redaction) -> None:
        mine = erasure.organization
        self.every_conflict = [
            (number, one._replace(content=redaction.content(one.content)))
            if one.organization == mine
            else (number, one)
            for number, one in self.every_conflict
        ]
        self._samples = [
            (
                number,
                one._replace(content=redaction.content(one.content), reason=redaction.prose(one.reason)),
            )
            if one.organization == mine
            else (number, one)
            for number, one in self._samples
        ]
        self.every_correction = [
            (position, one._replace(subject=redaction.content(one.subject.encode()).decode()))
            if one.organization == mine
            else (position, one)
            for position, one in self.every_correction
        ]


def _page_of(
    numbered: list[tuple[int, N]], organization: int | None, page: KeptPage
) -> tuple[tuple[int, N], ...]:
    first, end = page.days
    found = [
        (number, one)
        for number, one in reversed(numbered)
        if one.organization == organization
        and number < page.below
        and first <= one.received_ms // DAY_MS < end
    ]
    return tuple(found[: page.limit])


def _kept(numbered: list[tuple[int, N]], of_each: int, code: Callable[[N], str]) -> list[tuple[int, N]]:
    """The first of each organization, day and code, and of an organization's days the newest."""
    counts: dict[tuple[int, int, str], int] = defaultdict(int)
    first: list[tuple[int, N]] = []
    for number, one in numbered:
        key = one.organization, one.received_ms // DAY_MS, code(one)
        counts[key] += 1
        if counts[key] <= of_each:
            first.append((number, one))
    of_days = Counter((one.organization, one.received_ms // DAY_MS) for _, one in first)
    return [
        (number, one)
        for number, one in first
        if sum(
            count
            for (organization, day), count in of_days.items()
            if organization == one.organization and day >= one.received_ms // DAY_MS
        )
        <= KEPT_AT_MOST
    ]


def _by_day(books: Iterable[Rejection | Refusal]) -> dict[int, dict[str, int]]:
    days: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for _, receipt_day, name, count in books:
        days[receipt_day][name] += count
    return {day: dict(names) for day, names in days.items()}
