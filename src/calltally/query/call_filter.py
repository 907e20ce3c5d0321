"""How much a store contains, for its owner: of all organizations, or of a selection."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from calltally.dictionary import Kind
from calltally.store.usage_store import UsageStore
from calltally.usage_query import Dimension, Metric, UsageQuery
from calltally.window import Window, midnight

_FIRST_DAY = date(1970, 1, 1)
_END = datetime(9999, 1, 1, tzinfo=UTC)
EVERYTHING = Window(midnight(_FIRST_DAY), _END)


@dataclass(frozen=True, slots=True)
class Holdings:
    """The numbers of counted calls, of organizations, and of UTC days summed over organizations."""

    calls: int = 0
    organizations: int = 0
    days: int = 0


@dataclass(frozen=True, slots=True)
class Prunable:
    """What pruning would delete, and since when calls and counts are retained; None while all are."""

    calls: Holdings
    counts: Holdings
    calls_from: date | None
    counts_from: date | None


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Selects calls of an organization, or of all organizations if None, that match ``where``."""

    organization: str | None = None
    where: Mapping[Dimension, frozenset[str]] = field(default_factory=dict)


EVERYBODY = CallFilter()


def holdings(store: UsageStore, window: Window = EVERYTHING, holder: CallFilter = EVERYBODY) -> Holdings:
    """What is counted within a window of whole UTC days; days whose counts were pruned count nothing."""
    start = max(window.start, midnight(max(store.counts_from, _FIRST_DAY)))
    if start >= window.end:
        return Holdings()
    every = store.dictionary.every_text(Kind.ORGANIZATION)
    calls = organizations = days = 0
    for organization in every if holder.organization is None else [holder.organization]:
        query = UsageQuery(
            organization=organization,
            window=Window(start, window.end),
            where=holder.where,
            metrics=(Metric.CALLS, Metric.ACTIVE_DAYS),
        )
        (row,) = store.usage(query).records()
        calls += int(str(row[Metric.CALLS]))
        days += int(str(row[Metric.ACTIVE_DAYS]))
        organizations += row[Metric.CALLS] != 0
    return Holdings(calls, organizations, days)


def prunable(store: UsageStore, calls_before: date | None, counts_before: date | None) -> Prunable:
    """What deleting the calls, and the counts, of the days before one would delete; None deletes none."""
    return Prunable(
        _between(store, store.calls_from, calls_before),
        _between(store, store.counts_from, counts_before),
        _kept(store.calls_from),
        _kept(store.counts_from),
    )


def _between(store: UsageStore, first: date, end: date | None) -> Holdings:
    first = max(first, _FIRST_DAY)
    if end is None or end <= first:
        return Holdings()
    return holdings(store, Window(midnight(first), midnight(end)))


def _kept(day: date) -> date | None:
    return day if day > _FIRST_DAY else None
