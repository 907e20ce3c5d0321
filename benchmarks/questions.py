"""The questions that are timed: as requests to the server and as SQL on a plain table of calls."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from benchmarks.asking import Asking
from benchmarks.skewed_calls import ACCOUNTS, CLIENTS, DAY_MS, ROUTES, SOURCES
from calltally.window import first_of_month, months_before

EXPERIMENTAL = {"X-SailPoint-Experimental": "true"}
_DAY = f"time_ms // {DAY_MS}"
_MONTH = "date_trunc('month', make_timestamp(time_ms * 1000))"
_STATUSES = ",".join(f"status_{status}" for status in (200, 300, 400, 429, 500))
_RAW_STATUSES = ", ".join(
    f"COUNT(*) FILTER (WHERE {condition})"
    for condition in (
        "status BETWEEN 200 AND 299",
        "status BETWEEN 300 AND 399",
        "status BETWEEN 400 AND 499",
        "status = 429",
        "status BETWEEN 500 AND 599",
    )
)
_GENESYS_COLUMNS = {"OAuthClientId": "client_id", "TemplateUri": "route", "HttpMethod": "method"}
_GENESYS_COUNTS = ("Status200", "Status300", "Status400", "Status429", "Status500")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question with its parameters: what to request, and the SQL that a plain table answers.

    ``same`` tells from the answer and the SQL's rows whether both say the same.
    """

    target: str
    sql: str
    same: Callable[[Any, list[tuple[Any, ...]]], bool]
    body: str = ""
    is_execution: bool = False

    @property
    def asking(self) -> Asking:
        return Asking(self.target, self.body, self.is_execution)


Question = Callable[[random.Random], Asked]


def questions() -> dict[str, Question]:
    """By name: the vendors' operations, then the native questions."""
    return {
        "SailPoint total count": _total_count,
        "SailPoint API summary": _api_summary,
        "SailPoint source status": _source_status,
        "SailPoint source summaries": _source_summaries,
        "SailPoint account summaries": _account_summaries,
        "Segment's workspace, a month": _workspace,
        "Segment's sources, a month, 1,000 rows": _sources,
        "Genesys, a month by client": _genesys("OAuthClientId"),
        "Genesys, a month by route and method": _genesys("TemplateUri", "HttpMethod"),
        "Genesys, one client's month by route and method": _genesys_client_query,
        "Genesys, one client's summary": _genesys_summary,
        "Genesys search by client, route, method, about 1,000 rows": _genesys_search(routes=25),
        "Genesys search by client, route, method, 1,000 of about 16,000": _genesys_search(),
        "calls of a month by day": _by_day,
        "top 100 clients of a month": _top_clients,
        "one client's routes, 28 days": _routes_of_client,
        "a month by source and day, 1,000 rows": _sources_by_day,
        "a month by client, route, method, 1,000 rows": _by_client_route,
        "a day by hour": _by_hour,
        "a month by day in New York": _by_day_in_new_york,
    }


def _total_count(chance: random.Random) -> Asked:
    start, end = _month(chance)
    target = f"/v2025/api-usage/count?{urlencode({'filters': _sailpoint(start, end)})}"
    sql = f"SELECT COUNT(*) FROM call WHERE {_within(start, end)}"
    return Asked(target, sql, lambda answer, rows: answer["NumberOfCalls"] == rows[0][0])


def _api_summary(chance: random.Random) -> Asked:
    start, end = _month(chance)
    target = f"/v2025/api-usage/summary?{urlencode({'filters': _sailpoint(start, end)})}"
    sql = (
        f"SELECT route, COUNT(*) AS calls FROM call WHERE {_within(start, end)} "
        "GROUP BY route ORDER BY calls DESC, route LIMIT 250"
    )
    return Asked(
        target, sql, lambda answer, rows: [row["NumberOfCalls"] for row in answer] == [r[1] for r in rows]
    )


def _source_status(chance: random.Random) -> Asked:
    source = _source(chance)
    sql = (
        "SELECT 1 FROM call "
        f"WHERE organization = 'acme' AND source_id = '{source}' AND account_id <> '' LIMIT 1"
    )
    return Asked(
        f"/v2025/source-usages/{source}/status",
        sql,
        lambda answer, rows: (answer["status"] == "COMPLETE") == bool(rows),
    )


