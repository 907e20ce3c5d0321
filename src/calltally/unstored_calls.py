"""Durable calls that the store may not have applied yet, as columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from calltally.call_batch import CALL_COLUMNS

Column = npt.NDArray[Any]

FIELDS = (
    "organization",
    "time_ms",
    "client",
    "user",
    "source",
    "account",
    "method",
    "route",
    "status",
    "entry",
)
"""The fields of a call that counts depend on; as in `CALL_COLUMNS`."""

COLUMNS = {**{name: CALL_COLUMNS[name] for name in FIELDS}, "position": np.dtype("<u8")}
"""Every column with its type; ``position`` is the call's journal position."""


@dataclass(frozen=True, slots=True)
class UnstoredCalls:
    """All ledger rows after some position of the journal, up to another, in order.

    ``columns`` are those of `COLUMNS`, all of one length, and never change. Ids are those of the dictionary.
    """

    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(self.columns["position"])

    def behind(self, position: int) -> "UnstoredCalls":
        """The rows after a position, which a store at that position lacks."""
        first = int(np.searchsorted(self.columns["position"], position, side="right"))
        return UnstoredCalls({name: column[first:] for name, column in self.columns.items()})


NONE_UNSTORED = UnstoredCalls({name: np.empty(0, kind) for name, kind in COLUMNS.items()})
"""No calls, for a store that has everything."""
