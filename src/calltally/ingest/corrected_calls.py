"""The rows that a correction withdraws and adds."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from calltally.call_batch import CALL_COLUMNS, Bools, CallColumns, Entry
from calltally.ingest.prepared_calls import PreparedCalls
from calltally.packed_texts import PackedTexts


class CorrectionNote(NamedTuple):
    """The author, reason, action and subject of a correction; see `calltally.call_batch.Correction`."""

    who: str
    why: str
    action: str
    subject: str


@dataclass(frozen=True, slots=True)
class CorrectedCalls:
    """The rows of a correction before it is appended, read from the store as of ``known_up_to``.

    ``withdrawn`` are rows as counted now, with their paths, of which the first is empty. ``stated`` replaces
    them, and ``added`` marks the stated calls whose identity no call had up to ``known_up_to``. ``kept`` are
    rows that are withdrawn and count again unchanged, with the same paths.
    """

    known_up_to: int
    withdrawn: CallColumns
    withdrawn_paths: PackedTexts
    stated: PreparedCalls | None = None
    added: Bools | None = None
    kept: CallColumns = field(default_factory=lambda: np.empty(0, CALL_COLUMNS))

    @property
    def new(self) -> Bools:
        """For each stated call whether its identity is new."""
        return np.zeros(0, np.bool_) if self.added is None else self.added

    def joined(self, stated: CallColumns, stated_paths: PackedTexts) -> tuple[CallColumns, PackedTexts]:
        """All rows with their entries: withdrawn rows first, then kept and stated ones."""
        withdrawn, kept = self.withdrawn.copy(), self.kept.copy()
        withdrawn["entry"], kept["entry"] = Entry.WITHDRAWN, Entry.RESTATED
        stated = stated.copy()
        stated["entry"] = np.where(self.new, Entry.ADDED, Entry.RESTATED)
        stated["path"] = np.where(stated["path"] > 0, stated["path"] + len(self.withdrawn_paths) - 1, 0)
        further = PackedTexts(stated_paths.offsets[1:], stated_paths.data)
        return np.concatenate([withdrawn, kept, stated]), PackedTexts.joined([self.withdrawn_paths, further])
