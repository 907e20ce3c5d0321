"""After a start: everything ingest has to know of what came before."""

import numpy as np

from calltally.dictionary import Dictionary
from calltally.ingest.seen_ids import SeenIds
from calltally.journal.journal_reader import JournalReader
from calltally.store.usage_store import UsageStore

_CALLS_AT_ONCE = 500_000


def recollect(
    store: UsageStore, tail: JournalReader, dictionary: Dictionary, seen_ids: SeenIds, received_from_ms: int
) -> None:
    """Fills the seen ids from the store and both from the journal's tail, which the store has yet to take.

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
            if len(frame.calls):
                seen_ids.remember(
                    np.ascontiguousarray(frame.calls["identity_high"]),
                    np.ascontiguousarray(frame.calls["identity_low"]),
                    np.ascontiguousarray(frame.calls["digest"]),
                    position=position,
                    received_ms=frame.received_ms,
                )
