"""Identities that ingest has let go, looked up in the store."""

import numpy as np

from calltally.call_batch import UInt64s
from calltally.clock import Clock
from calltally.ingest.identity_table import Bools
from calltally.ingest.judgeable_calls import JudgeableCalls
from calltally.store.usage_store import UsageStore

_MILLISECONDS_PER_DAY = 86_400_000


class StoredIdentities:
    """Asks the store for identities received within the horizon or for a call's own day."""

    def __init__(self, store: UsageStore, clock: Clock, horizon_ms: int) -> None:
        self._store = store
        self._clock = clock
        self._horizon_ms = horizon_ms

    def find(self, calls: JudgeableCalls, up_to_position: int, latest_ms: int) -> tuple[Bools, UInt64s]:
        """For each call whether its identity was received up to a position, and with what digest.

        Calls of days after that of an instant are not looked for.
        """
        present = np.zeros(len(calls), np.bool_)
        digests = np.zeros(len(calls), np.uint64)
        asked = np.flatnonzero(calls.time_ms < end_of_day_ms(latest_ms))
        found, its_digests = self._store.find_identities(
            calls.identity_high[asked],
            calls.identity_low[asked],
            calls.time_ms[asked] // _MILLISECONDS_PER_DAY,
            up_to_position,
            self._clock.now_ms() - self._horizon_ms,
        )
        present[asked[found]] = True
        digests[asked[found]] = its_digests
        return present, digests


def end_of_day_ms(instant_ms: int) -> int:
    """The first instant of the next UTC day."""
    return (instant_ms // _MILLISECONDS_PER_DAY + 1) * _MILLISECONDS_PER_DAY
