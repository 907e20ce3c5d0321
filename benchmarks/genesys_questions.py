"""Genesys's operations as timed questions: each from its POST to the first page of its results."""

import json
import random
from datetime import date, timedelta
from typing import Any

from benchmarks.asked import RAW_STATUSES, Asked, Question, some_client, some_month, today, within
from benchmarks.skewed_calls import ROUTES

_COLUMNS = {"OAuthClientId": "client_id", "TemplateUri": "route", "HttpMethod": "method"}
_COUNTS = ("Status200", "Status300", "Status400", "Status429", "Status500")


def genesys_questions() -> dict[str, Question]:
    return {
        "Genesys, a month by client": _query("OAuthClientId"),
        "Genesys, a month by route and method": _query("TemplateUri", "HttpMethod"),
        "Genesys, one client's month by route and method": _client_query,
        "Genesys, one client's summary": _summary,
        "Genesys search by client, route, method, about 1,000 rows": _search(routes=25),
        "Genesys search by client, route, method, 1,000 of about 16,000": _search(),
    }


def _query(*group_by: str) -> Question:
    keys = ", ".join(_COLUMNS[key] for key in group_by)

    def question(chance: random.Random) -> Asked:
        start, end = some_month(chance)
        return Asked(
            "/api/v2/usage/query",
            _sql(keys, start, end),
            _same_requests,
            json.dumps({"interval": _interval(start, end), "groupBy": list(group_by)}),
            is_execution=True,
        )

    return question


def _client_query(chance: random.Random) -> Asked:
    start, end = some_month(chance)
    client = some_client(chance)
    return Asked(
        f"/api/v2/oauth/clients/{client}/usage/query",
        _sql("route, method", start, end, f"AND client_id = '{client}'"),
        _same_requests,
        json.dumps({"interval": _interval(start, end), "groupBy": ["TemplateUri", "HttpMethod"]}),
        is_execution=True,
    )


def _summary(chance: random.Random) -> Asked:
    client = some_client(chance)
    days = chance.randrange(7, 32)
    start, end = today() - timedelta(days=days), today() + timedelta(days=1)
    return Asked(
        f"/api/v2/oauth/clients/{client}/usage/summary?days={days}",
        _sql("route, method", start, end, f"AND client_id = '{client}'"),
        _same_requests,
        is_execution=True,
    )


def _search(routes: int = 0) -> Question:
    """By client, template and method with all counts; of a few of the routes, or of all."""

    def question(chance: random.Random) -> Asked:
        start, end = some_month(chance)
        numbers = chance.sample(range(ROUTES), routes)
        templates = [f"/v1/things-{number:03}/{{id}}" for number in numbers]
        body = {
            "interval": _interval(start, end),
            "metrics": ["ClientName", "TemplateUri", "HttpMethod", *_COUNTS],
            "templateUris": templates,
        }
        keys = "client_id, method, route"
        among = ", ".join(f"'{template}'" for template in templates)
        condition = f"AND route IN ({among})" if templates else ""
        return Asked(
            "/api/v2/usage/simplesearch",
            f"{_sql(keys, start, end, condition)} ORDER BY {keys} LIMIT 1000",
            lambda answer, rows: len(answer["results"]) == len(rows),
            json.dumps(body),
            is_execution=True,
        )

    return question


def _sql(keys: str, start: date, end: date, condition: str = "") -> str:
    return (
        f"SELECT {keys}, COUNT(*), {RAW_STATUSES} "
        f"FROM call WHERE {within(start, end)} {condition} GROUP BY {keys}"
    )


def _same_requests(answer: Any, rows: list[tuple[Any, ...]]) -> bool:
    """Whether both have the same groups' numbers of calls, which stand before the five of statuses."""
    return sorted(row["requests"] for row in answer["results"]) == sorted(row[-6] for row in rows)


def _interval(start: date, end: date) -> str:
    return f"{start}/{end - timedelta(days=1)}"
