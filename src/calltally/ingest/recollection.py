"""After a start: everything ingest has to know of what came before."""

import numpy as np

from calltally.call_batch import Entry
from calltally.dictionary import Dictionary
from calltally.ingest.seen_ids import SeenIds
from calltally.journal.journal_reader import JournalReader
from calltally.store.usage_store import UsageStore

TAKES_IDENTITY = (Entry.RECEIVED, Entry.ADDED)
"""Of the rows of one identity exactly one is one of these; its digest tells the content to compare with."""

_CALLS_AT_ONCE = 500_000


def recollect(
    store: UsageStore, tail: JournalReader, dictionary: Dictionary, seen_ids: SeenIds, received_from_ms: int
) -> None:
    """Fills the seen ids from the store, and them and the dictionary from the journal's tail, which the store
    has yet to take.

    Identities received before the instant stay in the store and are looked up there.
    """
    seen_ids.forgotten_position = store.last_position_before(received_from_ms)
    for block in store.identities(received_from_ms):
        seen_ids.remember(
            block.high,
            block.low,
            block.digest,
            position=int(block.positions.max()),
            received_ms=int(block.received_ms.max()),
        )
        seen_ids.forget(received_before_ms=received_from_ms, stored_position=store.position)
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
                )
