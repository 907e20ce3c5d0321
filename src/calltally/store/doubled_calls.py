"""Calls that a store counts more than once."""

from dataclasses import dataclass
from datetime import date

from calltally.call_batch import CallColumns, Int64s, UInt64s
from calltally.packed_texts import PackedTexts


@dataclass(frozen=True, slots=True)
class DoubledCalls:
    """All ledger rows of some doubled calls, each call's rows ordered by position.

    A call is doubled on a UTC day if its identity was accepted more than once on that day and its rows of
    that day sum to more than they should: to 1 if a row is active, else to 0. The rows are grouped by day, in
    ascending order up to ``last_day``, and within a day by call. ``columns["path"]`` is an index into
    ``paths``, whose first entry is empty.
    """

    columns: CallColumns
    positions: UInt64s
    received_ms: Int64s
    paths: PackedTexts
    last_day: date

    def __len__(self) -> int:
        return len(self.columns)
