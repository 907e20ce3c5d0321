"""Finds and lists the identities of stored calls."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from calltally.call_batch import Int64s, UInt64s
from calltally.clock import DAY_MS
from calltally.store.duckdb import identity_statements as statements
from calltally.store.usage_store import Identities, IdentityTally

_BLOCK = 250_000
_SPANS = 8
_NO_POSITION = 2**63 - 1


class IdentityLookup:
    """The identities of stored calls, read through one connection."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self._connection = connection

    def received_since(
        self, received_ms: int, first_position: int, last_position: int | None
    ) -> Iterator[Identities]:
        """See `UsageStore.identities`; rows are read in the table's order, few at a time."""
        end_position = _NO_POSITION if last_position is None else last_position + 1
        received = statements.received(received_ms, first_position, end_position)
        rows = self._connection.sql(received.sql, params=received.parameters).to_arrow_reader(_BLOCK)
        for block in rows:
            high, low, digest, received_at, time_ms = (column.to_numpy() for column in block.columns)
            if len(high):
                yield Identities(high, low, digest, received_at, time_ms)

    def tally(self, received_ms: int, first_position: int, last_position: int) -> IdentityTally:
        """See `UsageStore.tally`; reads two columns of the span and sorts nothing."""
        if last_position < first_position:
            return IdentityTally()
        asked = statements.tally(received_ms, first_position, last_position + 1)
        ((count, low_xor),) = asked.run(self._connection).fetchall()
        return IdentityTally(count, low_xor)

    def last_before(self, received_ms: int) -> tuple[int, int, int]:
        """See `UsageStore.last_before`."""
        ((position, *instants),) = statements.last_before(received_ms).run(self._connection).fetchall()
        return (position, *instants)

    def find(
        self, high: UInt64s, low: UInt64s, days: Int64s, up_to_position: int, received_from_ms: int
    ) -> tuple[Int64s, UInt64s]:
        """See `UsageStore.find_identities`; indexes ascend, and the digest is that of the earliest call."""
        asked = {"identity_high": high, "identity_low": low, "day": days, "index": np.arange(len(high))}
        self._connection.register("asked", pa.table(asked))
        try:
            spans = [(first * DAY_MS, (last + 1) * DAY_MS) for first, last in day_spans(days, _SPANS)]
            found = (
                statements.find(spans, up_to_position, received_from_ms).run(self._connection).fetchnumpy()
            )
        finally:
            self._connection.unregister("asked")
        return np.asarray(found["index"], np.int64), np.asarray(found["digest"], np.uint64)


def day_spans(days: Int64s, at_most: int) -> list[tuple[int, int]]:
    """At most ``at_most`` spans of days (first, last) that cover all given days, cut at the widest gaps."""
    distinct = np.unique(days)
    if not len(distinct):
        return []
    gaps = np.diff(distinct)
    widest = np.sort(np.argsort(gaps)[::-1][: at_most - 1])
    cuts = [int(gap) for gap in widest if gaps[gap] > 1]
    firsts, lasts = [0, *(cut + 1 for cut in cuts)], [*cuts, len(distinct) - 1]
    return [(int(distinct[first]), int(distinct[last])) for first, last in zip(firsts, lasts, strict=True)]
