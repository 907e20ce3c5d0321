"""Prunes old calls and counts."""

from dataclasses import dataclass
from datetime import date

from calltally.clock import instant_of
from calltally.errors import DamagedDataError, InvalidInputError
from calltally.maintenance.meter_parts import MeterParts, open_from_ms
from calltally.maintenance.text_removal import TextRemoval
from calltally.maintenance.verification import Verification
from calltally.store.audit import Difference


@dataclass(frozen=True, slots=True)
class PruneReport:
    """The numbers of pruned ledger rows, of calls in pruned counts and of removed texts; the first days kept.

    The days are None if nothing was ever pruned.
    """

    calls: int
    counts: int
    texts: int
    calls_from: date | None
    counts_from: date | None


class Pruner:
    """Deletes calls, and counts, of days before one permanently, after a recount of everything.

    In this order. A crash after a step leaves the state described there:

    1. everything is recounted; with a difference the operation ends.
    2. the days are sealed: the ordered step rejects their calls from here on. The seal is in memory; after a
       crash the days are open again, and senders whose calls were rejected may send them again.
    3. what was appended before the seal is applied. If there was anything, everything is recounted again;
       with a difference the seal is lifted.
    4. the store deletes day by day and moves its first day with each, in one transaction; deleted days are
       gone and sealed, the others unchanged, and pruning again continues there.
    5. unused texts are removed; see `TextRemoval`.
    """

    def __init__(self, parts: MeterParts, verification: Verification) -> None:
        self._parts = parts
        self._verification = verification
        self._texts = TextRemoval(parts)

    async def prune(self, calls_before: date | None, counts_before: date | None) -> PruneReport:
        """See `Maintenance.prune`."""
        store = self._parts.store
        self._check(calls_before, counts_before)
        calls = counts = 0
        if calls_before is not None and calls_before > store.calls_from:
            calls = await self._prune_calls(calls_before)
        if counts_before is not None and counts_before > store.counts_from:
            day = counts_before
            counts = await self._parts.read(lambda: store.prune_counts(day))
        texts = await self._texts.remove()
        return PruneReport(calls, counts, texts, _kept(store.calls_from), _kept(store.counts_from))

    async def _prune_calls(self, before: date) -> int:
        store, step = self._parts.store, self._parts.step
        recounted = await self._parts.caught_up()
        await self._recount()
        try:
            step.open_from_ms = open_from_ms(before)
            if await self._parts.caught_up() > recounted:
                await self._recount()
            return await self._parts.read(lambda: store.prune_calls(before))
        finally:
            step.open_from_ms = open_from_ms(store.calls_from)

    async def _recount(self) -> None:
        async for step in self._verification.store():
            if step.differences:
                raise DamagedDataError(
                    "a recount before pruning found a difference, and nothing was pruned: "
                    f"{_described(step.differences[0])}; calltally verify lists all of them"
                )

    def _check(self, calls_before: date | None, counts_before: date | None) -> None:
        today = instant_of(self._parts.clock.now_ms()).date()
        if calls_before is not None and calls_before > today:
            raise InvalidInputError(
                "days that are not over cannot be pruned",
                field="calls_before",
                received=calls_before.isoformat(),
                accepted=f"a date up to {today.isoformat()}",
            )
        calls_from = max(self._parts.store.calls_from, calls_before or date.min)
        if counts_before is not None and counts_before > calls_from:
            raise InvalidInputError(
                "counts cannot be pruned while the calls of their days are kept",
                field="counts_before",
                received=counts_before.isoformat(),
                accepted=f"a date up to {calls_from.isoformat()}",
            )


def _described(difference: Difference) -> str:
    day = difference.day.isoformat() if difference.day else "no day"
    return (
        f"{difference.what} of {difference.organization or 'no organization'}, {day}, {difference.key}: "
        f"stored is {difference.stored}, recounted {difference.recounted}"
    )


def _kept(day: date) -> date | None:
    return None if day == date.min else day
