"""How quickly the embedded store takes calls and answers questions, beside DuckDB on the calls alone.

    python -m benchmarks.store --calls 2000000

Applies made-up calls (see `benchmarks.skewed_calls`) in batches of 10,000, 100,000 and 1,000,000, compacts,
and asks each question many times with random parameters. "Raw" is the same question as plain SQL on the
table of calls in the same file. Times are of one process with nothing else to do; they say nothing about
HTTP, about questions asked during ingest, or about disks slower than this one.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb

from benchmarks.skewed_calls import ACCOUNTS, CLIENTS, DAY_MS, FIRST_DAY, ORGANIZATION, SOURCES, SkewedCalls
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from calltally.usage_query import Dimension, Metric, Ordering, UsageQuery
from calltally.window import Granularity, Window, first_of_month, months_before

_BATCHES = ((10_000, 20), (100_000, 5))
"""Sizes of small batches and how many of each are timed; the rest comes in batches of a million."""

_LAST_MONTH = date(2026, 11, 1)
_STATUSES = (Metric.STATUS_200, Metric.STATUS_300, Metric.STATUS_400, Metric.STATUS_429, Metric.STATUS_500)
_RAW_STATUSES = (
    "COUNT(*) FILTER (WHERE status BETWEEN 200 AND 299), COUNT(*) FILTER (WHERE status BETWEEN 300 AND 399), "
    "COUNT(*) FILTER (WHERE status BETWEEN 400 AND 499), COUNT(*) FILTER (WHERE status = 429), "
    "COUNT(*) FILTER (WHERE status BETWEEN 500 AND 599)"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--calls", type=int, default=2_000_000)
    parser.add_argument("--repeat", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.duckdb"
        store = DuckDBUsageStore(path, threads=options.threads)
        _fill(store, options.calls)
        _compact(store)
        print(f"{_used_bytes(store) / options.calls:.1f} bytes a call on disk, marginals included")
        ask = _Questions(store, random.Random(1))
        print(f"{'question':<42}{'rows':>8}{'p50 ms':>9}{'p99 ms':>9}{'raw p50':>9}")
        for name, (question, raw) in ask.all().items():
            ours, rows = _timed(question, options.repeat)
            theirs, _ = _timed(raw, 10)
            print(f"{name:<42}{rows:>8}{ours[0]:>9.2f}{ours[1]:>9.2f}{theirs[0]:>9.2f}")
        store.close()


def _fill(store: DuckDBUsageStore, calls: int) -> None:
    made = SkewedCalls(store.dictionary)
    small = sum(size * count for size, count in _BATCHES)
    sizes = [size for size, count in _BATCHES for _ in range(count)]
    sizes += [1_000_000] * ((calls - small) // 1_000_000)
    sizes += [calls - sum(sizes)] if calls > sum(sizes) else []
    spent: dict[int, list[float]] = {}
    for batch in made.batches(sizes):
        start = time.perf_counter()
        store.apply(batch)
        spent.setdefault(len(batch.calls), []).append(time.perf_counter() - start)
        for _ in range(len(batch.calls) // 100_000):
            store.compact()
    for size, seconds in spent.items():
        middle = sorted(seconds)[len(seconds) // 2]
        print(
            f"apply {size:>9,} calls: median {middle * 1000:8.1f} ms, {middle / size * 1e6:5.2f} us a call, "
            f"{size / middle / 1000:7.0f} k calls/s ({len(seconds)} batches)"
        )


def _compact(store: DuckDBUsageStore) -> None:
    start, longest, steps = time.perf_counter(), 0.0, 0
    while True:
        step = time.perf_counter()
        if not store.compact():
            break
        steps += 1
        longest = max(longest, time.perf_counter() - step)
    print(
        f"compact: {steps} steps in {time.perf_counter() - start:.1f} s, the longest {longest * 1000:.0f} ms"
    )
    start = time.perf_counter()
    store.checkpoint()
    print(f"checkpoint: {(time.perf_counter() - start) * 1000:.0f} ms")


def _used_bytes(store: DuckDBUsageStore) -> int:
    """The blocks in use; the file also has free ones, which later writes take."""
    connection = store._database.connection()  # noqa: SLF001 - no question of the seam tells it
    used, size = connection.execute(
        "SELECT used_blocks, block_size FROM pragma_database_size() WHERE database_name = 'store'"
    ).fetchall()[0]
    return int(used) * int(size)


class _Questions:
    """The questions of the vendors' operations, each with its like in plain SQL."""

    def __init__(self, store: DuckDBUsageStore, chance: random.Random) -> None:
        self._store = store
        self._chance = chance
        self._raw = store._database.connection()  # noqa: SLF001 - the rival reads the same file

    def all(self) -> dict[str, tuple[Callable[[], int], Callable[[], int]]]:
        client, route, method = Dimension.CLIENT_ID, Dimension.ROUTE, Dimension.METHOD
        most = (Ordering("calls", descending=True),)
        return {
            "total of a month": (
                lambda: self._usage(self._month()),
                lambda: self._plain("COUNT(*)", self._month()),
            ),
            "top 250 routes of a month": (
                lambda: self._usage(self._month(), group_by=(route, method), order_by=most, limit=250),
                lambda: self._plain(
                    "COUNT(*) AS calls", self._month(), "route, method", "ORDER BY calls DESC LIMIT 250"
                ),
            ),
            "one account, active days of 12 months": (
                lambda: self._usage(
                    self._year(),
                    where={Dimension.ACCOUNT_ID: frozenset({self._account()})},
                    granularity=Granularity.MONTH,
                    metrics=(Metric.ACTIVE_DAYS,),
                ),
                lambda: self._plain(
                    f"COUNT(DISTINCT time_ms // {DAY_MS})",
                    self._year(),
                    f"month_of(time_ms // {DAY_MS})",
                    where=f"AND account = {self._chance.randrange(ACCOUNTS) + 1}",
                ),
            ),
            "source activity of 13 months": (
                lambda: len(self._store.source_activity(ORGANIZATION, self._source(), self._year(13))),
                lambda: self._plain(
                    f"COUNT(DISTINCT (account, time_ms // {DAY_MS})), COUNT(DISTINCT account)",
                    self._year(13),
                    f"month_of(time_ms // {DAY_MS})",
                    where=f"AND source = {self._chance.randrange(SOURCES) + 1}",
                ),
            ),
            "per day and source, one month": (
                lambda: self._usage(
                    self._month(), group_by=(Dimension.SOURCE_ID,), granularity=Granularity.DAY
                ),
                lambda: self._plain("COUNT(*)", self._month(), f"time_ms // {DAY_MS}, source"),
            ),
            "1,000 of per day and source, one month": (
                lambda: self._usage(
                    self._month(), group_by=(Dimension.SOURCE_ID,), granularity=Granularity.DAY, limit=1000
                ),
                lambda: self._plain(
                    "COUNT(*)", self._month(), f"time_ms // {DAY_MS}, source", "ORDER BY 1, 2 LIMIT 1000"
                ),
            ),
            "1,000 of client x route x method, a month": (
                lambda: self._usage(
                    self._month(),
                    group_by=(client, route, method),
                    metrics=(Metric.CALLS, *_STATUSES),
                    limit=1000,
                ),
                lambda: self._plain(
                    f"COUNT(*), {_RAW_STATUSES}",
                    self._month(),
                    "client, route, method",
                    "ORDER BY client, route, method LIMIT 1000",
                ),
            ),
            "one client's routes, 28 days": (
                lambda: self._usage(
                    self._days(28), where={client: frozenset({self._client()})}, group_by=(route, method)
                ),
                lambda: self._plain(
                    "COUNT(*)",
                    self._days(28),
                    "route, method",
                    where=f"AND client = {self._chance.randrange(CLIENTS) + 1}",
                ),
            ),
            "top 100 users of a month": (
                lambda: self._usage(self._month(), group_by=(Dimension.USER_ID,), order_by=most, limit=100),
                lambda: self._plain(
                    "COUNT(*) AS calls", self._month(), '"user"', "ORDER BY calls DESC LIMIT 100"
                ),
            ),
            "by hour, one day": (
                lambda: self._usage(self._days(1), granularity=Granularity.HOUR),
                lambda: self._plain("COUNT(*)", self._days(1), "time_ms // 3600000"),
            ),
            "by day in New York, one month": (
                lambda: self._usage(self._month(), granularity=Granularity.DAY, time_zone="America/New_York"),
                lambda: self._plain("COUNT(*)", self._month(), f"(time_ms - 18000000) // {DAY_MS}"),
            ),
            "by status, one month": (
                lambda: self._usage(self._month(), group_by=(Dimension.STATUS,)),
                lambda: self._plain("COUNT(*)", self._month(), "status"),
            ),
        }

    def _usage(self, window: Window, **asked: object) -> int:
        query = UsageQuery(organization=ORGANIZATION, window=window, **asked)  # type: ignore[arg-type]
        return len(self._store.usage(query).rows)

    def _plain(self, counts: str, window: Window, keys: str = "", rest: str = "", where: str = "") -> int:
        start_ms, end_ms = (int(at.timestamp() * 1000) for at in (window.start, window.end))
        columns, group = (f"{keys}, {counts}", f"GROUP BY {keys}") if keys else (counts, "")
        sql = (
            f"SELECT {columns} FROM call WHERE organization = 1 AND time_ms >= {start_ms} "
            f"AND time_ms < {end_ms} {where} {group} {rest}"
        )
        try:
            return len(self._raw.execute(sql).fetchall())
        except duckdb.Error as error:
            raise RuntimeError(sql) from error

    def _month(self) -> Window:
        first = months_before(_LAST_MONTH, self._chance.randrange(1, 12))
        return Window.of_days(first, first_of_month(first + timedelta(days=31)) - timedelta(days=1))

    def _year(self, months: int = 12) -> Window:
        return Window.of_days(months_before(_LAST_MONTH, months - 1), date(2026, 11, 30))

    def _days(self, count: int) -> Window:
        first = FIRST_DAY + timedelta(days=self._chance.randrange(360))
        return Window.of_days(first, first + timedelta(days=count - 1))

    def _client(self) -> str:
        return f"client-{self._chance.randrange(CLIENTS):04}"

    def _account(self) -> str:
        return f"account-{self._chance.randrange(ACCOUNTS):05}"

    def _source(self) -> str:
        return f"source-{self._chance.randrange(SOURCES):03}"


def _timed(question: Callable[[], int], repeat: int) -> tuple[tuple[float, float], int]:
    """The p50 and p99 in milliseconds, and the most rows seen."""
    rows = max(question() for _ in range(3))
    spent = []
    for _ in range(repeat):
        start = time.perf_counter()
        rows = max(rows, question())
        spent.append((time.perf_counter() - start) * 1000)
    spent.sort()
    return (spent[len(spent) // 2], spent[len(spent) * 99 // 100]), rows


if __name__ == "__main__":
    main()
