"""Automatic pruning, once a day."""

import asyncio
from datetime import date, timedelta

import structlog

from calltally.clock import Clock, instant_of
from calltally.errors import BusyError, CalltallyError
from calltally.maintenance.maintenance import Maintenance

log = structlog.get_logger()

_LOOK_SECONDS = 60.0


class Retention:
    """Keeps calls for ``calls_days`` days before today, and counts for ``counts_days``; 0 keeps them for
    ever."""

    def __init__(self, maintenance: Maintenance, clock: Clock, *, calls_days: int, counts_days: int) -> None:
        self._maintenance = maintenance
        self._clock = clock
        self._calls_days = calls_days
        self._counts_days = counts_days
        self._done: date | None = None

    async def run(self) -> None:
        """Prune now, and whenever a new UTC day has begun, until cancelled."""
        if not self._calls_days and not self._counts_days:
            return
        while True:
            await self.prune_when_due()
            await asyncio.sleep(_LOOK_SECONDS)

    async def prune_when_due(self) -> None:
        """Prune unless done today. Errors are logged; if the meter is busy, it is retried soon."""
        today = instant_of(self._clock.now_ms()).date()
        if today == self._done:
            return
        try:
            report = await self._maintenance.prune(*self.days(today))
        except BusyError as error:
            log.info("pruning is delayed", reason=str(error))
            return
        except CalltallyError as error:
            log.error("pruning failed; the next try is tomorrow", reason=str(error))
        except Exception:  # nothing is half pruned; the next day retries
            log.exception("pruning failed; the next try is tomorrow")
        else:
            log.info("pruned", calls=report.calls, counts=report.counts, texts=report.texts)
        self._done = today

    def days(self, today: date) -> tuple[date | None, date | None]:
        """The days before which calls and counts may be pruned. Counts stay as long as their calls."""
        calls = today - timedelta(self._calls_days) if self._calls_days else None
        counts = today - timedelta(self._counts_days) if self._counts_days else None
        if counts is not None and calls is not None:
            counts = min(counts, calls)
        return calls, counts if calls is not None else None
