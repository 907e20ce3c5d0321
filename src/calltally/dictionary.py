"""The texts that calls carry, each held once and named by a small whole number."""

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
    """One entry. ``derived`` tells a route that the server made from a path from one that a sender named."""

    kind: Kind
    organization: int  # 0 for the organizations themselves
    id: int
    text: str
    derived: bool = False


TEXT_NUMBERS = np.dtype([("kind", "u1"), ("derived", "?"), ("organization", "<i4"), ("id", "<i4")])
"""Entries without their texts, many at once; the fields are those of `DictionaryValue`."""

TextNumbers = npt.NDArray[np.void]

BYTES_PER_TEXT = 360
"""What a text takes in memory besides its characters: entries of hash tables just after they have grown, an
object, a number, a place in a list; measured, and rounded up."""


def memory_of(text: str) -> int:
    """What a text takes in memory at most, with its copy in the kernel and what lies around both."""
    if text.isascii():
        return BYTES_PER_TEXT + 2 * len(text)
    return BYTES_PER_TEXT + 4 * len(text) + 2 * len(text.encode(errors="surrogatepass"))


@dataclass(slots=True)
class TextUse:
    """How many texts an organization has, by kind, and what they take in memory as `memory_of` reckons.

    Routes made from paths are counted in ``derived`` only.
    """

    counts: list[int] = field(default_factory=lambda: [0] * len(Kind))
    derived: int = 0
    memory: int = 0
    most: int = 0  # the greatest of the counts

    def add(self, kind: Kind, texts: int, memory: int, *, derived: bool = False) -> None:
        """Takes so many more texts of a kind."""
        if derived:
            self.derived += texts
        else:
            self.counts[kind] += texts
            self.most = max(self.most, self.counts[kind])
        self.memory += memory

    def remove(self, kind: int, counted: int, derived: int, memory: int) -> None:
        """Takes texts of a kind away that were added: so many that count, and so many derived ones."""
        self.counts[kind] -= counted
        self.most = max(self.counts)
        self.derived -= derived
        self.memory -= memory


_NOTHING_KNOWN = {"": 0}
_NO_USE = TextUse()
_ORGANIZATIONS, _NOBODY = (0, 0), -1
_KIND_AND_ORGANIZATION = itemgetter(0, 2)


class Dictionary:
    """Text to id and back, per kind and organization. The empty text is id 0 everywhere and is not stored.

    Ids count up from 1 within a kind, over all organizations, and are never given twice, also when their
    texts were removed. Safe to read from any thread; only the ordered step of ingest may `intern` and
    `forget`, and a store may `rename` what an erasure names.
    """

    def __init__(self) -> None:
        self._ids: dict[tuple[int, int], dict[str, int]] = {}
        self._texts: dict[int, list[str]] = {kind: [""] for kind in Kind}
        self._use: dict[int, TextUse] = {}
        self._removed = dict.fromkeys(Kind, 0)
        self._unused_places: Counter[tuple[int, int]] = Counter()
        self.memory = 0
        """What all texts take, as `memory_of` reckons."""

    def find(self, kind: Kind, organization: int, text: str) -> int | None:
        """The id of a text, or None when no accepted call ever carried it."""
        return self._ids.get((kind, organization), _NOTHING_KNOWN).get(text)

    def find_all(self, kind: Kind, organization: int, texts: Iterable[str]) -> list[int | None]:
        """`find` for many texts at once."""
        known = self._ids.get((kind, organization), _NOTHING_KNOWN)
        return list(map(known.get, texts))

    def text(self, kind: Kind, id: int) -> str:  # noqa: A002 - an id is called an id
        return self._texts[kind][id]

    def every_text(self, kind: Kind) -> tuple[str, ...]:
        """Every text of a kind, of all organizations, in the order of ids; without the empty one."""
        return tuple(filter(None, self._texts[kind]))

    def texts(self, kind: Kind, ids: Iterable[int]) -> list[str]:
        """`text` for many ids at once."""
        return list(map(self._texts[kind].__getitem__, ids))

    def ids(self, kind: Kind, organization: int, texts: Iterable[str]) -> list[int]:
        """The ids of texts that are all known; raises `KeyError` where one is not."""
        known = self._ids.get((kind, organization), _NOTHING_KNOWN)
        return list(map(known.__getitem__, texts))

    def intern(
        self, kind: Kind, organization: int, text: str, *, derived: bool = False
    ) -> DictionaryValue | None:
        """Gives a new text its id and returns the entry to be stored; None when the text is known already."""
        new = self.intern_all(kind, organization, (text,), derived=derived)
        return new[0] if new else None

    def intern_all(
        self, kind: Kind, organization: int, texts: Iterable[str], *, derived: bool = False
    ) -> list[DictionaryValue]:
        """`intern` for many texts at once: the entries of those that are new, in their order, each once."""
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
        """Takes entries back from the journal, in the order of ids; those given before are passed over.

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
        """Takes entries back from the store, in the order of ids. Gaps are texts that were removed, which
        `close_gaps` must be called for in the end."""
        for value in values:
            given = len(self._texts[value.kind])
            if value.id < given:
                continue
            if value.id > given:
                self._pass_over(value.kind, value.id - 1)
            self._add(value.kind, value.organization, [value.text], derived=value.derived)

    def close_gaps(self, kind: Kind, last_id: int, removed: int) -> None:
        """Says how many texts of a kind were removed, and the last id that had been given by then.

        Raises `ValueError` when there are not so many gaps, which would mean that entries were lost.
        """
        self._pass_over(kind, last_id)
        if self._removed[kind] != removed:
            raise ValueError(
                f"{removed} texts of {kind.name.lower()} were removed, and the dictionary lacks "
                f"{self._removed[kind]}"
            )

    def _pass_over(self, kind: Kind, last_id: int) -> None:
        """Leaves gaps up to an id."""
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
        texts += new  # first, so that nobody finds an id without its text
        ids.update(zip(new, range(first, len(texts)), strict=True))
        memory = sum(map(memory_of, new))
        self._use[organization].add(kind, len(new), memory, derived=derived)
        self.memory += memory

    def rename(self, kind: Kind, organization: int, text: str, replacement: str) -> int | None:
        """Puts another text in the place of one and returns the id, which stays; None when nothing changed.

        Nothing changes when the text is unknown, or when the replacement is known already: then it was put
        there before, and an entry that has the text now is a later one, which keeps it.
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
        """Removes texts that nothing has any more. Those removed before are passed over.

        A text that comes again gets another id.
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
        self._give_places_back()

    def _give_places_back(self) -> None:
        """Makes smaller tables of those that are mostly empty; on its own a table never shrinks."""
        for key in [key for key, unused in self._unused_places.items() if unused > len(self._ids[key])]:
            self._ids[key] = dict(self._ids[key])
            del self._unused_places[key]

    def use(self, organization: int) -> TextUse:
        """How much an organization has; not to be changed. Organizations themselves are those of 0."""
        return self._use.get(organization, _NO_USE)

    def use_of(self, organization: str) -> TextUse:
        """The same, for an organization by its text."""
        organizations = self._ids.get(_ORGANIZATIONS, _NOTHING_KNOWN)
        return self._use.get(organizations.get(organization, _NOBODY), _NO_USE)

    def count(self, kind: Kind) -> int:
        """How many texts of a kind there are, of all organizations."""
        return len(self._texts[kind]) - 1 - self._removed[kind]

    def last_id(self, kind: Kind) -> int:
        """The last id of a kind that was given; 0 before the first."""
        return len(self._texts[kind]) - 1
