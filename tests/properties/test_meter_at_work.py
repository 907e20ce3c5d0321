"""A meter through anything that can happen to it, in any order, beside a naive one."""

import asyncio
import tempfile
from collections import Counter, defaultdict
from collections.abc import Coroutine, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from calltally.call import CallName
from calltally.dictionary import Kind
from calltally.errors import InvalidInputError, NotFoundError
from calltally.store.duckdb.compaction import CompactionLimits
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from calltally.usage_query import Dimension, Metric, UsageQuery
from calltally.window import Granularity, Window
from tests.properties.naive_meter import content_of, identity_of, time_of, value_of
from tests.support.metering import ALL_TIME, NOON, Metering, copy_of_an_instant
from tests.support.seeds import examples

T = TypeVar("T")
Call = dict[str, Any]

EAGER = CompactionLimits(fresh_rows=1, merged_rows=4, runs_of_month=2, fresh_calls=4, packed_at_once=3)
DAYS = [NOON + timedelta(days=days) for days in (-60, -40, -36, -30, -20, -2, -1, 0)]

names = st.sampled_from(["", "a", "b", "ü"])
offsets = st.sampled_from(
    [timedelta(), timedelta(hours=-11, minutes=-59), timedelta(minutes=-1, milliseconds=-1)]
)
times = st.builds(lambda day, offset: (day + offset).isoformat(), st.sampled_from(DAYS), offsets)
future = st.just((NOON + timedelta(days=3)).isoformat())
contents = st.fixed_dictionaries(
    {"time": st.one_of(*[times] * 9, future)},
    optional={
        "client_id": names,
        "user_id": names,
        "account_id": names,
        "source_id": names,
        "path": st.sampled_from(["/users/17", "/users/18", "/other"]),
        "method": st.sampled_from(["GET", "PUT"]),
        "status": st.sampled_from([0, 200, 304, 404, 429, 500, 99]),
    },
)
identities = st.tuples(st.sampled_from("12345678"), st.sampled_from(["", "", "o"]))
calls = st.builds(lambda id_, content: {"id": id_[0], "origin": id_[1], **content}, identities, contents)
sound = calls.filter(lambda call: call.get("status") != 99 and time_of(call) <= NOON)
zones = st.sampled_from(["UTC", "UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"])
dimensions = st.sampled_from(list(Dimension))


