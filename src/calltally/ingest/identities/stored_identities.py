"""Lookup of evicted identities in the store."""

import numpy as np

from calltally.clock import DAY_MS, Clock
from calltally.ingest.call_slices import JudgeableCalls
from calltally.ingest.identities.generations import ANY_TIME, Evicted
from calltally.ingest.identities.identity_run import Found
from calltally.store.usage_store import UsageStore


class StoredIdentities:
    """Queries the store for identities received within the horizon or on a call's own day."""

    def __init__(self, store: UsageStore, clock: Clock, horizon_ms: int) -> None:
        self._store = store
        self._clock = clock
        self._horizon_ms = horizon_ms

    def needed_before_ms(self, forgotten: Evicted) -> int:
        """Calls before this instant must be looked up; later ones cannot be among the evicted identities.

        What was received before the horizon matters only for calls of its own days. What was evicted within
        it, for lack of memory or after the clock was set back, may concern any day.
        """
        if forgotten.received_ms >= self._clock.now_ms() - self._horizon_ms:
            return ANY_TIME
        return (forgotten.latest_ms // DAY_MS + 1) * DAY_MS

    def find(self, calls: JudgeableCalls, up_to_position: int, before_ms: int) -> Found:
        """For each call before an instant whether its identity was received up to a position, and the
        digest."""
        present = np.zeros(len(calls), np.bool_)
        digests = np.zeros(len(calls), np.uint64)
        times = calls.time_ms
        asked = np.flatnonzero(times < before_ms)
        found, its_digests = self._store.find_identities(
            calls.identity_high[asked],
            calls.identity_low[asked],
            times[asked] // DAY_MS,
            up_to_position,
            self._clock.now_ms() - self._horizon_ms,
        )
        present[asked[found]] = True
        digests[asked[found]] = its_digests
        return present, digests
