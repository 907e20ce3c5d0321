"""Batches that correct and erase, made the way upkeep makes them."""

from typing import Any

from calltally.call import Call
from calltally.call_batch import CallBatch, Correction, Entry, Erasure
from calltally.dictionary import Kind
from calltally.store.usage_store import UsageStore
from tests.call_batches import batch_of

LATER_MS = 1_790_000_000_000
"""When corrections and erasures come unless a test says otherwise: in September 2026."""


def correcting(
    store: UsageStore, *rows: tuple[Entry, Call], received_ms: int = LATER_MS, **fields: Any
) -> CallBatch:
    """A correction that brings some rows, of the organization of the first."""
    calls = [call for _, call in rows]
    batch = batch_of(store, *calls, received_ms=received_ms, outcomes=[])
    batch.calls["entry"] = [entry for entry, _ in rows]
    entries = [entry for entry, _ in rows]
    organization = store.dictionary.find(Kind.ORGANIZATION, 0, calls[0].organization)
    assert organization is not None
    said: dict[str, Any] = {
        "who": "ada",
        "why": "a test",
        "action": "amend",
        "subject": "{}",
        "withdrawn": entries.count(Entry.WITHDRAWN),
        "restated": entries.count(Entry.RESTATED),
        "added": entries.count(Entry.ADDED),
    }
    correction = Correction(organization=organization, received_ms=received_ms, **(said | fields))
    batch.corrections.append((batch.first_position, correction))
    return batch


def cancel(store: UsageStore, *calls: Call, received_ms: int = LATER_MS) -> None:
    rows = [(Entry.WITHDRAWN, call) for call in calls]
    store.apply(correcting(store, *rows, received_ms=received_ms, action="cancel"))


def amend(store: UsageStore, before: Call, after: Call, received_ms: int = LATER_MS) -> None:
    """Says another thing of a call that counts."""
    rows = [(Entry.WITHDRAWN, before), (Entry.RESTATED, after)]
    store.apply(correcting(store, *rows, received_ms=received_ms))


def restate(store: UsageStore, call: Call) -> None:
    """Counts a call again that was cancelled."""
    store.apply(correcting(store, (Entry.RESTATED, call)))


def add(store: UsageStore, *calls: Call) -> None:
    store.apply(correcting(store, *((Entry.ADDED, call) for call in calls), action="replace"))


def erasing(
    store: UsageStore,
    *calls: Call,
    kind: Kind = Kind.USER,
    organization: str = "acme",
    text: str,
    replacement: str = "erased-1",
    received_ms: int = LATER_MS,
) -> CallBatch:
    """An erasure, with calls that came right before it."""
    batch = batch_of(store, *calls, received_ms=received_ms)
    number = store.dictionary.find(Kind.ORGANIZATION, 0, organization)
    assert number is not None
    batch.erasures.append(Erasure(kind, number, text, replacement, received_ms, "ada", "asked by them"))
    return batch


def erase(store: UsageStore, text: str, kind: Kind = Kind.USER, replacement: str = "erased-1") -> None:
    store.apply(erasing(store, kind=kind, text=text, replacement=replacement))
