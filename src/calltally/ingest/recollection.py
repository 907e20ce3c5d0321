"""After a start: everything ingest has to know of what came before."""

from collections.abc import Callable

import numpy as np

from calltally.call_batch import Entry
from calltally.dictionary import Dictionary
from calltally.ingest.generations import Forgotten
from calltally.ingest.run_folder import uncovered
from calltally.ingest.seen_ids import SeenIds
from calltally.journal.journal_reader import JournalReader
from calltally.store.usage_store import UsageStore

TAKES_IDENTITY = (Entry.RECEIVED, Entry.ADDED)
"""Of the rows of one identity exactly one is one of these; its digest tells the content to compare with."""

_CALLS_AT_ONCE = 500_000


def recollect(
    store: UsageStore,
    tail: JournalReader,
    dictionary: Dictionary,
    seen_ids: SeenIds,
    received_from_ms: int,
    make_room: Callable[[], None],
) -> None:
    """Adds to the runs that the seen ids have already what the store holds besides, and to them and the
    dictionary what is in the journal's tail, which the store has yet to take.

    Identities received before the instant stay in the store and are looked up there.
    """
    seen_ids.generations.forget(Forgotten(*store.last_before(received_from_ms)))
    for since, end in uncovered([run.head for run in seen_ids.generations.runs], store.position):
        with seen_ids.reading(since, end, received_from_ms):
            for block in store.identities(received_from_ms, since.first, end.last):
                seen_ids.remember(
                    block.high,
                    block.low,
                    block.digest,
                    position=end.last,
                    received_ms=int(block.received_ms.max()),
                    latest_ms=int(block.time_ms.max()),
                )
                make_room()
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
