"""Rebuilds the state of ingest after a start."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from calltally.call_batch import Bools, Entry
from calltally.dictionary import Dictionary
from calltally.ingest.identities.generations import Evicted
from calltally.ingest.identities.identity_run import IdentityRun
from calltally.ingest.identities.proven_runs import Gap, gaps, proven
from calltally.ingest.identities.run_file import Boundary, DamagedRunError
from calltally.ingest.identities.seen_ids import SeenIds
from calltally.journal.journal_reader import JournalReader
from calltally.store.usage_store import Identities, UsageStore

TAKES_IDENTITY = (Entry.RECEIVED, Entry.ADDED)
"""Exactly one row of an identity has one of these entries; its digest is that of the content to compare."""

_CALLS_AT_ONCE = 500_000


def rebuild_seen_ids(
    store: UsageStore,
    runs: Sequence[IdentityRun],
    tail: JournalReader,
    dictionary: Dictionary,
    seen_ids: SeenIds,
    received_from_ms: int,
    make_room: Callable[[], None],
) -> None:
    """Load the seen ids, and the dictionary's texts of the journal's tail.

    The seen ids get the proven ``runs``, what else the store has, and the journal's tail, which the store has
    yet to apply. Identities received before the instant stay in the store and are looked up there.
    """
    known = proven(runs, store)
    seen_ids.adopt([run for chain in known for run in chain])
    older = Evicted(*store.last_before(received_from_ms))
    seen_ids.generations.forget(older)
    behind = Boundary.behind(0)
    for gap in gaps(known, store.position):
        leaves_out_older = gap.since.first <= older.position
        from_ms = received_from_ms if leaves_out_older else 0
        is_needed = _read(gap, store, seen_ids, from_ms, make_room) > 0 or leaves_out_older
        behind = gap.end if is_needed else gap.since
    seen_ids.continue_from(behind)
    _read_tail(tail, dictionary, seen_ids)


def _read(
    gap: Gap, store: UsageStore, seen_ids: SeenIds, received_from_ms: int, make_room: Callable[[], None]
) -> int:
    """Remember what is in a gap and in no run; returns the number of identities."""
    if gap.is_empty:
        return 0
    remembered = 0
    with seen_ids.reading(gap.since, gap.end, received_from_ms):
        for block in _missing(gap, store, seen_ids, received_from_ms):
            seen_ids.remember(
                block.high,
                block.low,
                block.digest,
                position=gap.end.last,
                received_ms=int(block.received_ms.max()),
                first_received_ms=int(block.received_ms.min()),
                latest_ms=int(block.time_ms.max()),
            )
            remembered += len(block.low)
            make_room()
    return remembered


def _missing(gap: Gap, store: UsageStore, seen_ids: SeenIds, received_from_ms: int) -> Iterator[Identities]:
    for position in gap.seams:
        for block in store.identities(received_from_ms, position, position):
            missing = ~_held(block, seen_ids)
            if missing.any():
                yield block.of(missing)
    first, last = gap.within
    if first <= last:
        yield from store.identities(received_from_ms, first, last)


def _held(block: Identities, seen_ids: SeenIds) -> Bools:
    """Which identities are in a run or were read; none if a run turns out to be damaged, which is detected
    again when it matters. An identity may be remembered twice."""
    try:
        return seen_ids.holds(block.high, block.low)
    except DamagedRunError:
        return np.zeros(len(block.low), np.bool_)


def _read_tail(tail: JournalReader, dictionary: Dictionary, seen_ids: SeenIds) -> None:
    while frames := tail.read(_CALLS_AT_ONCE):
        for position, frame in frames:
            dictionary.load(frame.values)
            if frame.erasure:
                kind, organization, text, replacement = frame.erasure[:4]
                dictionary.rename(kind, organization, text, replacement)
            taking = frame.calls[np.isin(frame.calls["entry"], TAKES_IDENTITY)]
            if len(taking):
                seen_ids.remember(
                    np.ascontiguousarray(taking["identity_high"]),
                    np.ascontiguousarray(taking["identity_low"]),
                    np.ascontiguousarray(taking["digest"]),
                    position=position,
                    received_ms=frame.received_ms,
                    latest_ms=int(taking["time_ms"].max()),
                )
