"""The calls that the SDKs are asked about: more than a year of them, by dice that always fall alike."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.seeds import luck

Call = dict[str, Any]

CLIENTS = {"billing": "Billing Sync", "reports": "Reports", "client/4 é": "Nightly", "nameless": ""}
USERS = ("ann", "bob", "")
SOURCES = ("hr", "ad/2 é", "")
ACCOUNTS = ("acc-1", "acc/3 %2F", "acc-2", "")
METHODS = ("GET", "GET", "GET", "POST", "DELETE")
ROUTES = (
    "/v2025/accounts",
    "/v2025/accounts/{id}",
    "/v2025/accounts/{accountId}",
    "/v2025/sources/{sourceId}/schemas/{schemaId}",
    "/api/v2/users/{userId}",
    "/api/v2/routing/queues",
    "",
)
STATUSES = (200, 200, 200, 201, 304, 400, 404, 429, 500, 503, 0)

CROWDED_ROUTES = 500
_LIVELY_CALLS = 1300
_BETWEEN_CALLS = timedelta(hours=7, minutes=49)


def known_calls(now: datetime) -> list[Call]:
    """Calls of fourteen months until now, and a month long ago that has one call of each of many routes."""
    return [*_lively_calls(now), *_crowded_calls(crowded_month(now))]


def calls_of_others(now: datetime) -> list[Call]:
    """What another organization did with clients, sources and accounts that are called the same."""
    return [call | {"client_name": "Theirs"} for call in _lively_calls(now)[:200]]


def crowded_month(now: datetime) -> datetime:
    """The first instant of the month with many routes, two years before this one."""
    return datetime(now.year - 2, now.month, 1, tzinfo=UTC)


def at(call: Call) -> datetime:
    return datetime.fromisoformat(call["time"])


def _lively_calls(now: datetime) -> list[Call]:
    dice = luck("lively calls")
    return [
        {"id": f"lively-{number}", "time": (now - number * _BETWEEN_CALLS).isoformat(), **_any_call(dice)}
        for number in range(_LIVELY_CALLS)
    ]


def _any_call(dice: random.Random) -> Call:
    client_id = dice.choice(list(CLIENTS))
    return {
        "client_id": client_id,
        "client_name": CLIENTS[client_id],
        "user_id": dice.choice(USERS),
        "source_id": dice.choice(SOURCES),
        "account_id": dice.choice(ACCOUNTS),
        "method": dice.choice(METHODS),
        "route": dice.choice(ROUTES),
        "status": dice.choice(STATUSES),
    }


def _crowded_calls(month: datetime) -> Iterator[Call]:
    for number in range(CROWDED_ROUTES):
        yield {
            "id": f"crowded-{number}",
            "time": (month + timedelta(hours=number)).isoformat(),
            "client_id": "billing",
            "client_name": CLIENTS["billing"],
            "method": "GET",
            "route": f"/crowd/{number:03}",
            "status": 200,
        }
