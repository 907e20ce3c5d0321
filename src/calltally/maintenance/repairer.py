"""Repairs calls that were counted more than once."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

import msgspec

from calltally.call_batch import Entry
from calltally.clock import DAY_MS, instant_of
from calltally.dictionary import Dictionary, Kind
from calltally.ingest.corrected_calls import CorrectedCalls, CorrectionNote
from calltally.maintenance.corrections import check_reason
from calltally.maintenance.meter_parts import MeterParts
from calltally.store.doubled_calls import DoubledCalls

CALLS_AT_ONCE = 10_000
"""The most doubled calls that one correction repairs."""


@dataclass(frozen=True, slots=True)
class RepairedCall:
    """A call that was counted ``counted`` times and now counts ``counts`` times: once, or 0 times if it had
    been cancelled. It was accepted at each instant of ``received``."""

    organization: str
    time: datetime
    client_id: str
    user_id: str
    method: str
    route: str
    status: int
    received: tuple[datetime, ...]
    counted: int
    counts: int


@dataclass(frozen=True, slots=True)
class RepairedCalls:
    """The result of one step of a repair; the next step covers the days since ``next_day``."""

    calls: tuple[RepairedCall, ...]
    next_day: date


class Repairer:
    """Withdraws second copies of calls by corrections, which stay in the ledger like all others.

    Every surplus row of a doubled call is withdrawn, and its current content is restated: the first copy of a
    call that was never corrected, else that of the last correction. An interrupted repair has repaired some
    calls completely and the others not at all.
    """

    def __init__(self, parts: MeterParts) -> None:
        self._parts = parts

    async def some(self, since: date, who: str, why: str) -> RepairedCalls | None:
        """Repair up to `CALLS_AT_ONCE` doubled calls since a day; None if there are none.

        Raises `InvalidInputError` for an invalid ``who`` or ``why``, and `BusyError`.
        """
        check_reason("who", who)
        check_reason("why", why)
        parts = self._parts
        known_up_to = await parts.caught_up()
        found = await parts.read(lambda: parts.store.doubled_calls(since, CALLS_AT_ONCE))
        if found is None:
            return None
        mended = await parts.read(lambda: list(_repairs(found)))
        for organization, calls in groupby(
            sorted(mended, key=lambda one: one.organization), lambda one: one.organization
        ):
            await self._correct(known_up_to, found, organization, list(calls), who, why)
        dictionary = parts.store.dictionary
        return RepairedCalls(tuple(one.report(found, dictionary) for one in mended), found.last_day)

    async def _correct(
        self,
        known_up_to: int,
        found: DoubledCalls,
        organization: int,
        calls: list["_Repair"],
        who: str,
        why: str,
    ) -> None:
        withdrawn = found.columns[[row for one in calls for row in one.withdrawn]]
        kept = found.columns[[one.kept for one in calls if one.kept is not None]]
        subject = msgspec.json.encode({"calls": len(calls)}).decode()
        done = self._parts.corrector.correct(
            CorrectedCalls(known_up_to, withdrawn, found.paths, kept=kept),
            self._parts.store.dictionary.text(Kind.ORGANIZATION, organization),
            CorrectionNote(who, why, "repair", subject),
        )
        if done is None:
            raise AssertionError("a repair adds no identities")
        await self._parts.journal.durable.reached(done[0])


@dataclass(frozen=True, slots=True)
class _Repair:
    """One doubled call: the indexes of all its rows, of those to withdraw, and of the one that stays."""

    organization: int
    rows: list[int]
    withdrawn: list[int]
    kept: int | None

    def report(self, found: DoubledCalls, dictionary: Dictionary) -> RepairedCall:
        shown = found.columns[self.rows[0] if self.kept is None else self.kept]
        return RepairedCall(
            dictionary.text(Kind.ORGANIZATION, self.organization),
            instant_of(int(shown["time_ms"])),
            dictionary.text(Kind.CLIENT, int(shown["client"])),
            dictionary.text(Kind.USER, int(shown["user"])),
            dictionary.text(Kind.METHOD, int(shown["method"])),
            dictionary.text(Kind.ROUTE, int(shown["route"])),
            int(shown["status"]),
            tuple(
                instant_of(int(found.received_ms[row]))
                for row in self.rows
                if found.columns["entry"][row] in (Entry.RECEIVED, Entry.ADDED)
            ),
            len(self.withdrawn),
            int(self.kept is not None),
        )


def _repairs(found: DoubledCalls) -> Iterator[_Repair]:
    columns = found.columns
    keys = list(
        zip(
            (columns["time_ms"] // DAY_MS).tolist(),
            columns["organization"].tolist(),
            columns["identity_high"].tolist(),
            columns["identity_low"].tolist(),
            strict=True,
        )
    )
    contents = columns.copy()
    contents["entry"] = 0
    content_of = [content.tobytes() for content in contents]
    is_withdrawal = (columns["entry"] == Entry.WITHDRAWN).tolist()
    for key, group in groupby(range(len(keys)), keys.__getitem__):
        rows = list(group)
        withdrawals = [row for row in rows if is_withdrawal[row]]
        withdrawn = Counter(content_of[row] for row in withdrawals)
        left = []
        for row in reversed([row for row in rows if not is_withdrawal[row]]):
            if withdrawn[content_of[row]] > 0:
                withdrawn[content_of[row]] -= 1
            else:
                left.append(row)
        counted = len(rows) - 2 * len(withdrawals)
        yield _Repair(key[1], rows, left[::-1][:counted], _kept(found, rows, withdrawals))


def _kept(found: DoubledCalls, rows: list[int], withdrawals: list[int]) -> int | None:
    """The current row of the call: its first one, or after corrections the last active one."""
    if not withdrawals:
        return rows[0]
    times, positions = found.columns["time_ms"], found.positions
    active = [
        row
        for row in rows
        if found.columns["entry"][row] != Entry.WITHDRAWN
        and all(times[row] != times[other] or positions[row] >= positions[other] for other in withdrawals)
    ]
    return active[-1] if active else None