def _source_summaries(chance: random.Random) -> Asked:
    source = _source(chance)
    sql = (
        f"SELECT {_MONTH} AS month, COUNT(DISTINCT (account_id, {_DAY})) / COUNT(DISTINCT account_id) "
        f"FROM call WHERE {_past_year()} AND source_id = '{source}' GROUP BY month ORDER BY month DESC"
    )
    return Asked(f"/v2025/source-usages/{source}/summaries", sql, _same_counts)


def _account_summaries(chance: random.Random) -> Asked:
    account = f"account-{chance.randrange(ACCOUNTS):05}"
    sql = (
        f"SELECT {_MONTH} AS month, COUNT(DISTINCT {_DAY}) "
        f"FROM call WHERE {_past_year()} AND account_id = '{account}' GROUP BY month ORDER BY month DESC"
    )
    return Asked(f"/v2025/account-usages/{account}/summaries", sql, _same_counts)


def _workspace(chance: random.Random) -> Asked:
    start, end = _month(chance)
    target = f"/usage/api-calls/daily?{urlencode({'period': start.isoformat()})}"
    sql = f"SELECT COUNT(*) FROM call WHERE {_within(start, end)}"
    return Asked(target, sql, lambda answer, rows: int(_last(answer)["apiCalls"]) == rows[0][0])


def _sources(chance: random.Random) -> Asked:
    start, end = _month(chance)
    params = {"period": start.isoformat(), "pagination.count": "1000"}
    sql = (
        f"SELECT {_DAY} AS day, source_id, SUM(COUNT(*)) OVER (PARTITION BY source_id ORDER BY {_DAY}) "
        f"FROM call WHERE {_within(start, end)} GROUP BY day, source_id ORDER BY day, source_id LIMIT 1000"
    )
    return Asked(
        f"/usage/api-calls/sources/daily?{urlencode(params)}",
        sql,
        lambda answer, _: len(next(iter(answer["data"].values()))) == 1000,
    )


def _last(answer: Any) -> Any:
    return answer["data"]["dailyWorkspaceAPICallsUsage"][-1]


def _genesys(*group_by: str) -> Question:
    keys = ", ".join(_GENESYS_COLUMNS[key] for key in group_by)

    def question(chance: random.Random) -> Asked:
        start, end = _month(chance)
        return Asked(
            "/api/v2/usage/query",
            _genesys_sql(keys, start, end),
            _same_requests,
            json.dumps({"interval": _interval(start, end), "groupBy": list(group_by)}),
            is_execution=True,
        )

    return question


def _genesys_client_query(chance: random.Random) -> Asked:
    start, end = _month(chance)
    client = _client(chance)
    return Asked(
        f"/api/v2/oauth/clients/{client}/usage/query",
        _genesys_sql("route, method", start, end, f"AND client_id = '{client}'"),
        _same_requests,
        json.dumps({"interval": _interval(start, end), "groupBy": ["TemplateUri", "HttpMethod"]}),
        is_execution=True,
    )


def _genesys_summary(chance: random.Random) -> Asked:
    client = _client(chance)
    days = chance.randrange(7, 32)
    start, end = _today() - timedelta(days=days), _today() + timedelta(days=1)
    return Asked(
        f"/api/v2/oauth/clients/{client}/usage/summary?days={days}",
        _genesys_sql("route, method", start, end, f"AND client_id = '{client}'"),
        _same_requests,
        is_execution=True,
    )


def _genesys_search(routes: int = 0) -> Question:
    """By client, template and method with all counts; of a few of the routes, or of all."""

    def question(chance: random.Random) -> Asked:
        start, end = _month(chance)
        numbers = chance.sample(range(ROUTES), routes)
        templates = [f"/v1/things-{number:03}/{{id}}" for number in numbers]
        body = {
            "interval": _interval(start, end),
            "metrics": ["ClientName", "TemplateUri", "HttpMethod", *_GENESYS_COUNTS],
            "templateUris": templates,
        }
        keys = "client_id, method, route"
        among = ", ".join(f"'{template}'" for template in templates)
        condition = f"AND route IN ({among})" if templates else ""
        return Asked(
            "/api/v2/usage/simplesearch",
            f"{_genesys_sql(keys, start, end, condition)} ORDER BY {keys} LIMIT 1000",
            lambda answer, rows: len(answer["results"]) == len(rows),
            json.dumps(body),
            is_execution=True,
        )

    return question


def _genesys_sql(keys: str, start: date, end: date, condition: str = "") -> str:
    return (
        f"SELECT {keys}, COUNT(*), {_RAW_STATUSES} "
        f"FROM call WHERE {_within(start, end)} {condition} GROUP BY {keys}"
    )


