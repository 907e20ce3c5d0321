"""The executable definition of `UsageStore`: every answer is counted naively from single calls."""

import secrets
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from calltally.call_batch import CallBatch, Conflict, Correction, Erasure, Int64s, RejectedSample, UInt64s
from calltally.clock import instant_ms
from calltally.dictionary import TEXT_NUMBERS, Dictionary, DictionaryValue, Kind, TextNumbers
from calltally.errors import CalltallyError
from calltally.identity_key import IdentityKey
from calltally.store.audit import AuditStep
from calltally.store.doubled_calls import DoubledCalls
from calltally.store.export import Form, What
from calltally.store.kept import EVERYTHING_KEPT, KeptPage
from calltally.store.memory.answers import count_of, usage_of
from calltally.store.memory.audit import audit_of
from calltally.store.memory.export import write_export
from calltally.store.memory.ledger import LedgerCall, active, decoded, decoded_unstored, doubled, packed
from calltally.store.memory.memory_outcomes import MemoryOutcomes
from calltally.store.redaction import Redaction
from calltally.store.retained import Retained
from calltally.store.time_zone import time_zone
from calltally.store.usage_store import (
    DORMANCY_DIMENSIONS,
    Identities,
    IdentityTally,
    StoredCalls,
    Timeline,
    Work,
)
from calltally.unstored_calls import NONE_UNSTORED, UnstoredCalls
from calltally.usage_query import Dimension, SourceActivity, UsageQuery, UsageResult
from calltally.window import Window, first_of_month

_COUNTED_KINDS = (Kind.CLIENT, Kind.USER, Kind.SOURCE, Kind.ACCOUNT, Kind.METHOD, Kind.ROUTE)
"""The kinds of texts that counts are kept by."""


