"""The executable definition of the seam: every answer counted naively from plain calls."""

import secrets
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from calltally.call_batch import CallBatch, Conflict, Int64s, Outcome, UInt64s
from calltally.clock import instant_of
from calltally.dictionary import Dictionary, Kind
from calltally.store.time_zone import time_zone
from calltally.store.usage_store import THINGS, Identities
from calltally.usage_query import (
    Dimension,
    Metric,
    SourceActivity,
    StatusClass,
    UsageQuery,
    UsageResult,
    Value,
)
from calltally.window import Granularity, Window, first_of_month, midnight


class MemoryUsageStore:
    """A `UsageStore` that keeps plain calls in a list and forgets everything when the process ends.

    Made to be obviously right, not fast: other stores are compared with it. Questions work on a copy of the
    list, which `apply` extends in one step, so each sees a whole number of batches.
    """

    def __init__(self) -> None:
        self._dictionary = Dictionary()
        self._identity_seed = secrets.randbits(63)
        self._position = 0
        self._calls: list[_StoredCall] = []
        self._outcomes: list[Outcome] = []
        self._conflicts: list[Conflict] = []

    @property
    def dictionary(self) -> Dictionary:
        return self._dictionary

    @property
    def identity_seed(self) -> int:
        return self._identity_seed

    @property
    def position(self) -> int:
        return self._position

    def apply(self, batch: CallBatch) -> None:
        if batch.first_position != self._position + 1:
            raise ValueError(f"a batch from {batch.first_position} cannot follow {self._position}")
        self._dictionary.load(batch.values)
        self._calls.extend(_decoded(batch, self._dictionary))
        self._outcomes.extend(batch.outcomes)
        self._conflicts.extend(batch.conflicts)
        self._position = batch.last_position

    def usage(self, query: UsageQuery) -> UsageResult:
        zone = time_zone(query.time_zone)
        groups: dict[tuple[Value, ...], list[_StoredCall]] = defaultdict(list)
        if query.granularity is Granularity.TOTAL and not query.group_by:
            groups[()] = []
        for call in tuple(self._calls):
            if _is_asked_for(call, query):
                groups[_group(call, query, zone)].append(call)
        rows = [
            (*group, *(_count(metric, calls, zone) for metric in query.metrics))
            for group, calls in groups.items()
        ]
        ordered = _ordered(rows, query)
        last = None if query.limit is None else query.offset + query.limit
        return UsageResult(query.columns, tuple(ordered[query.offset : last]), len(ordered))

    def source_activity(
        self, organization: str, source_id: str, window: Window
    ) -> tuple[SourceActivity, ...]:
        days: dict[date, dict[str, set[date]]] = defaultdict(lambda: defaultdict(set))
        for call in self._calls_of_source(organization, source_id):
            if call.account_id and window.start <= call.time < window.end:
                day = call.time.date()
                days[first_of_month(day)][call.account_id].add(day)
        return tuple(
            SourceActivity(month, sum(map(len, days_of_accounts.values())), len(days_of_accounts))
            for month, days_of_accounts in sorted(days.items())
        )

    def source_has_accounts(self, organization: str, source_id: str) -> bool:
        return any(call.account_id for call in self._calls_of_source(organization, source_id))

    def last_days(self, organization: str, dimension: Dimension) -> dict[str, date]:
        if dimension not in THINGS:
            raise ValueError(f"a {dimension} has no last day")
        last: dict[str, date] = {}
        for call in tuple(self._calls):
            text = getattr(call, dimension)
            if call.organization == organization and text:
                last[text] = max(call.time.date(), last.get(text, date.min))
        return last

    def outcomes(self, organization: str) -> dict[int, tuple[int, int, int, int, int]]:
        organization_id = self._dictionary.find(Kind.ORGANIZATION, 0, organization)
        books: dict[int, tuple[int, int, int, int, int]] = {}
        for one in tuple(self._outcomes):
            if one.organization == organization_id:
                sums = books.get(one.receipt_day, (0, 0, 0, 0, 0))
                books[one.receipt_day] = (
                    sums[0] + one.received,
                    sums[1] + one.accepted,
                    sums[2] + one.duplicate,
                    sums[3] + one.conflict,
                    sums[4] + one.rejected,
                )
        return books

    def conflicts(self, organization: str) -> tuple[Conflict, ...]:
        """The conflicting calls that were kept of an organization, in the order they came."""
        organization_id = self._dictionary.find(Kind.ORGANIZATION, 0, organization)
        return tuple(one for one in tuple(self._conflicts) if one.organization == organization_id)

    def identities(self, received_from_ms: int) -> Iterator[Identities]:
        calls = [call for call in tuple(self._calls) if call.received_ms >= received_from_ms]
        if calls:
            yield Identities(
                high=np.array([call.identity_high for call in calls], np.uint64),
                low=np.array([call.identity_low for call in calls], np.uint64),
                digest=np.array([call.digest for call in calls], np.uint64),
                positions=np.array([call.position for call in calls], np.uint64),
                received_ms=np.array([call.received_ms for call in calls], np.int64),
            )

    def last_position_before(self, received_ms: int) -> int:
        return max((c.position for c in tuple(self._calls) if c.received_ms < received_ms), default=0)

    def find_identities(
        self, high: UInt64s, low: UInt64s, days: Int64s, up_to_position: int, received_from_ms: int
    ) -> tuple[Int64s, UInt64s]:
        found: dict[int, int] = {}
        for index, asked in enumerate(zip(high.tolist(), low.tolist(), days.tolist(), strict=True)):
            for call in tuple(self._calls):
                looked_at = call.received_ms >= received_from_ms or call.day == asked[2]
                if looked_at and call.position <= up_to_position and call.identity == asked[:2]:
                    found.setdefault(index, call.digest)
        return np.array(list(found), np.int64), np.array(list(found.values()), np.uint64)

    def checkpoint(self) -> int:
        """Promises nothing beyond the life of the process."""
        return self._position

    def compact(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing to release."""

    def _calls_of_source(self, organization: str, source_id: str) -> list["_StoredCall"]:
        return [
            call
            for call in tuple(self._calls)
            if call.organization == organization and call.source_id == source_id
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _StoredCall:
    organization: str
    time: datetime
    day: int
    received_ms: int
    position: int
    identity_high: int
    identity_low: int
    digest: int
    client_id: str
    user_id: str
    source_id: str
    account_id: str
    route: str
    method: str
    status: int

    @property
    def identity(self) -> tuple[int, int]:
        return self.identity_high, self.identity_low

    @property
    def status_class(self) -> StatusClass:
        match self.status // 100:
            case 2:
                return StatusClass.SUCCESS
            case 3:
                return StatusClass.REDIRECTION
            case 4:
                return StatusClass.CLIENT_ERROR
            case 5:
                return StatusClass.SERVER_ERROR
            case _:
                return StatusClass.NONE

    def value(self, dimension: Dimension) -> int | str:
        if dimension is Dimension.STATUS_CLASS:
            return str(self.status_class)
        value: int | str = getattr(self, dimension)
        return value


def _decoded(batch: CallBatch, dictionary: Dictionary) -> list[_StoredCall]:
    return [
        _StoredCall(
            organization=dictionary.text(Kind.ORGANIZATION, call["organization"]),
            time=instant_of(int(call["time_ms"])),
            day=int(call["time_ms"]) // 86_400_000,
            received_ms=received_ms,
            position=position,
            identity_high=int(call["identity_high"]),
            identity_low=int(call["identity_low"]),
            digest=int(call["digest"]),
            client_id=dictionary.text(Kind.CLIENT, call["client"]),
            user_id=dictionary.text(Kind.USER, call["user"]),
            source_id=dictionary.text(Kind.SOURCE, call["source"]),
            account_id=dictionary.text(Kind.ACCOUNT, call["account"]),
            route=dictionary.text(Kind.ROUTE, call["route"]),
            method=dictionary.text(Kind.METHOD, call["method"]),
            status=int(call["status"]),
        )
        for call, position, received_ms in zip(
            batch.calls, batch.positions.tolist(), batch.received_ms.tolist(), strict=True
        )
    ]


def _is_asked_for(call: _StoredCall, query: UsageQuery) -> bool:
    return (
        call.organization == query.organization
        and query.window.start <= call.time < query.window.end
        and all(str(call.value(dimension)) in texts for dimension, texts in query.where.items())
    )


def _group(call: _StoredCall, query: UsageQuery, zone: ZoneInfo) -> tuple[Value, ...]:
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
    """Since when the clocks of a zone show the hour that they show, without having been set meanwhile."""
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


def _count(metric: Metric, calls: Sequence[_StoredCall], zone: ZoneInfo) -> int:
    match metric:
        case Metric.CALLS:
            return len(calls)
        case Metric.ACTIVE_DAYS:
            return len({call.time.astimezone(zone).date() for call in calls})
        case Metric.STATUS_429:
            return sum(call.status == 429 for call in calls)
        case _:
            hundred = int(metric.removeprefix("status_"))
            return sum(hundred <= call.status < hundred + 100 for call in calls)


def _ordered(rows: list[tuple[Value, ...]], query: UsageQuery) -> list[tuple[Value, ...]]:
    """Sorts by the last key first: each further sort keeps the order of what it finds equal."""
    keys = len(query.columns) - len(query.metrics)
    rows = sorted(rows, key=lambda row: row[:keys])
    for ordering in reversed(query.order_by):
        if ordering.column not in query.columns:
            raise ValueError(f"rows cannot be ordered by {ordering.column}, which they do not have")
        column = query.columns.index(ordering.column)
        rows.sort(key=lambda row: row[column], reverse=ordering.descending)
    return rows
