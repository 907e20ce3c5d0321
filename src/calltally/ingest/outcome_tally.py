"""The outcomes of one ordered step."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from calltally.call_batch import Conflict, Outcome, RejectedSample, Rejection
from calltally.clock import DAY_MS
from calltally.ingest.call_slices import MOST_KEPT, JudgeableCalls, RejectedCall
from calltally.ingest.dictionary_encoder import distinct
from calltally.ingest.identities.identity_table import VerdictCodes
from calltally.ingest.identities.seen_ids import Seen
from calltally.ingest.prepared_calls import Int32s

SAMPLES_PER_DAY = 20
"""The rejected calls kept for inspection per organization, day of receipt and code."""

CONFLICTS_PER_DAY = 1000
"""The calls in conflict kept for inspection per organization and day of receipt."""


class Judged(NamedTuple):
    """The number of an organization's calls per verdict."""

    organization: int
    accepted: int
    duplicate: int
    conflict: int


def judged_by_organization(organizations: Int32s, verdicts: VerdictCodes) -> list[Judged]:
    """Counts calls by organization and verdict."""
    judged = []
    for organization in distinct(organizations).tolist():
        its = verdicts[organizations == organization]
        judged.append(Judged(organization, *(int(np.count_nonzero(its == seen)) for seen in Seen)))
    return judged


class OutcomeTally:
    """Sums one step's calls by organization; rejected ones with their reasons."""

    def __init__(self, now_ms: int) -> None:
        self._day = now_ms // DAY_MS
        self._sums: dict[int, list[int]] = {}
        self._reasons: Counter[tuple[int, str]] = Counter()

    def reject(self, organization: int, rejected: Sequence[RejectedCall]) -> None:
        sums = self._sums_of(organization)
        sums[0] += len(rejected)
        sums[4] += len(rejected)
        self._reasons.update((organization, one.fault.code) for one in rejected)

    def judge(self, judged: Sequence[Judged]) -> None:
        for organization, *verdicts in judged:
            sums = self._sums_of(organization)
            sums[0] += sum(verdicts)
            for place, calls in enumerate(verdicts, 1):
                sums[place] += calls

    def outcomes(self) -> list[Outcome]:
        return [Outcome(organization, self._day, *sums) for organization, sums in sorted(self._sums.items())]

    def rejections(self) -> list[Rejection]:
        """The rejections by reason; they sum to the outcomes' rejected calls."""
        return [
            Rejection(organization, self._day, code, calls)
            for (organization, code), calls in sorted(self._reasons.items())
        ]

    def _sums_of(self, organization: int) -> list[int]:
        """Received, accepted, duplicate, conflict, rejected."""
        return self._sums.setdefault(organization, [0, 0, 0, 0, 0])


class RejectSamples:
    """Keeps the first rejected calls of each organization, day of receipt and code.

    What was kept before a start is unknown after it; the store drops the surplus.
    """

    def __init__(self) -> None:
        self._day = 0
        self._kept: Counter[tuple[int, str]] = Counter()

    def of(self, organization: int, rejected: Sequence[RejectedCall], now_ms: int) -> list[RejectedSample]:
        """The samples to keep of some rejected calls."""
        day = now_ms // DAY_MS
        if day != self._day:
            self._day = day
            self._kept.clear()
        samples: list[RejectedSample] = []
        for one in rejected:
            code, field, reason = one.fault
            if self._kept[organization, code] < SAMPLES_PER_DAY:
                self._kept[organization, code] += 1
                content = one.content(MOST_KEPT)
                samples.append(RejectedSample(organization, now_ms, code, field, reason, content))
        return samples


class ConflictBuffer:
    """Keeps the first calls in conflict of each organization and day of receipt, as `RejectSamples` does."""

    def __init__(self) -> None:
        self._day = 0
        self._kept: Counter[int] = Counter()

    def of(
        self, calls: JudgeableCalls, verdicts: VerdictCodes, organizations: Int32s, now_ms: int
    ) -> list[Conflict]:
        """The conflicts to keep among some calls, given with their organizations."""
        day = now_ms // DAY_MS
        if day != self._day:
            self._day = day
            self._kept.clear()
        kept: list[Conflict] = []
        rows = np.flatnonzero(verdicts == Seen.OTHER)
        owners = organizations[rows]
        for organization in distinct(owners).tolist():
            room = CONFLICTS_PER_DAY - self._kept[organization]
            first = rows[owners == organization][:room].tolist()
            self._kept[organization] += len(first)
            for row in first:
                identity = int(calls.identity_high[row]), int(calls.identity_low[row])
                content = msgspec.json.encode(calls.call(row))
                kept.append(Conflict(organization, now_ms, *identity, content))
        return kept


class RefusalTally:
    """Counts requests that were refused entirely, until a frame includes them."""

    def __init__(self) -> None:
        self._waiting: Counter[tuple[str, int, str]] = Counter()

    def note(self, organization: str, reason: str, now_ms: int) -> None:
        self._waiting[organization, now_ms // DAY_MS, reason] += 1

    def taken(self) -> Counter[tuple[str, int, str]]:
        """Return and reset the counts, by organization, day of receipt and reason."""
        waiting, self._waiting = self._waiting, Counter()
        return waiting
