"""Encodes new calls as rows of the journal."""

from typing import NamedTuple

import numpy as np

from calltally.call_batch import CALL_COLUMNS, CallColumns, Int64s, NameUpdate
from calltally.dictionary import Dictionary, Kind
from calltally.ingest.call_rows import call_rows
from calltally.ingest.call_slices import JudgeableCalls
from calltally.ingest.dictionary_encoder import DictionaryEncoder
from calltally.ingest.identities.identity_table import VerdictCodes
from calltally.ingest.identities.seen_ids import Seen
from calltally.ingest.name_updates import NameUpdates
from calltally.ingest.native_calls import NativeCalls
from calltally.ingest.native_rows import NativeRowMaker, NativeRows
from calltally.ingest.outcome_tally import Judged, judged_by_organization
from calltally.ingest.prepared_calls import Int32s, PreparedCalls
from calltally.packed_texts import NO_TEXT, PackedTexts


class EncodedRows(NamedTuple):
    """Rows with the paths that they index, of which the first is empty, and the new names."""

    rows: CallColumns
    paths: PackedTexts
    names: list[NameUpdate]

    @classmethod
    def joined(cls, parts: list["EncodedRows"]) -> "EncodedRows":
        """The rows of all parts in order."""
        if not parts:
            return cls(np.empty(0, CALL_COLUMNS), NO_TEXT, [])
        if len(parts) == 1:
            return parts[0]
        rows = np.concatenate([part.rows for part in parts])
        paths = [parts[0].paths]
        start, before = len(parts[0].rows), len(parts[0].paths) - 1
        for part in parts[1:]:
            column = rows["path"][start : start + len(part.rows)]
            column[column > 0] += before
            paths.append(PackedTexts(part.paths.offsets[1:], part.paths.data))
            start, before = start + len(part.rows), before + len(part.paths) - 1
        return cls(rows, PackedTexts.joined(paths), [name for part in parts for name in part.names])


class RowBuffer:
    """Collects the rows of one frame from its slices, in order."""

    def __init__(self) -> None:
        self._parts: list[EncodedRows] = []
        self._native: NativeRows | None = None
        self._native_names: list[NameUpdate] = []

    def add(self, part: EncodedRows) -> None:
        """Rows that the reference made."""
        self._end_native_part()
        self._parts.append(part)

    @property
    def native(self) -> NativeRows:
        """Where native code adds its rows."""
        self._native = self._native or NativeRows()
        return self._native

    def add_names(self, names: list[NameUpdate]) -> None:
        """Names that came with rows of native code."""
        self._native_names += names

    def joined(self) -> EncodedRows:
        """Everything that was added."""
        self._end_native_part()
        return EncodedRows.joined(self._parts)

    def _end_native_part(self) -> None:
        if self._native is not None:
            self._parts.append(EncodedRows(*self._native.gathered(), self._native_names))
            self._native, self._native_names = None, []


class RowEncoder:
    """Encodes the rows of calls from native code and from the reference, and tracks recorded names.

    Both give the same ids, in the same order. Belongs to the ordered step.
    """

    def __init__(self, dictionary: Dictionary) -> None:
        self._names = NameUpdates()
        self._native = NativeRowMaker(dictionary)

    def organizations(self, calls: JudgeableCalls, interning: DictionaryEncoder) -> Int32s:
        """Whose each call is."""
        if isinstance(calls, NativeCalls):
            owner = interning.id_of(Kind.ORGANIZATION, 0, calls.organization)
            return np.full(len(calls), owner, np.int32)
        return interning.organizations(_prepared(calls).texts["organization"])

    def knows(self, calls: NativeCalls, owner: int) -> bool:
        """Whether every text that calls of an organization name is certainly known; routes made from paths
        aside."""
        return self._native.knows(calls, owner)

    def accept(
        self, calls: JudgeableCalls, verdicts: VerdictCodes, interning: DictionaryEncoder, rows: RowBuffer
    ) -> list[Judged]:
        """Adds the rows of the calls that are new; tells how the calls of each organization were judged."""
        if isinstance(calls, NativeCalls):
            owner = interning.id_of(Kind.ORGANIZATION, 0, calls.organization)
            new, names = self._native.add(calls, verdicts, owner, interning, rows.native)
            if names:
                rows.add_names(self._names.among(names))
            if new == len(calls):
                return [Judged(owner, new, 0, 0)]
            duplicate = int(np.count_nonzero(verdicts == Seen.SAME))
            return [Judged(owner, new, duplicate, len(calls) - new - duplicate)]
        organizations = self.organizations(calls, interning)
        new_rows = np.flatnonzero(verdicts == Seen.NEW)
        rows.add(self.rows(_prepared(calls), new_rows, organizations[new_rows], interning))
        return judged_by_organization(organizations, verdicts)

    def rows(
        self, calls: PreparedCalls, rows: Int64s, organizations: Int32s, interning: DictionaryEncoder
    ) -> EncodedRows:
        """The rows of some calls; ``organizations`` has only their rows."""
        columns, paths = call_rows(calls, rows, organizations, interning)
        names = self._names.of(calls, rows)
        if names:
            self._native.forget_names()
        return EncodedRows(columns, paths, names)

    def forget(self, kind: Kind, organization: str, text: str) -> None:
        """Call after a text of the dictionary was replaced."""
        self._names.forget(kind, organization, text)
        self.forget_ids()

    def forget_ids(self) -> None:
        """Must follow when texts of the dictionary were removed."""
        self._native.forget()


def _prepared(calls: JudgeableCalls) -> PreparedCalls:
    if not isinstance(calls, PreparedCalls):
        raise TypeError(f"calls of an unknown kind: {type(calls).__name__}")
    return calls
