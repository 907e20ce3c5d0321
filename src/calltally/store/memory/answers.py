"""Answers to usage queries, counted naively from single calls."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from calltally.store.memory.ledger import LedgerCall
from calltally.store.time_zone import time_zone
from calltally.usage_query import Metric, UsageQuery, UsageResult, Value
from calltally.window import Granularity, first_of_month, midnight


def usage_of(calls: Iterable[LedgerCall], query: UsageQuery) -> UsageResult:
    """The answer to a query."""
    zone = time_zone(query.time_zone)
    groups: dict[tuple[Value, ...], list[LedgerCall]] = defaultdict(list)
    for call in calls:
        if call.matches(query.organization, query.window, query.where):
            groups[_group(call, query, zone)].append(call)
    counted = {group: calls for group, calls in groups.items() if count_of(calls) > 0}
    if query.granularity is Granularity.TOTAL and not query.group_by:
        counted.setdefault((), [])
    rows = [
        (*group, *(_count(metric, calls, zone) for metric in query.metrics))
        for group, calls in counted.items()
    ]
    ordered = _ordered(rows, query)
    last = None if query.limit is None else query.offset + query.limit
    return UsageResult(query.columns, tuple(ordered[query.offset : last]), len(ordered))


def count_of(calls: Iterable[LedgerCall]) -> int:
    return sum(call.weight for call in calls)


def _group(call: LedgerCall, query: UsageQuery, zone: ZoneInfo) -> tuple[Value, ...]:
    values = tuple(call.value(dimension) for dimension in query.group_by)
    if query.granularity is Granularity.TOTAL:
        return values
    return (_start(call.time, query.granularity, zone), *values)


def _start(instant: datetime, granularity: Granularity, zone: ZoneInfo) -> datetime:
    if granularity is Granularity.HOUR:
        return _start_of_hour(instant, zone)
    day = instant.astimezone(zone).date()
    if granularity is Granularity.WEEK:
        day -= timedelta(days=day.weekday())
    if granularity is Granularity.MONTH:
        day = first_of_month(day)
    return midnight(day, zone)


def _start_of_hour(instant: datetime, zone: ZoneInfo) -> datetime:
    """The start of the instant's hour in a zone, or a later offset change within that hour."""
    start = instant.replace(microsecond=0)
    local = start.astimezone(zone)
    full = start - timedelta(minutes=local.minute, seconds=local.second)
    if full.astimezone(zone).utcoffset() == local.utcoffset():
        return full
    while start > full:
        before = start - timedelta(seconds=1)
        if before.astimezone(zone).utcoffset() != local.utcoffset():
            break
        start = before
    return start


def _count(metric: Metric, calls: Sequence[LedgerCall], zone: ZoneInfo) -> int:
    match metric:
        case Metric.CALLS:
            return count_of(calls)
        case Metric.ACTIVE_DAYS:
            days: dict[date, int] = defaultdict(int)
            for call in calls:
                days[call.time.astimezone(zone).date()] += call.weight
            return sum(count > 0 for count in days.values())
        case Metric.STATUS_429:
            return count_of(call for call in calls if call.status == 429)
        case _:
            hundred = int(metric.removeprefix("status_"))
            return count_of(call for call in calls if hundred <= call.status < hundred + 100)


def _ordered(rows: list[tuple[Value, ...]], query: UsageQuery) -> list[tuple[Value, ...]]:
    """Sorts by the last key first: each further sort is stable."""
    keys = len(query.columns) - len(query.metrics)
    rows = sorted(rows, key=lambda row: row[:keys])
    for ordering in reversed(query.order_by):
        if ordering.column not in query.columns:
            raise ValueError(f"cannot order by {ordering.column}: the rows have no such column")
        column = query.columns.index(ordering.column)
        rows.sort(key=lambda row: row[column], reverse=ordering.descending)
    return rows
