"""Calls that are durable and that the store may not have taken yet, as columns that can be counted."""

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
"""What of a call its counts depend on; as in `CALL_COLUMNS`."""

COLUMNS = {**{name: CALL_COLUMNS[name] for name in FIELDS}, "position": np.dtype("<u8")}
"""Every column with its type; ``position`` is the journal position that a call came with."""


@dataclass(frozen=True, slots=True)
class UnstoredCalls:
    """All rows of the ledger that lie behind some position in the journal, up to another, in their order.

    ``columns`` are those of `COLUMNS`, all of one length, and never change. Ids are those of the dictionary.
    """

    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(self.columns["position"])

    def behind(self, position: int) -> "UnstoredCalls":
        """Those that a store that holds everything up to a position lacks."""
        first = int(np.searchsorted(self.columns["position"], position, side="right"))
        return UnstoredCalls({name: column[first:] for name, column in self.columns.items()})


NONE_UNSTORED = UnstoredCalls({name: np.empty(0, kind) for name, kind in COLUMNS.items()})
"""For a store that holds everything."""