class MemoryUsageStore:
    """A `UsageStore` that keeps single calls in a list, in memory only.

    Written to be obviously correct, not fast: other stores are compared with it. Calls of pruned days stay in
    the list, as the counts that remain, and are ignored wherever calls are needed; once their counts are
    pruned too, only the audit sees them. Queries read a list that every change replaces in one step, so each
    sees a whole number of batches; the audit, which compares calls and outcomes, takes the lock and copies
    both.
    """

    def __init__(self) -> None:
        self._dictionary = Dictionary()
        self._texts: list[DictionaryValue] = []
        self._identity_key = IdentityKey.generate()
        self._timelines = (Timeline(secrets.randbits(63), 0),)
        self._position = 0
        self._counted: list[LedgerCall] = []
        self._pruned: list[LedgerCall] = []
        self._outcomes = MemoryOutcomes()
        self._retained = Retained()
        self._lock = threading.Lock()  # for changing or copying the calls and outcomes together

    @property
    def dictionary(self) -> Dictionary:
        return self._dictionary

    @property
    def identity_key(self) -> IdentityKey:
        return self._identity_key

    @property
    def timelines(self) -> Sequence[Timeline]:
        return self._timelines

    @property
    def position(self) -> int:
        return self._position

    @property
    def calls_from(self) -> date:
        return self._retained.calls_from

    @property
    def counts_from(self) -> date:
        return self._retained.counts_from

    def apply(self, batch: CallBatch) -> None:
        if batch.first_position != self._position + 1:
            raise ValueError(f"a batch from {batch.first_position} cannot follow position {self._position}")
        self._dictionary.load(batch.values)
        with self._lock:
            self._counted = self._counted + decoded(batch, self._dictionary)
            self._outcomes.take(batch)
            for erasure in batch.erasures:
                self._erase(erasure)
            self._texts = self._texts + batch.values
            self._position = batch.last_position

    def interrupt(self, thread: int) -> None:
        """Does nothing: no query here takes long."""

    def usage(self, query: UsageQuery, unstored: UnstoredCalls = NONE_UNSTORED) -> UsageResult:
        time_zone(query.time_zone)
        self._retained.demand(query)
        calls = self._counted_with(unstored)
        if query.as_of is not None:
            if len(unstored):
                raise ValueError("unstored calls have no receipt time, so as_of cannot apply to them")
            as_of_ms = instant_ms(query.as_of)
            last = max((call.position for call in calls if call.received_ms <= as_of_ms), default=0)
            calls = [call for call in calls if call.position <= last]
        return usage_of(calls, query)

    def current_calls(self, organization: str, high: UInt64s, low: UInt64s) -> StoredCalls:
        found: list[tuple[LedgerCall, bool]] = []
        for identity in dict.fromkeys(zip(high.tolist(), low.tolist(), strict=True)):
            rows = [c for c in self._calls() if c.organization == organization and c.identity == identity]
            if valid := active(rows):
                found.append((valid[-1], True))
            elif rows:
                found.append((max(rows, key=lambda row: (row.position, row.entry)), False))
        return packed([row for row, _ in found], [is_active for _, is_active in found])

    def calls_within(
        self, organization: str, window: Window, where: Mapping[Dimension, frozenset[str]], limit: int
    ) -> StoredCalls:
        self._retained.demand_calls(window)
        rows = [call for call in self._calls() if call.matches(organization, window, where)]
        ordered = sorted(active(rows), key=lambda row: (row.time, row.position, row.identity))[:limit]
        return packed(ordered, [True] * len(ordered))

    def doubled_calls(self, since: date, limit: int) -> DoubledCalls | None:
        found = doubled(call for call in self._calls() if call.date >= since)[:limit]
        rows = [row for of_call, _, _ in found for row in of_call]
        if not rows:
            return None
        stored = packed(rows, [True] * len(rows))
        return DoubledCalls(
            stored.columns,
            np.array([row.position for row in rows], np.uint64),
            np.array([row.received_ms for row in rows], np.int64),
            stored.paths,
            rows[-1].date,
        )

    def source_activity(
        self, organization: str, source_id: str, window: Window, unstored: UnstoredCalls = NONE_UNSTORED
    ) -> tuple[SourceActivity, ...]:
        self._retained.demand_counts(window)
        days: dict[date, dict[str, set[date]]] = defaultdict(lambda: defaultdict(set))
        calls = self._calls_of_accounts(organization, source_id, unstored)
        within = [call for call in calls if window.start <= call.time < window.end]
        for account, day in _days_of(within, Dimension.ACCOUNT_ID):
            days[first_of_month(day)][account].add(day)
        return tuple(
            SourceActivity(month, sum(map(len, days_of_accounts.values())), len(days_of_accounts))
            for month, days_of_accounts in sorted(days.items())
        )

    def source_has_accounts(
        self, organization: str, source_id: str, unstored: UnstoredCalls = NONE_UNSTORED
    ) -> bool:
        return count_of(self._calls_of_accounts(organization, source_id, unstored)) > 0

    def last_days(self, organization: str, dimension: Dimension) -> dict[str, date]:
        if dimension not in DORMANCY_DIMENSIONS:
            raise ValueError(f"a {dimension} has no last day")
        calls = [call for call in self._counted if call.organization == organization]
        return {text: day for text, day in sorted(_days_of(calls, dimension)) if text}

    def outcomes(self, organization: str) -> dict[int, tuple[int, int, int, int, int]]:
        return self._outcomes.outcomes(self._id_of(organization))

    def conflicts(
        self, organization: str, page: KeptPage = EVERYTHING_KEPT
    ) -> tuple[tuple[int, Conflict], ...]:
        return self._outcomes.conflicts(self._id_of(organization), page)

    def conflict_counts(self, organization: str, first_day: int, end_day: int) -> tuple[int, int]:
        return self._outcomes.conflict_counts(self._id_of(organization), first_day, end_day)

    def rejections(self, organization: str) -> dict[int, dict[str, int]]:
        return self._outcomes.rejections(self._id_of(organization))

    def samples(
        self, organization: str, page: KeptPage = EVERYTHING_KEPT
    ) -> tuple[tuple[int, RejectedSample], ...]:
        return self._outcomes.samples(self._id_of(organization), page)

    def refusals(self, organization: str) -> dict[int, dict[str, int]]:
        return self._outcomes.refusals(self._id_of(organization))

    def corrections(
        self, organization: str, page: KeptPage = EVERYTHING_KEPT
    ) -> tuple[tuple[int, Correction], ...]:
        return self._outcomes.corrections(self._id_of(organization), page)

    def erasures(self, organization: str) -> tuple[Erasure, ...]:
        return self._outcomes.erasures(self._id_of(organization))

    def identities(
        self, received_from_ms: int, first_position: int = 0, last_position: int | None = None
    ) -> Iterator[Identities]:
        last = self.position if last_position is None else last_position
        calls = [
            call
            for call in self._calls()
            if call.accepts_identity
            and call.received_ms >= received_from_ms
            and first_position <= call.position <= last
        ]
        if calls:
            yield Identities(
                high=np.array([call.identity[0] for call in calls], np.uint64),
                low=np.array([call.identity[1] for call in calls], np.uint64),
                digest=np.array([call.digest for call in calls], np.uint64),
                received_ms=np.array([call.received_ms for call in calls], np.int64),
                time_ms=np.array([instant_ms(call.time) for call in calls], np.int64),
            )

    def tally(self, received_from_ms: int, first_position: int, last_position: int) -> IdentityTally:
        if last_position < first_position:
            return IdentityTally()
        blocks = list(self.identities(received_from_ms, first_position, last_position))
        return sum((IdentityTally.of(block.low) for block in blocks), IdentityTally())

    def last_before(self, received_ms: int) -> tuple[int, int, int]:
        before = [call for call in self._calls() if call.received_ms < received_ms]
        return (
            max((call.position for call in before), default=0),
            max((call.received_ms for call in before), default=0),
            max((instant_ms(call.time) for call in before), default=0),
        )

    def find_identities(
        self, high: UInt64s, low: UInt64s, days: Int64s, up_to_position: int, received_from_ms: int
    ) -> tuple[Int64s, UInt64s]:
        found: dict[int, int] = {}
        calls = [call for call in self._calls() if call.accepts_identity]
        for index, wanted in enumerate(zip(high.tolist(), low.tolist(), days.tolist(), strict=True)):
            for call in calls:
                in_scope = call.received_ms >= received_from_ms or call.day == wanted[2]
                if in_scope and call.position <= up_to_position and call.identity == wanted[:2]:
                    found.setdefault(index, call.digest)
        return np.array(list(found), np.int64), np.array(list(found.values()), np.uint64)

    def prune_calls(self, before: date) -> int:
        if before <= self.calls_from:
            return 0
        kept = self._calls()
        self._retained = replace(self._retained, calls_from=before)
        self._outcomes.prune(before)
        return len(kept) - len(self._calls())

    def prune_counts(self, before: date) -> int:
        if before > self.calls_from:
            raise ValueError(f"calls are retained since {self.calls_from}, so their counts must be too")
        if before <= self.counts_from:
            return 0
        self._retained = replace(self._retained, counts_from=before)
        pruned = [call for call in self._counted if call.date < before]
        self._pruned += pruned
        self._counted = [call for call in self._counted if call.date >= before]
        return count_of(pruned)

    def unused_texts(self) -> TextNumbers:
        with self._lock:
            texts, counted, calls = self._texts, self._counted, self._calls()
        used = {(Kind.ORIGIN, int(call.columns["origin"])) for call in calls}
        for kind in _COUNTED_KINDS:
            used |= {(kind, int(call.columns[kind.name.lower()])) for call in counted}
        unused = [
            (text.kind, text.derived, text.organization, text.id)
            for text in texts
            if text.kind != Kind.ORGANIZATION and (text.kind, text.id) not in used
        ]
        return np.array(unused, TEXT_NUMBERS)

    def remove_texts(self, texts: TextNumbers) -> None:
        removed = set(zip(texts["kind"].tolist(), texts["id"].tolist(), strict=True))
        with self._lock:
            self._texts = [text for text in self._texts if (text.kind, text.id) not in removed]

    def audit(self) -> Iterator[AuditStep]:
        """Only outcomes can differ: there are no separate counts."""
        with self._lock:
            calls, outcomes = self._counted + self._pruned, deepcopy(self._outcomes)
            retained = self._retained
        return audit_of(calls, outcomes, self._dictionary, retained)

    def backup(self, path: Path) -> int:
        raise CalltallyError(f"a store in memory cannot be copied to {path}")

    def export(
        self,
        organization: str,
        window: Window,
        what: What,
        form: Form,
        path: Path,
        *,
        every_entry: bool = False,
    ) -> int:
        self._retained.demand_counts(window)
        if what == "calls":
            self._retained.demand_calls(window)
        rows = [call for call in self._counted if call.matches(organization, window, {})]
        return write_export(
            rows if every_entry or what != "calls" else active(rows), window, what, form, path
        )

    def checkpoint(self) -> int:
        """Nothing outlives the process."""
        return self._position

    def compact(self) -> Work:
        return Work.NONE

    def close(self) -> None:
        """Nothing to release."""

    def _calls(self) -> list[LedgerCall]:
        """The calls that were not pruned."""
        return [call for call in self._counted if call.date >= self.calls_from]

    def _counted_with(self, unstored: UnstoredCalls) -> list[LedgerCall]:
        with self._lock:
            counted, position = self._counted, self._position
        return counted + decoded_unstored(unstored.behind(position), self._dictionary)

    def _calls_of_accounts(
        self, organization: str, source_id: str, unstored: UnstoredCalls
    ) -> list[LedgerCall]:
        """The calls of one source that have an account."""
        source = (organization, source_id)
        calls = self._counted_with(unstored)
        return [call for call in calls if (call.organization, call.source_id) == source and call.account_id]

    def _id_of(self, organization: str) -> int | None:
        return self._dictionary.find(Kind.ORGANIZATION, 0, organization)

    def _erase(self, erasure: Erasure) -> None:
        organization = self._dictionary.text(Kind.ORGANIZATION, erasure.organization)
        redaction = Redaction(erasure)
        routes = redaction.routes(call.route for call in self._counted if call.organization == organization)
        self._counted = [
            call.redacted(erasure, redaction, routes) if call.organization == organization else call
            for call in self._counted
        ]
        self._dictionary.rename(erasure.kind, erasure.organization, erasure.text, erasure.replacement)
        for old, new in routes.items():
            self._dictionary.rename(Kind.ROUTE, erasure.organization, old, new)
        self._outcomes.redact(erasure, redaction)


def _days_of(calls: list[LedgerCall], dimension: Dimension) -> set[tuple[str, date]]:
    """Each text of a dimension with each day on which its calls sum to more than 0."""
    counts: dict[tuple[str, date], int] = defaultdict(int)
    for call in calls:
        counts[str(call.value(dimension)), call.date] += call.weight
    return {active for active, count in counts.items() if count > 0}
