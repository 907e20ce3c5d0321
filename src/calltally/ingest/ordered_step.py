"""The ordered step: verdicts, dictionary ids and the journal's frame, all in one order."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import repeat

import numpy as np

from calltally.call_batch import Bools, Conflict, Correction, Erasure, Refusal, RejectedSample
from calltally.dictionary import Dictionary, Kind, TextNumbers
from calltally.identity_key import IdentityKey
from calltally.ingest.call_rules import Fault, sealed_fault
from calltally.ingest.call_slices import CheckedSlice, JudgeableCalls, RejectedCall
from calltally.ingest.corrected_calls import CorrectedCalls, CorrectionNote
from calltally.ingest.dictionary_encoder import DictionaryEncoder
from calltally.ingest.encoded_rows import EncodedRows, RowBuffer, RowEncoder
from calltally.ingest.identities.generations import Evicted
from calltally.ingest.identities.identity_table import VerdictCodes
from calltally.ingest.identities.seen_ids import Seen, SeenIds
from calltally.ingest.native_calls import NativeCalls
from calltally.ingest.outcome_tally import ConflictBuffer, OutcomeTally, RefusalTally, RejectSamples
from calltally.ingest.prepared_calls import PreparedCalls
from calltally.ingest.receipt import CallVerdict, Verdict
from calltally.ingest.routes import RouteNamer
from calltally.ingest.text_bounds import USUAL_LIMITS, TextBounds, TextLimits
from calltally.ingest.used_texts import UsedTexts
from calltally.journal.frame import Frame
from calltally.journal.journal import Journal, JournalFailedError

_VERDICT_OF = {Seen.SAME: Verdict.DUPLICATE, Seen.OTHER: Verdict.CONFLICT}
_REASON_OF = {
    Seen.SAME: "a call with this id and the same content was counted before",
    Seen.OTHER: "a call with this id and other content was counted before; that one stays",
}

_MUCH_WORK = 1000
"""The rejected calls, conflicts and new texts after which a step ends: each takes as long as ten calls."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """The result of one step, and the journal position that must be durable before any response.

    ``told`` has, for each slice that was judged, the verdicts on the calls that the step did not accept.
    """

    position: int
    told: list[list[CallVerdict]]


class OrderedStep:
    """Judges calls and appends the new ones to the journal, as one step without interleaving.

    The order of steps is the order of journal positions, so whatever a step uses of earlier calls is durable
    when its own frame is. Corrections and erasures are such steps too. Only one thread may call its methods,
    and none of them blocks.

    A step that fails half-way has remembered identities and assigned ids that no frame has. Later results
    would be wrong, so it fails the journal, which ends the process; a restart uses only what is on disk.
    """

    def __init__(
        self,
        journal: Journal,
        dictionary: Dictionary,
        seen_ids: SeenIds,
        routes: RouteNamer,
        identity_key: IdentityKey,
        *,
        open_from_ms: int = 0,
        text_limits: TextLimits = USUAL_LIMITS,
    ) -> None:
        """Calls before ``open_from_ms``, the start of a UTC day, are in sealed days."""
        self.identity_key = identity_key
        self.open_from_ms = open_from_ms
        self.rows_appended = 0
        self._journal = journal
        self._dictionary = dictionary
        self._seen_ids = seen_ids
        self._routes = routes
        self._most_memory = text_limits.memory
        self._bounds = TextBounds(dictionary, text_limits)
        self._rows = RowEncoder(dictionary)
        self._samples = RejectSamples()
        self._conflicts = ConflictBuffer()
        self._refusals = RefusalTally()
        self._used_texts: UsedTexts | None = None  # set while unused texts are being removed

    @property
    def derive_route(self) -> Callable[[str], str]:
        """The function from a path to the derived route of a call without one, within the limit of routes."""
        return self._routes.derive

    @property
    def has_route_patterns(self) -> bool:
        """Whether routes are derived by patterns that only `derive_route` applies."""
        return self._routes.has_patterns

    @property
    def forgotten(self) -> Evicted:
        """What must be looked up in the store before judging."""
        return self._seen_ids.forgotten

    @property
    def refused_texts(self) -> Mapping[str, int]:
        """How many calls were rejected because of a limit on texts, by field."""
        return self._bounds.refused

    def surely_holds(self, slice_: CheckedSlice) -> bool:
        """Whether all texts of a slice fit the limits, even if every one is new."""
        return slice_.calls is None or self._bounds.surely_hold(slice_.calls)

    def take(self, slices: Sequence[CheckedSlice], now_ms: int) -> StepResult:
        """Judge calls of one or many requests in order, and record all their outcomes.

        Judges only as many slices as do not block the event loop for long: at least one, and all of them
        unless many of their calls are rejected, are conflicts or have new texts.

        Rejects calls of sealed days, whether or not their identity is known, and new calls with more texts
        than their organization may have. Rejected calls count for the sender's own organization. Raises
        `ValueError`, changing nothing, if the received calls of a slice are not the sum of its judged and
        rejected calls.
        """
        for slice_ in slices:
            judged = len(slice_.rejected) + (len(slice_.calls) if slice_.calls is not None else 0)
            if slice_.received != judged:
                raise ValueError(f"{slice_.received} calls were received, but {judged} judged")
        with self._as_a_whole():
            interning = self._interning()
            made = _Made(OutcomeTally(now_ms))
            told: list[list[CallVerdict]] = []
            for slice_ in slices:
                told.append(self._judge(slice_, interning, made, now_ms))
                if made.rejected + len(made.conflicts) + len(interning.values) >= _MUCH_WORK:
                    break
            refusals = self._noted_refusals(interning)
            rows, paths, names = made.rows.joined()
            frame = Frame(
                received_ms=now_ms,
                calls=rows,
                paths=paths,
                values=interning.values,
                outcomes=made.books.outcomes(),
                conflicts=made.conflicts,
                names=names,
                rejections=made.books.rejections(),
                samples=made.samples,
                refusals=refusals,
            )
            return StepResult(self._append(frame), told)

    def excess(self, stated: PreparedCalls, organization: str) -> list[tuple[int, Fault]]:
        """The calls of a correction whose texts exceed the organization's limits."""
        if self._bounds.surely_hold(stated):
            return []
        return self._bounds.excess(stated, organization, np.zeros(len(stated), np.bool_))

    def correct(
        self, corrected: CorrectedCalls, organization: str, note: CorrectionNote, now_ms: int
    ) -> tuple[int, Correction] | None:
        """Append a correction's rows to the journal, and remember the identities that it adds.

        Returns its position and what was recorded; None, changing nothing, if the data read from the store no
        longer determine which identities are new: then they must be read again.
        """
        stated = corrected.stated
        with self._as_a_whole():
            if stated is not None and not self._still_new(stated, corrected):
                return None
            return self._corrected(corrected, stated, organization, note, now_ms)

    def _corrected(
        self,
        corrected: CorrectedCalls,
        stated: PreparedCalls | None,
        organization: str,
        note: CorrectionNote,
        now_ms: int,
    ) -> tuple[int, Correction]:
        interning = self._interning()
        organization_id = interning.id_of(Kind.ORGANIZATION, 0, organization)
        made = EncodedRows.joined([])
        if stated is not None:
            every = np.arange(len(stated))
            owners = np.full(len(stated), organization_id, np.int32)
            made = self._rows.rows(stated, every, owners, interning)
            self._remember(stated, corrected.new, now_ms)
        rows, paths = corrected.joined(made.rows, made.paths)
        added = int(np.count_nonzero(corrected.new))
        correction = Correction(
            organization_id,
            now_ms,
            *note,
            withdrawn=len(corrected.withdrawn),
            restated=len(corrected.kept) + (0 if stated is None else len(stated)) - added,
            added=added,
        )
        frame = Frame(now_ms, rows, paths, interning.values, names=made.names, correction=correction)
        return self._append(frame), correction

    def erase(
        self, kind: Kind, organization: str, text: str, replacement: str, who: str, why: str, now_ms: int
    ) -> int:
        """Rename a user or an account from here on, also in everything received before.

        A later call with the text gets a new id. Returns the position of the erasure.
        """
        with self._as_a_whole():
            interning = self._interning()
            organization_id = interning.id_of(Kind.ORGANIZATION, 0, organization)
            erasure = Erasure(kind, organization_id, text, replacement, now_ms, who, why)
            position = self._append(Frame(now_ms, values=interning.values, erasure=erasure))
            self._dictionary.rename(kind, organization_id, text, replacement)
            self._rows.forget(kind, organization, text)
            return position

    @contextmanager
    def noting_used_texts(self) -> Iterator[None]:
        """Record within it which texts calls use, so that `forget_texts` keeps them."""
        self._used_texts = UsedTexts(self._dictionary)
        try:
            yield
        finally:
            self._used_texts = None

    def forget_texts(self, unused: TextNumbers) -> TextNumbers:
        """Drop and return the texts that no call has used since recording began.

        A later call with one of them gives it another id. Nothing appended before that may have any of
        ``unused``.
        """
        if self._used_texts is None:
            raise RuntimeError("the use of texts is not being recorded")
        texts = self._used_texts.without_used(unused)
        if len(texts):
            with self._as_a_whole():
                self._dictionary.forget(texts)
                self._rows.forget_ids()
        return texts

    def refuse(self, organization: str, reason: str, now_ms: int) -> None:
        """Record a request that was refused entirely; the next frame includes it."""
        self._refusals.note(organization, reason, now_ms)

    def append_refusals(self, now_ms: int) -> None:
        """Append a frame with the refusals that no other frame included, if there are any."""
        with self._as_a_whole():
            interning = self._interning()
            if refusals := self._noted_refusals(interning):
                self._append(Frame(now_ms, values=interning.values, refusals=refusals))

    @contextmanager
    def _as_a_whole(self) -> Iterator[None]:
        try:
            yield
        except JournalFailedError:  # nothing more is acknowledged anyway
            raise
        except Exception as error:
            self._journal.give_up(error)
            raise

    def _judge(
        self, slice_: CheckedSlice, interning: DictionaryEncoder, made: "_Made", now_ms: int
    ) -> list[CallVerdict]:
        """Add one slice to the step's frame; returns the verdicts on calls that are not accepted."""
        if slice_.calls is not None and slice_.calls.earliest_ms < self.open_from_ms:
            slice_ = self._without_sealed(slice_, slice_.calls)
        if slice_.calls is not None and not self.surely_holds(slice_):
            slice_ = self._within_bounds(slice_, slice_.calls)
        told: list[CallVerdict] = []
        if slice_.rejected:
            organization = interning.id_of(Kind.ORGANIZATION, 0, slice_.sender)
            made.books.reject(organization, slice_.rejected)
            made.rejected += len(slice_.rejected)
            made.samples += self._samples.of(organization, slice_.rejected, now_ms)
            told += [CallVerdict(one.place, Verdict.REJECTED, *one.fault[1:]) for one in slice_.rejected]
        calls = slice_.calls
        if calls is not None:
            verdicts = self._seen_ids.judge(
                calls.identity_high,
                calls.identity_low,
                calls.digest,
                position=self._journal.appended + 1,
                received_ms=now_ms,
                latest_ms=calls.latest_ms,
                stored=slice_.stored,
            )
            judged = self._rows.accept(calls, verdicts, interning, made.rows)
            made.books.judge(judged)
            if any(one.conflict for one in judged):
                organizations = self._rows.organizations(calls, interning)
                made.conflicts += self._conflicts.of(calls, verdicts, organizations, now_ms)
            if any(one.duplicate or one.conflict for one in judged):
                told += _told(calls, verdicts)
        return sorted(told, key=lambda verdict: verdict.index)

    def _without_sealed(self, slice_: CheckedSlice, calls: JudgeableCalls) -> CheckedSlice:
        """The slice with its calls of sealed days rejected."""
        fault = sealed_fault(self.open_from_ms)
        is_open = calls.time_ms >= self.open_from_ms
        sealed = [
            RejectedCall(calls.place(row), fault, calls.call(row))
            for row in np.flatnonzero(~is_open).tolist()
        ]
        return slice_.without(sealed, np.flatnonzero(is_open))

    def _within_bounds(self, slice_: CheckedSlice, calls: JudgeableCalls) -> CheckedSlice:
        """The slice with its calls rejected that would bring too many texts."""
        if isinstance(calls, NativeCalls):
            owner = self._dictionary.find(Kind.ORGANIZATION, 0, calls.organization)
            if owner is not None and self._rows.knows(calls, owner):
                return slice_
        prepared = calls if isinstance(calls, PreparedCalls) else calls.at(np.arange(len(calls)))
        taken = self._seen_ids.holds(prepared.identity_high, prepared.identity_low)
        if slice_.stored is not None:
            taken = taken | slice_.stored[0]
        excess = self._bounds.excess(prepared, slice_.sender, taken)
        if not excess:
            return slice_
        rejected = [RejectedCall(prepared.place(row), fault, prepared.call(row)) for row, fault in excess]
        kept = np.delete(np.arange(len(prepared)), [row for row, _ in excess])
        return replace(slice_, calls=prepared).without(rejected, kept)

    def _interning(self) -> DictionaryEncoder:
        return DictionaryEncoder(self._dictionary, self._routes, self._most_memory)

    def _still_new(self, stated: PreparedCalls, corrected: CorrectedCalls) -> bool:
        """Whether no call has used one of the new identities since the store was read.

        The seen ids have every identity accepted after the evicted ones, and the store returned all of those
        up to ``known_up_to``: together they are complete, unless later ones were evicted meanwhile.
        """
        if self.forgotten.position > corrected.known_up_to:
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
            latest_ms=int(stated.time_ms.max()),
        )

    def _noted_refusals(self, interning: DictionaryEncoder) -> list[Refusal]:
        return [
            Refusal(interning.id_of(Kind.ORGANIZATION, 0, organization), day, reason, requests)
            for (organization, day, reason), requests in sorted(self._refusals.taken().items())
        ]

    def _append(self, frame: Frame) -> int:
        position = self._journal.append(frame)
        self.rows_appended += len(frame.calls)
        if self._used_texts is not None:
            self._used_texts.note(frame.calls)
        return position


@dataclass(slots=True)
class _Made:
    """The frame of one step while it is built."""

    books: OutcomeTally
    rejected: int = 0
    rows: RowBuffer = field(default_factory=RowBuffer)
    conflicts: list[Conflict] = field(default_factory=list)
    samples: list[RejectedSample] = field(default_factory=list)


def _told(calls: JudgeableCalls, verdicts: VerdictCodes) -> list[CallVerdict]:
    rows = np.flatnonzero(verdicts != Seen.NEW)
    seen = verdicts[rows].tolist()
    return list(
        map(
            CallVerdict,
            map(calls.place, rows.tolist()),
            map(_VERDICT_OF.__getitem__, seen),
            repeat("id"),
            map(_REASON_OF.__getitem__, seen),
        )
    )
