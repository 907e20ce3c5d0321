"""Calls that a store counts more often than once."""

from dataclasses import dataclass
from datetime import date

from calltally.call_batch import CallColumns, Int64s, UInt64s
from calltally.packed_texts import PackedTexts


@dataclass(frozen=True, slots=True)
class DoubledCalls:
    """All rows of the ledger of some doubled calls, each call's in the order of positions.

    A call is doubled on a UTC day when its identity was taken more than once there and its rows of that day
    add up to more than they should: to 1 where a row is active, else to 0. The rows of one call and day stand
    together, those of one day too, and the days ascend up to ``last_day``. ``columns["path"]`` is an index
    into ``paths``, of which the first is empty.
    """

    columns: CallColumns
    positions: UInt64s
    received_ms: Int64s
    paths: PackedTexts
    last_day: date

    def __len__(self) -> int:
        return len(self.columns)
