"""What is retained after pruning, and which queries it can answer."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from calltally.clock import instant_ms
from calltally.errors import PrunedError
from calltally.store.offset_spans import offset_spans
from calltally.store.time_zone import time_zone
from calltally.usage_query import Dimension, Metric, UsageQuery
from calltally.window import Granularity, Window, midnight

NEVER_PRUNED = date.min

COUNTED_BY = (
    frozenset({Dimension.ROUTE, Dimension.METHOD}),
    frozenset({Dimension.SOURCE_ID, Dimension.ACCOUNT_ID}),
    frozenset({Dimension.CLIENT_ID, Dimension.USER_ID, Dimension.ROUTE, Dimension.METHOD}),
)
"""The dimensions whose counts by whole UTC days remain when calls are pruned; a status class may be added."""

_LAST_OF_INTEREST = datetime(2100, 1, 1, tzinfo=UTC)
"""A zone without an offset until then has none later: the current rules repeat."""


@dataclass(frozen=True, slots=True)
class Retained:
    """Every call since ``calls_from`` and the counts of every day since ``counts_from``."""

    calls_from: date = NEVER_PRUNED
    counts_from: date = NEVER_PRUNED

    def demand(self, query: UsageQuery) -> None:
        """Raise `PrunedError` for a query that the retained data cannot answer.

        Depends on the query only, not on which calls exist.
        """
        self.demand_counts(query.window)
        if self.calls_from > NEVER_PRUNED:
            needed = _first_call_needed(query)
            if needed is not None and needed < midnight(self.calls_from):
                raise PrunedError(midnight(self.calls_from), needed)

    def demand_calls(self, window: Window) -> None:
        """Raise `PrunedError` unless all calls of a window are retained."""
        if self.calls_from > NEVER_PRUNED and window.start < midnight(self.calls_from):
            raise PrunedError(midnight(self.calls_from), window.start)

    def demand_counts(self, window: Window) -> None:
        """Raise `PrunedError` unless the counts of all days of a window are retained."""
        if self.counts_from > NEVER_PRUNED and window.start < midnight(self.counts_from):
            raise PrunedError(midnight(self.counts_from), window.start, needed="counts")


def _first_call_needed(query: UsageQuery) -> datetime | None:
    """The start of the part that needs calls; None if the counts of whole UTC days suffice."""
    start, end = query.window.start, query.window.end
    if start == end:
        return None
    if start != _midnight_before(start) or _needs_calls(query):
        return start
    last = _midnight_before(end)
    return last if last < end else None


def _needs_calls(query: UsageQuery) -> bool:
    if query.granularity is Granularity.HOUR or query.as_of is not None:
        return True
    dimensions = {*query.group_by, *query.where} - {Dimension.STATUS_CLASS}
    if not any(dimensions <= counted for counted in COUNTED_BY):
        return True
    needs_days = query.granularity is not Granularity.TOTAL or Metric.ACTIVE_DAYS in query.metrics
    return needs_days and not _days_are_utc(query)


def _days_are_utc(query: UsageQuery) -> bool:
    if query.time_zone == "UTC":
        return True
    end = min(query.window.end, _LAST_OF_INTEREST)
    spans = offset_spans(time_zone(query.time_zone), instant_ms(query.window.start), instant_ms(end))
    return all(span.offset_ms == 0 for span in spans)


def _midnight_before(instant: datetime) -> datetime:
    return midnight(instant.astimezone(UTC).date())
