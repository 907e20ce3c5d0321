"""The questions that are timed: as requests to the server and as SQL on a plain table of calls."""

import random
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from benchmarks.asked import DAY, MONTH, Asked, Question, past_year, some_month, some_source, within
from benchmarks.genesys_questions import genesys_questions
from benchmarks.native_questions import native_questions
from benchmarks.skewed_calls import ACCOUNTS

EXPERIMENTAL = {"X-SailPoint-Experimental": "true"}


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
        **genesys_questions(),
        **native_questions(),
    }


def _total_count(chance: random.Random) -> Asked:
    start, end = some_month(chance)
    target = f"/v2025/api-usage/count?{urlencode({'filters': _sailpoint(start, end)})}"
    sql = f"SELECT COUNT(*) FROM call WHERE {within(start, end)}"
    return Asked(target, sql, lambda answer, rows: answer["NumberOfCalls"] == rows[0][0])


def _api_summary(chance: random.Random) -> Asked:
    start, end = some_month(chance)
    target = f"/v2025/api-usage/summary?{urlencode({'filters': _sailpoint(start, end)})}"
    sql = (
        f"SELECT route, COUNT(*) AS calls FROM call WHERE {within(start, end)} "
        "GROUP BY route ORDER BY calls DESC, route LIMIT 250"
    )
    return Asked(
        target, sql, lambda answer, rows: [row["NumberOfCalls"] for row in answer] == [r[1] for r in rows]
    )


def _source_status(chance: random.Random) -> Asked:
    source = some_source(chance)
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
    source = some_source(chance)
    sql = (
        f"SELECT {MONTH} AS month, COUNT(DISTINCT (account_id, {DAY})) / COUNT(DISTINCT account_id) "
        f"FROM call WHERE {past_year()} AND source_id = '{source}' GROUP BY month ORDER BY month DESC"
    )
    return Asked(f"/v2025/source-usages/{source}/summaries", sql, _same_counts)


def _account_summaries(chance: random.Random) -> Asked:
    account = f"account-{chance.randrange(ACCOUNTS):05}"
    sql = (
        f"SELECT {MONTH} AS month, COUNT(DISTINCT {DAY}) "
        f"FROM call WHERE {past_year()} AND account_id = '{account}' GROUP BY month ORDER BY month DESC"
    )
    return Asked(f"/v2025/account-usages/{account}/summaries", sql, _same_counts)


def _workspace(chance: random.Random) -> Asked:
    start, end = some_month(chance)
    target = f"/usage/api-calls/daily?{urlencode({'period': start.isoformat()})}"
    sql = f"SELECT COUNT(*) FROM call WHERE {within(start, end)}"
    return Asked(target, sql, lambda answer, rows: int(_last(answer)["apiCalls"]) == rows[0][0])


def _sources(chance: random.Random) -> Asked:
    start, end = some_month(chance)
    params = {"period": start.isoformat(), "pagination.count": "1000"}
    sql = (
        f"SELECT {DAY} AS day, source_id, SUM(COUNT(*)) OVER (PARTITION BY source_id ORDER BY {DAY}) "
        f"FROM call WHERE {within(start, end)} GROUP BY day, source_id ORDER BY day, source_id LIMIT 1000"
    )
    return Asked(
        f"/usage/api-calls/sources/daily?{urlencode(params)}",
        sql,
        lambda answer, _: len(next(iter(answer["data"].values()))) == 1000,
    )


def _last(answer: Any) -> Any:
    return answer["data"]["dailyWorkspaceAPICallsUsage"][-1]


def _same_counts(answer: Any, rows: list[tuple[Any, ...]]) -> bool:
    return [row["count"] for row in answer] == [row[1] for row in rows]


def _sailpoint(start: date, end: date) -> str:
    last = end - timedelta(days=1)
    return f'startDate eq "{start}" and endDate eq "{last}"'
