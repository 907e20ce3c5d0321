"""Finding and listing the identities of stored calls."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from calltally.call_batch import Int64s, UInt64s
from calltally.store.duckdb import identity_statements as statements
from calltally.store.duckdb.time_buckets import DAY_MS
from calltally.store.usage_store import Identities

_BLOCK = 500_000
_SPANS = 8
_NO_POSITION = 2**63 - 1


class IdentityLookup:
    """The identities in the table call, read through one connection."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self._connection = connection

    def received_since(
        self, received_ms: int, first_position: int, last_position: int | None
    ) -> Iterator[Identities]:
        """See `UsageStore.identities`; blocks hold about half a million."""
        end_position = _NO_POSITION if last_position is None else last_position + 1
        span = received_ms, first_position, end_position
        count = statements.count_received(*span).run(self._connection).fetchall()[0][0]
        if not count:
            return
        blocks = -(-count // _BLOCK)
        first, cuts, last = statements.cuts(*span, blocks).run(self._connection).fetchall()[0]
        edges = sorted({first, *cuts, last + 1})
        for start, end in pairwise(edges):
            block = statements.block(received_ms, start, end).run(self._connection).fetchnumpy()
            if len(block["position"]):
                yield Identities(
                    high=np.asarray(block["identity_high"], np.uint64),
                    low=np.asarray(block["identity_low"], np.uint64),
                    digest=np.asarray(block["digest"], np.uint64),
                    positions=np.asarray(block["position"], np.uint64),
                    received_ms=np.asarray(block["received_ms"], np.int64),
                    time_ms=np.asarray(block["time_ms"], np.int64),
                )

    def last_before(self, received_ms: int) -> tuple[int, int]:
        """See `UsageStore.last_before`."""
        ((position, time_ms),) = statements.last_before(received_ms).run(self._connection).fetchall()
        return position, time_ms

    def find(
        self, high: UInt64s, low: UInt64s, days: Int64s, up_to_position: int, received_from_ms: int
    ) -> tuple[Int64s, UInt64s]:
        """See `UsageStore.find_identities`; indexes ascend, and the call that came first tells the digest."""
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
    """Few spans of days, first and last, that together hold all the days: cut where the gaps are widest."""
    distinct = np.unique(days)
    if not len(distinct):
        return []
    gaps = np.diff(distinct)
    widest = np.sort(np.argsort(gaps)[::-1][: at_most - 1])
    cuts = [int(gap) for gap in widest if gaps[gap] > 1]
    firsts, lasts = [0, *(cut + 1 for cut in cuts)], [*cuts, len(distinct) - 1]
    return [(int(distinct[first]), int(distinct[last])) for first, last in zip(firsts, lasts, strict=True)]
