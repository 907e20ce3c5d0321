"""The one ordered step: verdicts, dictionary ids and the journal's frame, all in one order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from calltally.call_batch import (
    CALL_COLUMNS,
    CallColumns,
    Conflict,
    Correction,
    Erasure,
    NameUpdate,
    Refusal,
    RejectedSample,
    UInt64s,
)
from calltally.dictionary import Dictionary, Kind
from calltally.ingest.books import Books, RefusalBook, SampleBox
from calltally.ingest.call_rows import call_rows
from calltally.ingest.call_rules import sealed_fault
from calltally.ingest.corrected_calls import CorrectedCalls, CorrectionNote
from calltally.ingest.identity_table import Bools
from calltally.ingest.interning import Interning
from calltally.ingest.name_news import NameNews
from calltally.ingest.prepared_calls import Int32s, PreparedCalls
from calltally.ingest.receipt import CallVerdict, Verdict
from calltally.ingest.rejected_call import RejectedCall
from calltally.ingest.routes import RouteNaming
from calltally.ingest.seen_ids import Seen, SeenIds, Verdicts
from calltally.journal.frame import Frame
from calltally.journal.journal import Journal
from calltally.packed_texts import NO_TEXT, PackedTexts

_VERDICT_OF = {Seen.SAME: Verdict.DUPLICATE, Seen.OTHER: Verdict.CONFLICT}
_REASON_OF = {
    Seen.SAME: "a call with this id and the same content was counted before",
    Seen.OTHER: "a call with this id and other content was counted before; that one stays",
}


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one step decided, and the journal position that must be durable before anyone is told.

    ``verdicts`` are those of calls that the step did not accept.
    """

    position: int
    accepted: int
    verdicts: list[CallVerdict]


