"""Dictionary encoding of the texts of calls: each text is stored once under a small integer."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Kind(IntEnum):
    """The dictionaries. The numbers are stored: never renumber, only add."""

    ORGANIZATION = 0
    ORIGIN = 1
    CLIENT = 2
    USER = 3
    SOURCE = 4
    ACCOUNT = 5
    METHOD = 6
    ROUTE = 7


class DictionaryValue(NamedTuple):
    """One entry. ``derived`` marks a route that the server derived from a path; senders name the others."""

    kind: Kind
    organization: int  # 0 for the organizations themselves
    id: int
    text: str
    derived: bool = False


TEXT_NUMBERS = np.dtype([("kind", "u1"), ("derived", "?"), ("organization", "<i4"), ("id", "<i4")])
"""Entries without their texts, many at once; the fields are those of `DictionaryValue`."""

TextNumbers = npt.NDArray[np.void]

BYTES_PER_TEXT = 360
"""Memory per text besides its characters: entries of hash tables just after growing, an object, a number, a
place in a list; measured, and rounded up."""


def memory_of(text: str) -> int:
    """The most memory of a text, with its copy in the native core and the overhead of both."""
    if text.isascii():
        return BYTES_PER_TEXT + 2 * len(text)
    return BYTES_PER_TEXT + 4 * len(text) + 2 * len(text.encode(errors="surrogatepass"))


@dataclass(slots=True)
class TextUse:
    """The number of an organization's texts by kind, and their memory by `memory_of`.

    Routes derived from paths are counted in ``derived`` only.
    """

    counts: list[int] = field(default_factory=lambda: [0] * len(Kind))
    derived: int = 0
    memory: int = 0
    most: int = 0  # the greatest of the counts

    def add(self, kind: Kind, texts: int, memory: int, *, derived: bool = False) -> None:
        """Add texts of a kind."""
        if derived:
            self.derived += texts
        else:
            self.counts[kind] += texts
            self.most = max(self.most, self.counts[kind])
        self.memory += memory

    def remove(self, kind: int, counted: int, derived: int, memory: int) -> None:
        """Remove texts of a kind that were added: ``counted`` ordinary and ``derived`` derived ones."""
        self.counts[kind] -= counted
        self.most = max(self.counts)
        self.derived -= derived
        self.memory -= memory


_NOTHING_KNOWN = {"": 0}
_NO_USE = TextUse()
_ORGANIZATIONS, _NOBODY = (0, 0), -1
_KIND_AND_ORGANIZATION = itemgetter(0, 2)


class Dictionary:
    """Maps texts to ids and back, per kind and organization. The empty text has id 0 and is not stored.

    Ids ascend from 1 within a kind, over all organizations, and are never reused, even if their texts were
    removed. Reading is thread-safe; only the ordered step of ingest may `intern` and `forget`, and a store
    may `rename` the text of an erasure.
    """

    def __init__(self) -> None:
        self._ids: dict[tuple[int, int], dict[str, int]] = {}
        self._texts: dict[int, list[str]] = {kind: [""] for kind in Kind}
        self._use: dict[int, TextUse] = {}
        self._removed = dict.fromkeys(Kind, 0)
        self._unused_places: Counter[tuple[int, int]] = Counter()
        self.memory = 0
        """The memory of all texts, by `memory_of`."""

    def find(self, kind: Kind, organization: int, text: str) -> int | None:
        """The id of a text, or None if no accepted call ever had it."""
        return self._ids.get((kind, organization), _NOTHING_KNOWN).get(text)

    def find_all(self, kind: Kind, organization: int, texts: Iterable[str]) -> list[int | None]:
        """`find` for many texts at once."""
        known = self._ids.get((kind, organization), _NOTHING_KNOWN)
        return list(map(known.get, texts))

    def text(self, kind: Kind, id: int) -> str:  # noqa: A002 - the standard name
        return self._texts[kind][id]

    def every_text(self, kind: Kind) -> tuple[str, ...]:
        """Every text of a kind, of all organizations, in the order of ids; without the empty one."""
        return tuple(filter(None, self._texts[kind]))

    def texts(self, kind: Kind, ids: Iterable[int]) -> list[str]:
        """`text` for many ids at once."""
        return list(map(self._texts[kind].__getitem__, ids))

    def ids(self, kind: Kind, organization: int, texts: Iterable[str]) -> list[int]:
        """The ids of existing texts; raises `KeyError` if one is missing."""
        known = self._ids.get((kind, organization), _NOTHING_KNOWN)
        return list(map(known.__getitem__, texts))

    def intern(
        self, kind: Kind, organization: int, text: str, *, derived: bool = False
    ) -> DictionaryValue | None:
        """Assign an id to a new text and return the entry to store; None if the text exists."""
        new = self.intern_all(kind, organization, (text,), derived=derived)
        return new[0] if new else None

    def intern_all(
        self, kind: Kind, organization: int, texts: Iterable[str], *, derived: bool = False
    ) -> list[DictionaryValue]:
        """`intern` for many texts at once: the entries of the new ones, in order, each once."""
        known = self._ids.get((kind, organization), _NOTHING_KNOWN)
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if not new:
            return []
        first = len(self._texts[kind])
        self._add(kind, organization, new, derived=derived)
        return [
            DictionaryValue(kind, organization, id_, text, derived) for id_, text in enumerate(new, first)
        ]

    def load(self, values: Iterable[DictionaryValue]) -> None:
        """Load entries from the journal, in the order of ids; existing ones are ignored.

        Raises `ValueError` on a gap in the ids, which would mean that entries were lost.
        """
        for value in values:
            texts = self._texts[value.kind]
            if value.id < len(texts):
                continue
            if value.id > len(texts):
                raise ValueError(
                    f"{value.kind.name.lower()} {value.id} follows {len(texts) - 1} in the dictionary"
                )
            self._add(value.kind, value.organization, [value.text], derived=value.derived)

    def load_stored(self, values: Iterable[DictionaryValue]) -> None:
        """Load entries from the store, in the order of ids. Gaps are removed texts; `close_gaps` must be
        called at the end."""
        for value in values:
            given = len(self._texts[value.kind])
            if value.id < given:
                continue
            if value.id > given:
                self._skip_to(value.kind, value.id - 1)
            self._add(value.kind, value.organization, [value.text], derived=value.derived)

    def close_gaps(self, kind: Kind, last_id: int, removed: int) -> None:
        """Verify the number of removed texts of a kind, and set the last id that had been assigned by then.

        Raises `ValueError` if the number of gaps differs, which would mean that entries were lost.
        """
        self._skip_to(kind, last_id)
        if self._removed[kind] != removed:
            raise ValueError(
                f"{removed} texts of {kind.name.lower()} were removed, and the dictionary lacks "
                f"{self._removed[kind]}"
            )

    def _skip_to(self, kind: Kind, last_id: int) -> None:
        """Leave gaps up to an id."""
        texts = self._texts[kind]
        gap = max(0, last_id + 1 - len(texts))
        texts.extend([""] * gap)
        self._removed[kind] += gap

    def _add(self, kind: Kind, organization: int, new: list[str], *, derived: bool) -> None:
        ids = self._ids.get((kind, organization))
        if ids is None:
            ids = self._ids[kind, organization] = dict(_NOTHING_KNOWN)
            self._use.setdefault(organization, TextUse())
        texts = self._texts[kind]
        first = len(texts)
        texts += new  # first, so that no reader finds an id without its text
        ids.update(zip(new, range(first, len(texts)), strict=True))
        memory = sum(map(memory_of, new))
        self._use[organization].add(kind, len(new), memory, derived=derived)
        self.memory += memory

    def rename(self, kind: Kind, organization: int, text: str, replacement: str) -> int | None:
        """Replace a text and return its id, which stays; None if nothing changed.

        Nothing changes if the text is unknown, or if the replacement exists: then it was renamed before, and
        an entry that has the text now is a later one, which keeps it.
        """
        ids = self._ids.get((kind, organization), _NOTHING_KNOWN)
        if not text or text not in ids or replacement in ids:
            return None
        number = ids[text]
        self._texts[kind][number] = replacement
        ids[replacement] = number
        del ids[text]
        more = memory_of(replacement) - memory_of(text)
        self._use[organization].memory += more
        self.memory += more
        return number

    def forget(self, texts: TextNumbers) -> None:
        """Remove unused texts; texts that were already removed are ignored.

        If such a text is used again, it gets another id.
        """
        for (kind, organization), entries in groupby(texts.tolist(), _KIND_AND_ORGANIZATION):
            names, ids = self._texts[kind], self._ids[kind, organization]
            counted = derived = memory = 0
            for _, is_derived, _, id_ in entries:
                text = names[id_]
                if not text:
                    continue
                names[id_] = ""
                memory += memory_of(text)
                derived += is_derived
                counted += not is_derived
                if ids.get(text) == id_:
                    del ids[text]
                    self._unused_places[kind, organization] += 1
            self._use[organization].remove(kind, counted, derived, memory)
            self._removed[kind] += counted + derived
            self.memory -= memory
        self._shrink_tables()

    def _shrink_tables(self) -> None:
        """Shrink hash tables that are mostly empty; a dict never shrinks on its own."""
        for key in [key for key, unused in self._unused_places.items() if unused > len(self._ids[key])]:
            self._ids[key] = dict(self._ids[key])
            del self._unused_places[key]

    def use(self, organization: int) -> TextUse:
        """The texts of an organization, read-only. Organizations themselves belong to 0."""
        return self._use.get(organization, _NO_USE)

    def use_of(self, organization: str) -> TextUse:
        """The same, for an organization by its text."""
        organizations = self._ids.get(_ORGANIZATIONS, _NOTHING_KNOWN)
        return self._use.get(organizations.get(organization, _NOBODY), _NO_USE)

    def count(self, kind: Kind) -> int:
        """The number of texts of a kind, of all organizations."""
        return len(self._texts[kind]) - 1 - self._removed[kind]

    def last_id(self, kind: Kind) -> int:
        """The last assigned id of a kind; 0 before the first."""
        return len(self._texts[kind]) - 1
