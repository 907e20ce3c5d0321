"""Calls decoded by native code as rows of the journal."""

from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from calltally import _native as native
from calltally.call_batch import CALL_COLUMNS, CallColumns, NameUpdate
from calltally.dictionary import Dictionary, Kind
from calltally.ingest.dictionary_encoder import DictionaryEncoder
from calltally.ingest.identities.identity_table import VerdictCodes
from calltally.ingest.native_calls import NativeCalls
from calltally.packed_texts import PackedTexts

_COLUMNS = {name: (field[1], field[0].itemsize) for name, field in (CALL_COLUMNS.fields or {}).items()}


class Taken(NamedTuple):
    """How many calls of a slice were new, and the names that they bring.

    ``names`` are names that may be news: whoever keeps the names that were told must look through them.
    """

    calls: int
    names: list[NameUpdate]


class NativeRows:
    """Rows, gathered slice by slice, with the paths that these index."""

    def __init__(self) -> None:
        self.native = native.Records()

    def gathered(self) -> tuple[CallColumns, PackedTexts]:
        """What was gathered; nothing may be added afterwards."""
        records, offsets, paths = self.native.taken()
        return np.frombuffer(records, CALL_COLUMNS), PackedTexts(np.frombuffer(offsets, np.int64), paths)


class NativeRowMaker:
    """Makes rows, giving ids to new texts in the order in which the reference would give them.

    Keeps copies of the ids and names that it met. Belongs to the ordered step of ingest.
    """

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        self._interner = native.Interner(_COLUMNS, CALL_COLUMNS.itemsize)

    def add(
        self,
        calls: NativeCalls,
        verdicts: VerdictCodes,
        owner: int,
        interning: DictionaryEncoder,
        rows: NativeRows,
    ) -> Taken:
        """Adds the calls that are new to the rows; ``owner`` is the id of the organization that was admitted,
        and ``interning`` gathers new texts.
        """
        told = verdicts.tobytes()
        taken = self._interner.take(rows.native, calls.decoded, told, owner)
        if isinstance(taken, list):
            other_route = self._intern(taken, owner, interning)
            taken = self._interner.take(rows.native, calls.decoded, told, owner, other_route)
        if isinstance(taken, list):
            raise AssertionError(f"texts without an id: {taken[:3]}")
        new, names = taken
        organization = calls.organization
        return Taken(new, [NameUpdate(Kind(kind), organization, thing, name) for kind, thing, name in names])

    def knows(self, calls: NativeCalls, owner: int) -> bool:
        """Whether every text that calls name was met before; routes made from paths aside."""
        return self._interner.knows(calls.decoded, owner)

    def forget(self) -> None:
        """Must follow whenever a text of the dictionary was replaced or removed."""
        self._interner.forget()

    def forget_names(self) -> None:
        """Must follow whenever a name was told that did not come from here."""
        self._interner.forget_names()

    def _intern(
        self, texts: list[tuple[int, str, bool]], owner: int, interning: DictionaryEncoder
    ) -> int | None:
        """Has every text get its id; the id that stands in for routes that get none."""
        other_route = None
        for (number, derived), group in groupby(texts, itemgetter(0, 2)):
            kind, wanted = Kind(number), [text for _, text, _ in group]
            if not derived:
                self._interner.learn(kind, owner, wanted, interning.ids_of(kind, owner, wanted))
                continue
            for route in wanted:
                id_ = interning.derived_route_id(owner, route)
                if self._dictionary.find(kind, owner, route) == id_:
                    self._interner.learn(kind, owner, [route], [id_])
                else:
                    other_route = id_
        return other_route
