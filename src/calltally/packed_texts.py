"""Many texts in one piece of memory, without an object per text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PackedTexts:
    """Texts in order: the one at an index is ``data`` from ``offsets[index]`` to ``offsets[index + 1]``, in
    UTF-8.
    """

    offsets: Int64s
    data: bytes

    @classmethod
    def of(cls, texts: Iterable[str]) -> "PackedTexts":
        encoded = [text.encode() for text in texts]
        offsets = np.fromiter(accumulate(map(len, encoded), initial=0), np.int64, len(encoded) + 1)
        return cls(offsets, b"".join(encoded))

    @classmethod
    def joined(cls, parts: Sequence["PackedTexts"]) -> "PackedTexts":
        """The concatenation of all parts."""
        if len(parts) == 1:
            return parts[0]
        starts = accumulate((len(part.data) for part in parts), initial=0)
        offsets = [part.offsets[1:] + start for part, start in zip(parts, starts, strict=False)]
        return cls(np.concatenate([np.zeros(1, np.int64), *offsets]), b"".join(part.data for part in parts))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> str:
        """One text; ``index`` counts from 0."""
        return self.data[self.offsets[index] : self.offsets[index + 1]].decode()

    def texts(self) -> list[str]:
        """Every text as an object."""
        bounds = self.offsets.tolist()
        return [self.data[start:end].decode() for start, end in pairwise(bounds)]


NO_TEXT = PackedTexts.of([""])
"""Only the empty text, the first path of every batch."""