def _same_requests(answer: Any, rows: list[tuple[Any, ...]]) -> bool:
    """Whether both have the same groups' numbers of calls, which stand before the five of statuses."""
    return sorted(row["requests"] for row in answer["results"]) == sorted(row[-6] for row in rows)


def _interval(start: date, end: date) -> str:
    return f"{start}/{end - timedelta(days=1)}"


def _by_day(chance: random.Random) -> Asked:
    span = _month(chance)
    sql = f"SELECT {_DAY} AS day, COUNT(*) FROM call WHERE {_within(*span)} GROUP BY day ORDER BY day"
    return _native(span, sql, granularity="day")


def _top_clients(chance: random.Random) -> Asked:
    span = _month(chance)
    sql = (
        f"SELECT client_id, COUNT(*) AS calls FROM call WHERE {_within(*span)} "
        "GROUP BY client_id ORDER BY calls DESC LIMIT 100"
    )
    return _native(span, sql, group_by="client_id", order_by="-calls", limit="100")


def _routes_of_client(chance: random.Random) -> Asked:
    start = _today() - timedelta(days=chance.randrange(30, 360))
    client = _client(chance)
    span = start, start + timedelta(days=28)
    sql = (
        f"SELECT route, method, COUNT(*) FROM call WHERE {_within(*span)} AND client_id = '{client}' "
        "GROUP BY route, method ORDER BY route, method"
    )
    return _native(span, sql, group_by="route,method", client_id=client)


def _sources_by_day(chance: random.Random) -> Asked:
    span = _month(chance)
    sql = (
        f"SELECT {_DAY} AS day, source_id, COUNT(*) FROM call WHERE {_within(*span)} "
        "GROUP BY day, source_id ORDER BY day, source_id LIMIT 1000"
    )
    return _native(span, sql, granularity="day", group_by="source_id")


def _by_client_route(chance: random.Random) -> Asked:
    span = _month(chance)
    keys = "client_id, route, method"
    sql = (
        f"SELECT {keys}, COUNT(*), {_RAW_STATUSES} FROM call WHERE {_within(*span)} "
        f"GROUP BY {keys} ORDER BY {keys} LIMIT 1000"
    )
    return _native(span, sql, group_by="client_id,route,method", metrics=f"calls,{_STATUSES}")


def _by_hour(chance: random.Random) -> Asked:
    start = _today() - timedelta(days=chance.randrange(2, 360))
    span = start, start + timedelta(days=1)
    sql = (
        f"SELECT time_ms // 3600000 AS hour, COUNT(*) FROM call WHERE {_within(*span)} "
        "GROUP BY hour ORDER BY hour"
    )
    return _native(span, sql, granularity="hour")


def _by_day_in_new_york(chance: random.Random) -> Asked:
    # February and July: no change of the clocks, so that plain SQL can say it.
    month, hours = chance.choice(((2, 5), (7, 4)))
    start = date(_today().year, month, 1)
    end = first_of_month(start + timedelta(days=31))
    shift = hours * 3_600_000
    sql = (
        f"SELECT (time_ms - {shift}) // {DAY_MS} AS day, COUNT(*) FROM call "
        f"WHERE organization = 'acme' AND time_ms >= {_ms(start) + shift} AND time_ms < {_ms(end) + shift} "
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


def _same_counts(answer: Any, rows: list[tuple[Any, ...]]) -> bool:
    return [row["count"] for row in answer] == [row[1] for row in rows]


def _sailpoint(start: date, end: date) -> str:
    last = end - timedelta(days=1)
    return f'startDate eq "{start}" and endDate eq "{last}"'


def _within(start: date, end: date) -> str:
    return f"organization = 'acme' AND time_ms >= {_ms(start)} AND time_ms < {_ms(end)}"


def _past_year() -> str:
    return f"organization = 'acme' AND time_ms >= {_ms(months_before(first_of_month(_today()), 12))}"


def _month(chance: random.Random) -> tuple[date, date]:
    first = months_before(first_of_month(_today()), chance.randrange(1, 12))
    return first, first_of_month(first + timedelta(days=31))


def _source(chance: random.Random) -> str:
    return f"source-{chance.randrange(SOURCES):03}"


def _client(chance: random.Random) -> str:
    return f"client-{chance.randrange(CLIENTS):04}"


def _today() -> date:
    return datetime.now(UTC).date()


def _ms(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY_MS