class KillableMetering(Metering):
    """A meter with the embedded store, which another can take over without being told."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._lives = 0

    async def up(self) -> None:
        self.store = DuckDBUsageStore(self._folder / "calls.duckdb", threads=1, limits=EAGER)
        await super().up()

    async def be_killed(self) -> None:
        """Goes on with what the disk held in one instant; what the meter does later is lost."""
        self._lives += 1
        left = self._folder.with_name(f"life-{self._lives}")
        copy_of_an_instant(self.store, self._folder, left)
        await self.down()
        self._folder = left
        await self.up()


class MeterAtWork(RuleBasedStateMachine):
    """The meter is real, with the embedded store; what it must say is kept call by call beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.received: dict[Any, Call] = {}
        self.standing: dict[Any, Call] = {}
        self.history: list[tuple[datetime, dict[Any, Call]]] = []
        self.verdicts: Counter[str] = Counter()
        self.spoken: dict[Any, Call] = {}
        self.pruned: set[Any] = set()
        self.calls_from = date(1970, 1, 1)

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.loop = asyncio.new_event_loop()
        first = Path(self.folder.name) / "life-0"
        first.mkdir()
        self.meter = KillableMetering(first)
        self.run(self.meter.up())

    def teardown(self) -> None:
        self.run(self.meter.down())
        self.run(self.loop.shutdown_default_executor())
        self.loop.close()
        self.folder.cleanup()

    @rule(sent=st.lists(calls, min_size=1, max_size=5), backfill=st.booleans())
    def send(self, sent: list[Call], backfill: bool) -> None:
        assume(self.pruned.isdisjoint(map(identity_of, sent)))
        self.move_on()
        receipt = self.run(self.meter.send(*sent, backfill=backfill))
        judged = Counter(self.judge(call, backfill) for call in sent)
        assert (receipt.accepted, receipt.duplicate, receipt.conflict, receipt.rejected) == (
            *(judged[verdict] for verdict in ("accepted", "duplicate", "conflict", "rejected")),
        )
        self.verdicts += judged

    @precondition(lambda self: self.received)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        call = data.draw(st.sampled_from(sorted(self.received.values(), key=repr)))
        sent = [call, {**call, "status": 503}]
        self.send(sent, backfill=True)

    @rule(named=st.lists(identities, min_size=1, max_size=3))
    def cancel(self, named: list[Any]) -> None:
        self.move_on()
        done = self.tried(self.meter.cancel(*(CallName(origin, id_) for id_, origin in named)))
        assert done == all(one in self.spoken for one in named)
        if done:
            for one in named:
                self.standing.pop(one, None)

    @rule(amended=st.lists(sound, min_size=1, max_size=3, unique_by=identity_of))
    def amend(self, amended: list[Call]) -> None:
        self.move_on()
        done = self.tried(self.meter.amend(*amended))
        known = all(identity_of(call) in self.spoken for call in amended)
        assert done == (known and not any(map(self.is_sealed, amended)))
        if done:
            for call in amended:
                self.standing[identity_of(call)] = self.spoken[identity_of(call)] = call

    @rule(text=st.sampled_from("abü"))
    def erase(self, text: str) -> None:
        """What was received before says another name from now on, also as of a time before."""
        self.move_on()
        replacement = self.run(self.meter.meter.maintenance.erase("acme", Kind.USER, text, "ann", "test"))
        for standing in (self.standing, *(standing for _, standing in self.history)):
            for identity, call in standing.items():
                if call.get("user_id") == text:
                    standing[identity] = {**call, "user_id": replacement}

    @rule(before=st.sampled_from([date(2026, 2, 1), date(2026, 2, 20), date(2026, 3, 14)]))
    def prune(self, before: date) -> None:
        self.run(self.meter.meter.maintenance.prune(before, None))
        self.calls_from = max(before, self.calls_from)
        gone = {identity for identity, call in self.spoken.items() if self.is_sealed(call)}
        self.pruned |= gone
        for identity in gone:
            del self.spoken[identity], self.received[identity]

    @rule()
    def restart(self) -> None:
        self.run(self.meter.restart())

    @rule()
    def be_killed(self) -> None:
        """Whatever is in memory is gone; what is on the disk is opened by another."""
        self.run(self.meter.be_killed())

    @rule(steps=st.integers(1, 5))
    def merge(self, steps: int) -> None:
        for _ in range(steps):
            self.meter.store.compact()

    @rule()
    def checkpoint(self) -> None:
        self.run(self.meter.calls())
        self.meter.store.checkpoint()

    @rule(
        by=st.lists(dimensions, unique=True, max_size=3),
        zone=zones,
        grain=st.sampled_from(Granularity),
        data=st.data(),
    )
    def ask(self, by: list[Dimension], zone: str, grain: Granularity, data: st.DataObject) -> None:
        """Any grouping, filter, grain and time zone, at present or as of any moment before."""
        where: Mapping[Dimension, frozenset[str]] = {}
        if data.draw(st.booleans()):
            dimension = data.draw(
                st.sampled_from([Dimension.CLIENT_ID, Dimension.METHOD, Dimension.ACCOUNT_ID])
            )
            where = {dimension: data.draw(st.frozensets(st.sampled_from(["", "a", "b", "GET"]), min_size=1))}
        moment = data.draw(st.none() | st.sampled_from(self.history)) if self.history else None
        asked, standing = (None, self.standing) if moment is None else moment
        start = max(
            datetime(2026, 1, 1, tzinfo=UTC), datetime.combine(self.calls_from, datetime.min.time(), UTC)
        )
        query = UsageQuery(
            organization="acme",
            window=Window(start, ALL_TIME.end),
            granularity=grain,
            time_zone=zone,
            group_by=tuple(by),
            where=where,
            metrics=tuple(Metric),
            as_of=asked,
        )
        rows = self.run(self.meter.meter.engine.usage(query)).value.rows
        wanted = answer(standing.values(), query)
        assert sorted(rows, key=repr) == sorted(wanted, key=repr)

    @invariant()
    def the_books_balance(self) -> None:
        books = self.run(self.meter.books()).values()
        sums = [sum(column) for column in zip(*books, strict=True)] or [0] * 5
        wanted = [self.verdicts[name] for name in ("accepted", "duplicate", "conflict", "rejected")]
        assert sums == [sum(wanted), *wanted]

    @rule()
    def recount(self) -> None:
        assert self.run(self.meter.differences()) == []

    def judge(self, call: Call, backfill: bool) -> str:
        earliest = datetime.min.replace(tzinfo=UTC) if backfill else self.now() - timedelta(days=35)
        status = call.get("status", 0)
        if (
            not earliest <= time_of(call) <= self.now() + timedelta(minutes=5)
            or status == 99
            or self.is_sealed(call)
        ):
            return "rejected"
        identity = identity_of(call)
        if identity in self.received:
            return "duplicate" if content_of(self.received[identity]) == content_of(call) else "conflict"
        self.received[identity] = self.standing[identity] = self.spoken[identity] = call
        return "accepted"

    def is_sealed(self, call: Call) -> bool:
        return time_of(call).date() < self.calls_from

    def tried(self, work: Coroutine[Any, Any, object]) -> bool:
        try:
            self.run(work)
        except (InvalidInputError, NotFoundError):
            return False
        return True

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.meter.clock.now_ms() / 1000, UTC)

    def move_on(self) -> None:
        """A minute passes, and what stands now can be asked for as it was at its end."""
        self.remember()
        self.meter.clock.move_to(self.now() + timedelta(seconds=60))

    def remember(self) -> None:
        self.history = [*self.history[-5:], (self.now() + timedelta(seconds=30), dict(self.standing))]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)


