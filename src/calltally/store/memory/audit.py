"""The books against the calls, counted naively."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from calltally.call_batch import Entry
from calltally.clock import DAY_MS
from calltally.dictionary import Dictionary, Kind
from calltally.store.audit import AuditStep, Difference
from calltally.store.kept import CONFLICTS_KEPT, KEPT_AT_MOST
from calltally.store.memory.books import MemoryOutcomes
from calltally.store.memory.ledger import LedgerCall, doubled
from calltally.store.retained import Retained

_EPOCH = date(1970, 1, 1)

Tally = Counter[tuple[int, int, str]]
"""Counts by organization, day and what else tells them apart."""


def audit_of(
    calls: list[LedgerCall], books: MemoryOutcomes, dictionary: Dictionary, retained: Retained
) -> Iterator[AuditStep]:
    """The steps of an audit; what was pruned is still among the calls."""
    steps = {
        "received calls and their verdicts": (_received(books), _judged(books)),
        "accepted calls": (_booked(books, "accepted"), _accepted(calls)),
        "rejected calls and their reasons": (_booked(books, "rejected"), _reasoned(books)),
        "conflicts": _conflicts(books, retained),
        "corrections": (_corrected(books), _entries(calls)),
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


def _received(books: MemoryOutcomes) -> Tally:
    return _booked(books, "received")


def _judged(books: MemoryOutcomes) -> Tally:
    tally: Tally = Counter()
    for one in books.every_outcome:
        tally[one.organization, one.receipt_day, ""] += (
            one.accepted + one.duplicate + one.conflict + one.rejected
        )
    return tally


def _booked(books: MemoryOutcomes, verdict: str) -> Tally:
    tally: Tally = Counter()
    for one in books.every_outcome:
        tally[one.organization, one.receipt_day, ""] += getattr(one, verdict)
    return tally


def _accepted(calls: list[LedgerCall]) -> Tally:
    return Counter(
        (int(call.columns["organization"]), call.receipt_day, "")
        for call in calls
        if call.entry is Entry.RECEIVED
    )


def _reasoned(books: MemoryOutcomes) -> Tally:
    tally: Tally = Counter()
    for one in books.every_rejection:
        tally[one.organization, one.receipt_day, ""] += one.calls
    return tally


def _conflicts(books: MemoryOutcomes, retained: Retained) -> tuple[Tally, Tally]:
    kept: Tally = Counter(
        (one.organization, one.received_ms // DAY_MS, "") for _, one in books.every_conflict
    )
    return _to_be_kept(_booked(books, "conflict"), (retained.calls_from - _EPOCH).days), kept


def _to_be_kept(booked: Tally, kept_from: int) -> Tally:
    """The first of each day, and of an organization's days the newest as far as there is room."""
    tally: Tally = Counter()
    sums: Counter[int] = Counter()
    for organization, day, key in sorted(booked, key=lambda one: -one[1]):
        if day >= kept_from:
            count = min(booked[organization, day, key], CONFLICTS_KEPT)
            sums[organization] += count
            if sums[organization] <= KEPT_AT_MOST:
                tally[organization, day, key] = count
    return tally


def _corrected(books: MemoryOutcomes) -> Tally:
    tally: Tally = Counter()
    for position, one in books.every_correction:
        day = one.received_ms // DAY_MS
        for entry, count in ((1, one.withdrawn), (2, one.restated), (3, one.added)):
            tally[one.organization, day, f"{Entry(entry).name.lower()} at {position}"] += count
    return tally


def _entries(calls: list[LedgerCall]) -> Tally:
    return Counter(
        (int(call.columns["organization"]), call.receipt_day, f"{call.entry.name.lower()} at {call.position}")
        for call in calls
        if call.entry is not Entry.RECEIVED
    )


def _doubled(calls: list[LedgerCall]) -> tuple[Tally, Tally]:
    """What doubled calls add up to, told by their first and last position, and what they should."""
    counted, wanted = Tally(), Tally()
    for rows, its_count, its_right_count in doubled(calls):
        positions = f"positions {rows[0].position} to {rows[-1].position}"
        key = (int(rows[0].columns["organization"]), rows[0].day, positions)
        counted[key] += its_count
        wanted[key] += its_right_count
    return counted, wanted
