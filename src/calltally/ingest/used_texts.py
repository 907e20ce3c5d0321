"""Records the texts that calls use while unused ones are being removed."""

import numpy as np

from calltally.call_batch import CallColumns
from calltally.dictionary import Dictionary, Kind, TextNumbers

_KINDS = [kind for kind in Kind if kind is not Kind.ORGANIZATION]


class UsedTexts:
    """The texts used by calls, of those that existed at the start. Belongs to the ordered step."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._used = {kind: np.zeros(dictionary.last_id(kind) + 1, np.bool_) for kind in _KINDS}

    def note(self, calls: CallColumns) -> None:
        """Record the texts of one frame's calls."""
        for kind, used in self._used.items():
            ids = calls[kind.name.lower()]
            used[ids[ids < len(used)]] = True

    def without_used(self, texts: TextNumbers) -> TextNumbers:
        """The texts that existed at the start and that no call has used since."""
        unused = np.zeros(len(texts), np.bool_)
        for kind, used in self._used.items():
            ids, its = texts["id"], np.flatnonzero(texts["kind"] == kind)
            its = its[ids[its] < len(used)]
            unused[its] = ~used[ids[its]]
        return texts[unused]