def answer(standing: Iterable[Call], query: UsageQuery) -> list[tuple[Any, ...]]:
    """The rows that a question must have, in any order."""
    zone = ZoneInfo(query.time_zone)
    groups: defaultdict[tuple[Any, ...], list[Call]] = defaultdict(list)
    if not query.group_by and query.granularity is Granularity.TOTAL:
        groups[()] = []
    for call in standing:
        meant = all(value_of(call, dimension) in texts for dimension, texts in query.where.items())
        if meant and query.window.start <= time_of(call) < query.window.end:
            start = start_of(time_of(call).astimezone(zone), query.granularity)
            groups[(*start, *(value_of(call, dimension) for dimension in query.group_by))].append(call)
    return [(*group, *metrics(calls, zone)) for group, calls in groups.items()]


def start_of(local: datetime, granularity: Granularity) -> tuple[datetime, ...]:
    """The first instant of an hour, a day, a week or a month; no clock is set in the days of these calls."""
    hour = local.replace(minute=0, second=0, microsecond=0)
    day = hour.replace(hour=0)
    starts = {
        Granularity.HOUR: hour,
        Granularity.DAY: day,
        Granularity.WEEK: day - timedelta(days=day.weekday()),
        Granularity.MONTH: day.replace(day=1),
    }
    return (starts[granularity].astimezone(UTC),) if granularity in starts else ()


def metrics(calls: list[Call], zone: ZoneInfo) -> tuple[int, ...]:
    statuses = [call.get("status", 0) for call in calls]
    classes = Counter(status // 100 for status in statuses)
    days = {time_of(call).astimezone(zone).date() for call in calls}
    found = {
        Metric.CALLS: len(calls),
        Metric.STATUS_200: classes[2],
        Metric.STATUS_300: classes[3],
        Metric.STATUS_400: classes[4],
        Metric.STATUS_429: statuses.count(429),
        Metric.STATUS_500: classes[5],
        Metric.ACTIVE_DAYS: len(days),
    }
    return tuple(found[metric] for metric in Metric)


TestMeterAtWork = MeterAtWork.TestCase
TestMeterAtWork.settings = settings(
    max_examples=examples(10), stateful_step_count=25, suppress_health_check=list(HealthCheck)
)
