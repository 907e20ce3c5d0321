"""Questions to the native API that are timed."""

import random
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from benchmarks.asked import DAY, RAW_STATUSES, Asked, Question, ms, some_client, some_month, today, within
from benchmarks.skewed_calls import DAY_MS
from calltally.window import first_of_month

_STATUSES = ",".join(f"status_{status}" for status in (200, 300, 400, 429, 500))


def native_questions() -> dict[str, Question]:
    return {
        "calls of a month by day": _by_day,
        "top 100 clients of a month": _top_clients,
        "one client's routes, 28 days": _routes_of_client,
        "a month by source and day, 1,000 rows": _sources_by_day,
        "a month by client, route, method, 1,000 rows": _by_client_route,
        "a day by hour": _by_hour,
        "a month by day in New York": _by_day_in_new_york,
    }


def _by_day(chance: random.Random) -> Asked:
    span = some_month(chance)
    sql = f"SELECT {DAY} AS day, COUNT(*) FROM call WHERE {within(*span)} GROUP BY day ORDER BY day"
    return _native(span, sql, granularity="day")


def _top_clients(chance: random.Random) -> Asked:
    span = some_month(chance)
    sql = (
        f"SELECT client_id, COUNT(*) AS calls FROM call WHERE {within(*span)} "
        "GROUP BY client_id ORDER BY calls DESC LIMIT 100"
    )
    return _native(span, sql, group_by="client_id", order_by="-calls", limit="100")


def _routes_of_client(chance: random.Random) -> Asked:
    start = today() - timedelta(days=chance.randrange(30, 360))
    client = some_client(chance)
    span = start, start + timedelta(days=28)
    sql = (
        f"SELECT route, method, COUNT(*) FROM call WHERE {within(*span)} AND client_id = '{client}' "
        "GROUP BY route, method ORDER BY route, method"
    )
    return _native(span, sql, group_by="route,method", client_id=client)


def _sources_by_day(chance: random.Random) -> Asked:
    span = some_month(chance)
    sql = (
        f"SELECT {DAY} AS day, source_id, COUNT(*) FROM call WHERE {within(*span)} "
        "GROUP BY day, source_id ORDER BY day, source_id LIMIT 1000"
    )
    return _native(span, sql, granularity="day", group_by="source_id")


def _by_client_route(chance: random.Random) -> Asked:
    span = some_month(chance)
    keys = "client_id, route, method"
    sql = (
        f"SELECT {keys}, COUNT(*), {RAW_STATUSES} FROM call WHERE {within(*span)} "
        f"GROUP BY {keys} ORDER BY {keys} LIMIT 1000"
    )
    return _native(span, sql, group_by="client_id,route,method", metrics=f"calls,{_STATUSES}")


def _by_hour(chance: random.Random) -> Asked:
    start = today() - timedelta(days=chance.randrange(2, 360))
    span = start, start + timedelta(days=1)
    sql = (
        f"SELECT time_ms // 3600000 AS hour, COUNT(*) FROM call WHERE {within(*span)} "
        "GROUP BY hour ORDER BY hour"
    )
    return _native(span, sql, granularity="hour")


def _by_day_in_new_york(chance: random.Random) -> Asked:
    # February and July: no change of the clocks, so that plain SQL can say it.
    month, hours = chance.choice(((2, 5), (7, 4)))
    start = date(today().year, month, 1)
    end = first_of_month(start + timedelta(days=31))
    shift = hours * 3_600_000
    sql = (
        f"SELECT (time_ms - {shift}) // {DAY_MS} AS day, COUNT(*) FROM call "
        f"WHERE organization = 'acme' AND time_ms >= {ms(start) + shift} AND time_ms < {ms(end) + shift} "
        "GROUP BY day ORDER BY day"
    )
    return _native((start, end), sql, granularity="day", time_zone="America/New_York")


def _native(span: tuple[date, date], sql: str, **asked: str) -> Asked:
    params = {"from": span[0].isoformat(), "to": span[1].isoformat(), **asked}
    return Asked(f"/v1/usage?{urlencode(params)}", sql, _same_rows)


def _same_rows(answer: Any, rows: list[tuple[Any, ...]]) -> bool:
    """Whether both have as many rows, with the same calls where no order decides which are shown."""
    ours = sorted(row["calls"] for row in answer["rows"])
    theirs = sorted(next(v for v in row[::-1] if isinstance(v, int)) for row in rows)
    return len(ours) == len(theirs) and (len(rows[0]) > 4 or ours == theirs if rows else True)
