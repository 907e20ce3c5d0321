"""Corrects calls that were already counted."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
import numpy as np

from calltally.call import Call, CallName
from calltally.call_batch import Bools, Correction, UInt64s
from calltally.clock import instant_of
from calltally.errors import BusyError, InvalidInputError, NotFoundError, PrunedError
from calltally.ingest.corrected_calls import CorrectedCalls, CorrectionNote
from calltally.ingest.corrector import FaultyCallError
from calltally.ingest.prepared_calls import PreparedCalls
from calltally.maintenance.call_range import CallRange
from calltally.maintenance.meter_parts import MeterParts, open_from_ms
from calltally.store.usage_store import StoredCalls
from calltally.usage_query import Dimension
from calltally.window import Window, midnight

MAX_CORRECTED = 100_000
"""The most calls that one correction may name or replace."""

MAX_TEXT_BYTES = 1024
"""The most bytes of ``who`` and of ``why``."""

_NAMED_IN_SUBJECT = 100
_TRIES = 10

Identity = tuple[int, int]
_Read = Callable[[int], Awaitable[CorrectedCalls]]
"""Reads what a correction changes from the store, which has at least the given position."""


class Corrections:
    """Cancels, amends and replaces calls; each correction completely or not at all.

    A correction adds ledger rows that withdraw the current rows of its calls, and rows that replace them. The
    current rows are read from the store once it has everything appended. They stay current until the new rows
    are appended, although calls are still being received: an accepted call is changed by corrections only,
    and corrections run one at a time. Only which identities are *new* can change meanwhile, since a sender
    may send one of them; so the ordered step checks this again and has the store read again if needed.

    A crash before the frame is on disk leaves everything unchanged, a crash after it leaves everything
    corrected. A client without a response finds the result in the list of corrections, or corrects again,
    which changes nothing more.
    """

    def __init__(self, parts: MeterParts) -> None:
        self._parts = parts

    async def cancel(self, organization: str, names: Sequence[CallName], who: str, why: str) -> Correction:
        """See `Maintenance.cancel`."""
        _check_number(len(names), "ids")
        names = tuple(dict.fromkeys(names))
        identities = self._parts.corrector.identities(organization, names)
        note = _note(who, why, "cancel", _subject_of(names))

        async def cancelled(known_up_to: int) -> CorrectedCalls:
            found = await self._found(organization, *identities, names)
            return CorrectedCalls(known_up_to, found.columns[found.active], found.paths)

        return await self._correct(organization, note, cancelled)

    async def amend(self, organization: str, calls: Sequence[Call], who: str, why: str) -> Correction:
        """See `Maintenance.amend`."""
        _check_number(len(calls), "calls")
        stated = await self._prepared(organization, calls)
        names = _names_of(stated)
        note = _note(who, why, "amend", _subject_of(names))

        async def amended(known_up_to: int) -> CorrectedCalls:
            found = await self._found(organization, stated.identity_high, stated.identity_low, names)
            nothing_new = np.zeros(len(stated), np.bool_)
            rows = found.columns[found.active]
            return CorrectedCalls(known_up_to, rows, found.paths, stated, nothing_new)

        return await self._correct(organization, note, amended)

    async def replace(
        self,
        organization: str,
        window: Window,
        where: Mapping[Dimension, frozenset[str]],
        calls: Sequence[Call],
        who: str,
        why: str,
    ) -> Correction:
        """See `Maintenance.replace`."""
        if calls:
            _check_number(len(calls), "calls")
        range_ = CallRange(window, where, self._parts.corrector.derive_route)
        range_.check(calls)
        stated = await self._prepared(organization, calls) if calls else None
        note = _note(who, why, "replace", range_.subject(len(calls)))

        async def replaced(known_up_to: int) -> CorrectedCalls:
            if stated is None:
                within = await self._within(organization, range_)
                return CorrectedCalls(known_up_to, within.columns, within.paths)
            # In this order: for a call received in between, the ordered step finds that it is not new.
            known = await self._known(organization, stated.identity_high, stated.identity_low)
            within = await self._within(organization, range_)
            return CorrectedCalls(
                known_up_to, within.columns, within.paths, stated, _added(stated, known, within)
            )

        return await self._correct(organization, note, replaced)

    async def _correct(self, organization: str, note: CorrectionNote, read: _Read) -> Correction:
        """Read and append, again if a sender interfered; returns once the correction is on disk."""
        for _ in range(_TRIES):
            corrected = await read(await self._parts.caught_up())
            try:
                done = self._parts.corrector.correct(corrected, organization, note)
            except FaultyCallError as error:
                raise _refused(corrected.stated.calls if corrected.stated else (), error) from None
            if done is not None:
                position, correction = done
                await self._parts.journal.durable.reached(position)
                return correction
        raise BusyError("senders keep sending the calls to be added", retry_after=5)

    async def _prepared(self, organization: str, calls: Sequence[Call]) -> PreparedCalls:
        """The calls as columns; raises for invalid and for repeated calls."""
        try:
            prepared = await self._parts.read(lambda: self._parts.corrector.prepared(organization, calls))
        except FaultyCallError as error:
            raise _refused(calls, error) from None
        self._check_open(prepared)
        _check_different(prepared)
        return prepared

    def _check_open(self, calls: PreparedCalls) -> None:
        earliest_ms, calls_from = int(calls.time_ms.min()), self._parts.store.calls_from
        if earliest_ms < open_from_ms(calls_from):
            raise PrunedError(midnight(calls_from), instant_of(earliest_ms))

    async def _found(
        self, organization: str, high: UInt64s, low: UInt64s, names: Sequence[CallName]
    ) -> StoredCalls:
        """The current versions of the named calls; raises `NotFoundError` unless every one was counted."""
        found = await self._known(organization, high, low)
        if len(found.columns) < len(names):
            known = set(_pairs(found))
            asked = zip(high.tolist(), low.tolist(), strict=True)
            missing = [name for name, pair in zip(names, asked, strict=True) if pair not in known]
            others = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise NotFoundError(
                f"no call {missing[0].id!r} of origin {missing[0].origin!r}{others} was counted, or its day "
                "was pruned; nothing was corrected"
            )
        return found

    async def _within(self, organization: str, range_: CallRange) -> StoredCalls:
        store = self._parts.store
        found = await self._parts.read(
            lambda: store.calls_within(organization, range_.window, range_.where, MAX_CORRECTED + 1)
        )
        if len(found.columns) > MAX_CORRECTED:
            raise InvalidInputError(
                f"the range has more than {MAX_CORRECTED} calls; replace them in smaller parts",
                field="to",
                received=range_.window.end.isoformat(),
                accepted=f"a range with at most {MAX_CORRECTED} calls",
            )
        return found

    async def _known(self, organization: str, high: UInt64s, low: UInt64s) -> StoredCalls:
        store = self._parts.store
        return await self._parts.read(lambda: store.current_calls(organization, high, low))


def _refused(calls: Sequence[Call], error: FaultyCallError) -> InvalidInputError:
    field = error.fault.field
    return InvalidInputError(
        f"{error}; nothing was corrected",
        field=f"calls[{error.index}].{field}",
        received=getattr(calls[error.index], field, None),
        accepted="calls as for POST /v1/calls",
    )


def _added(stated: PreparedCalls, known: StoredCalls, within: StoredCalls) -> Bools:
    """Which of the stated calls are new; raises `InvalidInputError` for one that is counted outside the
    range."""
    replaced = set(_pairs(within))
    active = dict(zip(_pairs(known), known.active.tolist(), strict=True))
    pairs = list(zip(stated.identity_high.tolist(), stated.identity_low.tolist(), strict=True))
    for row, pair in enumerate(pairs):
        if active.get(pair) and pair not in replaced:
            raise InvalidInputError(
                f"call {row} is already counted outside the range; amend it or omit it",
                field=f"calls[{row}].id",
                received=stated.calls[row].id,
                accepted="ids of replaced calls, or ids that were never counted",
            )
    return np.array([pair not in active for pair in pairs], np.bool_)


def _names_of(calls: PreparedCalls) -> list[CallName]:
    return [CallName(call.origin, call.id) for call in calls.calls]


def _pairs(calls: StoredCalls) -> list[Identity]:
    columns = calls.columns
    return list(zip(columns["identity_high"].tolist(), columns["identity_low"].tolist(), strict=True))


def _note(who: str, why: str, action: str, subject: Mapping[str, object]) -> CorrectionNote:
    for field, text in (("who", who), ("why", why)):
        check_reason(field, text)
    return CorrectionNote(who, why, action, msgspec.json.encode(subject).decode())


def check_reason(field: str, text: str) -> None:
    """Raise `InvalidInputError` unless a text can be recorded as ``who`` or ``why`` of an operation."""
    size = len(text.encode(errors="replace"))
    if not text.strip() or "\x00" in text or size > MAX_TEXT_BYTES or not _is_unicode(text):
        raise InvalidInputError(
            f"{field} is missing, too long or not a text",
            field=field,
            received=text[:80],
            accepted=f"a text of 1 to {MAX_TEXT_BYTES} bytes",
        )


def _is_unicode(text: str) -> bool:
    return text == text.encode(errors="replace").decode()


def _subject_of(names: Sequence[CallName]) -> dict[str, object]:
    """The first of the calls, and their number."""
    return {
        "calls": len(names),
        "ids": [{"origin": name.origin, "id": name.id} for name in names[:_NAMED_IN_SUBJECT]],
    }


def _check_number(number: int, field: str) -> None:
    if not 1 <= number <= MAX_CORRECTED:
        raise InvalidInputError(
            f"{number} calls were given",
            field=field,
            received=number,
            accepted=f"1 to {MAX_CORRECTED} calls in one correction",
        )


def _check_different(calls: PreparedCalls) -> None:
    pairs = list(zip(calls.identity_high.tolist(), calls.identity_low.tolist(), strict=True))
    first: dict[Identity, int] = {}
    for row, pair in enumerate(pairs):
        if first.setdefault(pair, row) != row:
            raise InvalidInputError(
                f"call {row} has the id of call {first[pair]}",
                field=f"calls[{row}].id",
                received=calls.calls[row].id,
                accepted="each call once",
            )
