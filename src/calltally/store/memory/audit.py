"""The recorded outcomes compared with the calls, counted naively."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from calltally.call_batch import Entry
from calltally.clock import DAY_MS
from calltally.dictionary import Dictionary, Kind
from calltally.store.audit import AuditStep, Difference
from calltally.store.kept import CONFLICTS_KEPT, KEPT_AT_MOST
from calltally.store.memory.ledger import LedgerCall, doubled
from calltally.store.memory.memory_outcomes import MemoryOutcomes
from calltally.store.retained import Retained

_EPOCH = date(1970, 1, 1)

Tally = Counter[tuple[int, int, str]]
"""Counts by organization, day and a further key."""


def audit_of(
    calls: list[LedgerCall], outcomes: MemoryOutcomes, dictionary: Dictionary, retained: Retained
) -> Iterator[AuditStep]:
    """The steps of an audit; ``calls`` includes the pruned ones."""
    steps = {
        "received calls and their verdicts": (_received(outcomes), _verdicts(outcomes)),
        "accepted calls": (_recorded(outcomes, "accepted"), _accepted(calls)),
        "rejected calls and their reasons": (_recorded(outcomes, "rejected"), _reasons(outcomes)),
        "conflicts": _conflicts(outcomes, retained),
        "corrections": (_stated(outcomes), _entries(calls)),
        "identities": _doubled(calls),
    }
    for done, (what, (stored, recounted)) in enumerate(steps.items(), start=1):
        differences = [
            Difference(
                what,
                dictionary.text(Kind.ORGANIZATION, organization),
                _EPOCH + timedelta(days=day),
                key,
                stored[organization, day, key],
                recounted[organization, day, key],
            )
            for organization, day, key in sorted({*stored, *recounted})
            if stored[organization, day, key] != recounted[organization, day, key]
        ]
        yield AuditStep(what, done, len(steps), tuple(differences[:1000]))


def _received(outcomes: MemoryOutcomes) -> Tally:
    return _recorded(outcomes, "received")


def _verdicts(outcomes: MemoryOutcomes) -> Tally:
    tally: Tally = Counter()
    for item in outcomes.every_outcome:
        tally[item.organization, item.receipt_day, ""] += (
            item.accepted + item.duplicate + item.conflict + item.rejected
        )
    return tally


def _recorded(outcomes: MemoryOutcomes, verdict: str) -> Tally:
    tally: Tally = Counter()
    for item in outcomes.every_outcome:
        tally[item.organization, item.receipt_day, ""] += getattr(item, verdict)
    return tally


def _accepted(calls: list[LedgerCall]) -> Tally:
    return Counter(
        (int(call.columns["organization"]), call.receipt_day, "")
        for call in calls
        if call.entry is Entry.RECEIVED
    )


def _reasons(outcomes: MemoryOutcomes) -> Tally:
    tally: Tally = Counter()
    for item in outcomes.every_rejection:
        tally[item.organization, item.receipt_day, ""] += item.calls
    return tally


def _conflicts(outcomes: MemoryOutcomes, retained: Retained) -> tuple[Tally, Tally]:
    kept: Tally = Counter(
        (item.organization, item.received_ms // DAY_MS, "") for _, item in outcomes.every_conflict
    )
    return _to_be_kept(_recorded(outcomes, "conflict"), (retained.calls_from - _EPOCH).days), kept


def _to_be_kept(recorded: Tally, kept_from: int) -> Tally:
    """The first of each day, and an organization's newest days within the bound."""
    tally: Tally = Counter()
    sums: Counter[int] = Counter()
    for organization, day, key in sorted(recorded, key=lambda item: -item[1]):
        if day >= kept_from:
            count = min(recorded[organization, day, key], CONFLICTS_KEPT)
            sums[organization] += count
            if sums[organization] <= KEPT_AT_MOST:
                tally[organization, day, key] = count
    return tally


def _stated(outcomes: MemoryOutcomes) -> Tally:
    tally: Tally = Counter()
    for position, item in outcomes.every_correction:
        day = item.received_ms // DAY_MS
        for entry, count in ((1, item.withdrawn), (2, item.restated), (3, item.added)):
            tally[item.organization, day, f"{Entry(entry).name.lower()} at {position}"] += count
    return tally


def _entries(calls: list[LedgerCall]) -> Tally:
    return Counter(
        (int(call.columns["organization"]), call.receipt_day, f"{call.entry.name.lower()} at {call.position}")
        for call in calls
        if call.entry is not Entry.RECEIVED
    )


def _doubled(calls: list[LedgerCall]) -> tuple[Tally, Tally]:
    """The actual and the correct sums of doubled calls, by their first and last position."""
    actual_counts, correct_counts = Tally(), Tally()
    for rows, actual, correct in doubled(calls):
        positions = f"positions {rows[0].position} to {rows[-1].position}"
        key = (int(rows[0].columns["organization"]), rows[0].day, positions)
        actual_counts[key] += actual
        correct_counts[key] += correct
    return actual_counts, correct_counts
