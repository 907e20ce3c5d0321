"""The one ordered step: verdicts, dictionary ids and the journal's frame, all in one order."""

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
from calltally.ingest.identities.seen_ids import Seen, SeenIds, VerdictCodes
from calltally.ingest.kernel import KernelCalls
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
"""With so many rejected calls, conflicts and new texts a step ends: each takes as long as ten calls do."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one step decided, and the journal position that must be durable before anyone is told.

    ``told`` has for each slice that was judged the verdicts on the calls that the step did not accept.
    """

    position: int
    told: list[list[CallVerdict]]


class OrderedStep:
    """Judges calls and puts what is new into the journal, as one step that nothing interleaves.

    The order of steps is the order of journal positions, so that what a step knows of the calls before it is
    durable when its own frame is. Corrections and erasures are such steps too. Only one thread may call its
    methods, and nothing in them waits.

    A step that fails half-way has remembered identities and given ids that no frame carries. Nothing that
    came later could be believed, so it gives the journal up, which ends the process; a restart knows only
    what is on disk.
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
        self._used_texts: UsedTexts | None = None  # while unused ones are being removed

    @property
    def derive_route(self) -> Callable[[str], str]:
        """The route that a path gives to a call without one, as long as there is room for routes."""
        return self._routes.derive

    @property
    def has_route_patterns(self) -> bool:
        """Whether routes are made by rules that only `derive_route` knows."""
        return self._routes.has_patterns

    @property
    def forgotten(self) -> Evicted:
        """What must be looked up in the store before it is judged."""
        return self._seen_ids.forgotten

    @property
    def refused_texts(self) -> Mapping[str, int]:
        """How many calls were rejected for one text too many, by field."""
        return self._bounds.refused

    def surely_holds(self, slice_: CheckedSlice) -> bool:
        """Whether there is room for all texts of a slice, even if every one is new."""
        return slice_.calls is None or self._bounds.surely_hold(slice_.calls)

    def take(self, slices: Sequence[CheckedSlice], now_ms: int) -> StepResult:
        """Judges calls of one or many requests in their order, and books them with those that were rejected.

        As many slices are judged as do not hold up the event loop for long: one at least, and all of them
        unless many of their calls are rejected, are conflicts or bring new texts.

        Calls of sealed days are rejected here, whether their identity is known or not, and new calls with
        more texts than their organization may have. Rejected calls are booked to the sender's own
        organization. Raises `ValueError`, changing nothing, when what a slice
        received is not the sum of both.
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
        """The calls of a correction that would bring more texts than the organization may have."""
        if self._bounds.surely_hold(stated):
            return []
        return self._bounds.excess(stated, organization, np.zeros(len(stated), np.bool_))

    def correct(
        self, corrected: CorrectedCalls, organization: str, note: CorrectionNote, now_ms: int
    ) -> tuple[int, Correction] | None:
        """Puts a correction's rows into the journal, and remembers the identities that it adds.

        Returns its position and what was noted; None, changing nothing, when what was read from the store
        does not decide any more which identities are new: then it must be read again.
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
        """Lets a user or an account go by another text from here on, also in everything received before.

        A later call with the text gets an id of its own. Returns the position of the erasure.
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
        """Within it is noted which texts calls use, so that `forget_texts` keeps them."""
        self._used_texts = UsedTexts(self._dictionary)
        try:
            yield
        finally:
            self._used_texts = None

    def forget_texts(self, unused: TextNumbers) -> TextNumbers:
        """Forgets the texts that no call used since it is noted, and returns those; a call that names one of
        them later gives it another id.

        Of everything appended before that, nothing may have any of ``unused``.
        """
        if self._used_texts is None:
            raise RuntimeError("nobody noted which texts calls use")
        texts = self._used_texts.without_used(unused)
        if len(texts):
            with self._as_a_whole():
                self._dictionary.forget(texts)
                self._rows.forget_ids()
        return texts

    def refuse(self, organization: str, reason: str, now_ms: int) -> None:
        """Notes a request that was refused as a whole; the next frame takes it along."""
        self._refusals.note(organization, reason, now_ms)

    def append_refusals(self, now_ms: int) -> None:
        """Makes a frame of the refusals that no other frame took along; none when there are none."""
        with self._as_a_whole():
            interning = self._interning()
            if refusals := self._noted_refusals(interning):
                self._append(Frame(now_ms, values=interning.values, refusals=refusals))

    @contextmanager
    def _as_a_whole(self) -> Iterator[None]:
        try:
            yield
        except JournalFailedError:  # nothing is acknowledged any more as it is
            raise
        except Exception as error:
            self._journal.give_up(error)
            raise

    def _judge(
        self, slice_: CheckedSlice, interning: DictionaryEncoder, made: "_Made", now_ms: int
    ) -> list[CallVerdict]:
        """Puts one slice into what the step makes; the verdicts on calls that are not accepted."""
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
        if isinstance(calls, KernelCalls):
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
        """Whether no call took one of the new identities since the store was read.

        The seen ids hold every identity that was taken after the forgotten ones, the store said all of those
        up to ``known_up_to``: together they know every one, unless later ones were let go meanwhile.
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
    """What one step makes of its slices."""

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