class OrderedStep:
    """Judges calls and puts what is new into the journal, as one step that nothing interleaves.

    The order of steps is the order of journal positions, so that what a step knows of the calls before it is
    durable when its own frame is. Corrections and erasures are such steps too. Only one thread may call its
    methods, and nothing in them waits.
    """

    def __init__(
        self,
        journal: Journal,
        dictionary: Dictionary,
        seen_ids: SeenIds,
        routes: RouteNaming,
        identity_seed: int,
        *,
        open_from_ms: int = 0,
    ) -> None:
        """Calls before ``open_from_ms``, the start of a UTC day, are in sealed days."""
        self.identity_seed = identity_seed
        self.open_from_ms = open_from_ms
        self.rows_appended = 0
        self._journal = journal
        self._dictionary = dictionary
        self._seen_ids = seen_ids
        self._routes = routes
        self._names = NameNews()
        self._samples = SampleBox()
        self._refusals = RefusalBook()

    @property
    def derive_route(self) -> Callable[[str], str]:
        """The route that a path gives to a call without one, as long as there is room for routes."""
        return self._routes.derive

    @property
    def forgotten_position(self) -> int:
        """Identities received up to here must be looked up in the store before they are judged."""
        return self._seen_ids.forgotten_position

    def take(
        self,
        calls: PreparedCalls | None,
        stored: tuple[Bools, UInt64s] | None,
        received: int,
        rejected: Sequence[RejectedCall],
        sender: str,
        now_ms: int,
    ) -> StepResult:
        """Judges calls, and books them with those that were ``rejected`` before.

        Calls of sealed days are rejected here, whether their identity is known or not. Rejected calls are
        booked to the ``sender``'s own organization. Raises `ValueError`, changing nothing, when ``received``
        is not the sum of both.
        """
        if received != len(rejected) + (len(calls) if calls else 0):
            raise ValueError(f"{received} calls were received, but not as many judged")
        verdicts: list[CallVerdict] = []
        if calls is not None and calls.time_ms.min() < self.open_from_ms:
            calls, stored, sealed = self._without_sealed(calls, stored)
            rejected = [*rejected, *sealed]
            verdicts += [CallVerdict(one.place, Verdict.REJECTED, *one.fault[1:]) for one in sealed]
        interning = Interning(self._dictionary, self._routes)
        books = Books(now_ms)
        samples: list[RejectedSample] = []
        if rejected:
            organization = interning.id_of(Kind.ORGANIZATION, 0, sender)
            books.reject(organization, rejected)
            samples = self._samples.of(organization, rejected, now_ms)
        judged = _Judged() if calls is None else self._judged(calls, stored, interning, books, now_ms)
        refusals = self._noted_refusals(interning)
        frame = Frame(
            received_ms=now_ms,
            calls=judged.rows,
            paths=judged.paths,
            values=interning.values,
            outcomes=books.outcomes(),
            conflicts=judged.conflicts,
            names=judged.names,
            rejections=books.rejections(),
            samples=samples,
            refusals=refusals,
        )
        return StepResult(self._append(frame), len(judged.rows), verdicts + judged.told)

    def correct(
        self, corrected: CorrectedCalls, organization: str, note: CorrectionNote, now_ms: int
    ) -> tuple[int, Correction] | None:
        """Puts a correction's rows into the journal, and remembers the identities that it adds.

        Returns its position and what was noted; None, changing nothing, when what was read from the store
        does not decide any more which identities are new: then it must be read again.
        """
        stated = corrected.stated
        if stated is not None and not self._still_new(stated, corrected):
            return None
        interning = Interning(self._dictionary, self._routes)
        organization_id = interning.id_of(Kind.ORGANIZATION, 0, organization)
        rows, paths, names = np.empty(0, CALL_COLUMNS), NO_TEXT, []
        if stated is not None:
            every = np.arange(len(stated))
            owners = np.full(len(stated), organization_id, np.int32)
            rows, paths = call_rows(stated, every, owners, interning)
            names = self._names.of(stated, every)
            self._remember(stated, corrected.new, now_ms)
        rows, paths = corrected.joined(rows, paths)
        added = int(np.count_nonzero(corrected.new))
        correction = Correction(
            organization_id,
            now_ms,
            *note,
            withdrawn=len(corrected.withdrawn),
            restated=(0 if stated is None else len(stated)) - added,
            added=added,
        )
        frame = Frame(now_ms, rows, paths, interning.values, names=names, correction=correction)
        return self._append(frame), correction

    def erase(
        self, kind: Kind, organization: str, text: str, replacement: str, who: str, why: str, now_ms: int
    ) -> int:
        """Lets a user or an account go by another text from here on, also in everything received before.

        A later call with the text gets an id of its own. Returns the position of the erasure.
        """
        interning = Interning(self._dictionary, self._routes)
        organization_id = interning.id_of(Kind.ORGANIZATION, 0, organization)
        erasure = Erasure(kind, organization_id, text, replacement, now_ms, who, why)
        position = self._append(Frame(now_ms, values=interning.values, erasure=erasure))
        self._dictionary.rename(kind, organization_id, text, replacement)
        self._names.forget(kind, organization, text)
        return position

    def refuse(self, organization: str, reason: str, now_ms: int) -> None:
        """Notes a request that was refused as a whole; the next frame takes it along."""
        self._refusals.note(organization, reason, now_ms)

    def append_refusals(self, now_ms: int) -> None:
        """Makes a frame of the refusals that no other frame took along; none when there are none."""
        interning = Interning(self._dictionary, self._routes)
        if refusals := self._noted_refusals(interning):
            self._append(Frame(now_ms, values=interning.values, refusals=refusals))

    def _judged(
        self,
        calls: PreparedCalls,
        stored: tuple[Bools, UInt64s] | None,
        interning: Interning,
        books: Books,
        now_ms: int,
    ) -> "_Judged":
        verdicts = self._seen_ids.judge(
            calls.identity_high,
            calls.identity_low,
            calls.digest,
            position=self._journal.appended + 1,
            received_ms=now_ms,
            stored=stored,
        )
        organizations = interning.organizations(calls.texts["organization"])
        books.judge(organizations, verdicts)
        new = np.flatnonzero(verdicts == Seen.NEW)
        rows, paths = call_rows(calls, new, organizations[new], interning)
        return _Judged(
            rows,
            paths,
            _conflicts(calls, verdicts, organizations, now_ms),
            self._names.of(calls, new),
            _told(calls, verdicts),
        )

    def _without_sealed(
        self, calls: PreparedCalls, stored: tuple[Bools, UInt64s] | None
    ) -> tuple[PreparedCalls | None, tuple[Bools, UInt64s] | None, list[RejectedCall]]:
        """The calls of open days with what is known of them, and the others."""
        fault = sealed_fault(self.open_from_ms)
        is_open = calls.time_ms >= self.open_from_ms
        sealed = [
            RejectedCall(calls.indexes[row], fault, calls.calls[row])
            for row in np.flatnonzero(~is_open).tolist()
        ]
        rows = np.flatnonzero(is_open)
        if not len(rows):
            return None, None, sealed
        return calls.at(rows), stored and (stored[0][rows], stored[1][rows]), sealed

    def _still_new(self, stated: PreparedCalls, corrected: CorrectedCalls) -> bool:
        """Whether no call took one of the new identities since the store was read.

        Memory holds every identity that was taken after `forgotten_position`, the store said all of those up
        to ``known_up_to``: together they know every one, unless memory has let go of later ones meanwhile.
        """
        if self.forgotten_position > corrected.known_up_to:
            return False
        new = corrected.new
        held = self._seen_ids.holds(stated.identity_high[new], stated.identity_low[new])
        return not held.any()

    def _remember(self, stated: PreparedCalls, new: Bools, now_ms: int) -> None:
        self._seen_ids.remember(
            stated.identity_high[new],
            stated.identity_low[new],
            stated.digest[new],
            position=self._journal.appended + 1,
            received_ms=now_ms,
        )

    def _noted_refusals(self, interning: Interning) -> list[Refusal]:
        return [
            Refusal(interning.id_of(Kind.ORGANIZATION, 0, organization), day, reason, requests)
            for (organization, day, reason), requests in sorted(self._refusals.taken().items())
        ]

    def _append(self, frame: Frame) -> int:
        position = self._journal.append(frame)
        self.rows_appended += len(frame.calls)
        return position


@dataclass(frozen=True, slots=True)
class _Judged:
    """What is new of some calls, and what is told of the others."""

    rows: CallColumns = field(default_factory=lambda: np.empty(0, CALL_COLUMNS))
    paths: PackedTexts = NO_TEXT
    conflicts: list[Conflict] = field(default_factory=list)
    names: list[NameUpdate] = field(default_factory=list)
    told: list[CallVerdict] = field(default_factory=list)


def _conflicts(
    calls: PreparedCalls, verdicts: Verdicts, organizations: Int32s, now_ms: int
) -> list[Conflict]:
    return [
        Conflict(
            int(organizations[row]),
            now_ms,
            int(calls.identity_high[row]),
            int(calls.identity_low[row]),
            msgspec.json.encode(calls.calls[row]),
        )
        for row in np.flatnonzero(verdicts == Seen.OTHER).tolist()
    ]


def _told(calls: PreparedCalls, verdicts: Verdicts) -> list[CallVerdict]:
    seen = verdicts.tolist()
    return [
        CallVerdict(calls.indexes[row], _VERDICT_OF[seen[row]], "id", _REASON_OF[seen[row]])
        for row in np.flatnonzero(verdicts != Seen.NEW).tolist()
    ]
