"""Counting by looking at every call, with nothing that the server uses."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.sdks.known_calls import CLIENTS, Call, at


class NaiveCount:
    """Calls, and what they add up to."""

    def __init__(self, calls: list[Call]) -> None:
        self.calls = calls

    def between(self, start: datetime, end: datetime) -> "NaiveCount":
        """The calls from a start, included, to an end, excluded."""
        return NaiveCount([call for call in self.calls if start <= at(call) < end])

    def of(self, **values: str) -> "NaiveCount":
        """The calls with these values."""
        return NaiveCount([call for call in self.calls if values.items() <= call.items()])

    def among(self, field: str, values: set[str]) -> "NaiveCount":
        """The calls with one of these values."""
        return NaiveCount([call for call in self.calls if call[field] in values])

    @property
    def total(self) -> int:
        return len(self.calls)

    def summary(self) -> list[dict[str, Any]]:
        """SailPoint's rows: a route each, most calls first."""
        found = Counter(re.sub(r"\{[^}]*\}", "<id>", call["route"]) for call in self.calls)
        ranked = sorted(found.items(), key=lambda row: (-row[1], row[0]))
        return [{"RequestedUri": uri, "NumberOfCalls": calls} for uri, calls in ranked]

    def account_months(self, account_id: str, now: datetime) -> list[dict[str, Any]]:
        """SailPoint's rows of an account: on how many days of each month it called, newest first."""
        days = {at(call).date() for call in self._recent(now).of(account_id=account_id).calls}
        return _newest_first(Counter(day.replace(day=1) for day in days))

    def source_months(self, source_id: str, now: datetime) -> list[dict[str, Any]]:
        """SailPoint's rows of a source: the mean of its accounts' days of each month, newest first."""
        days: dict[date, set[tuple[str, date]]] = defaultdict(set)
        for call in self._recent(now).of(source_id=source_id).calls:
            if call["account_id"]:
                day = at(call).date()
                days[day.replace(day=1)].add((call["account_id"], day))
        return _newest_first(
            {month: len(seen) / len({account for account, _ in seen}) for month, seen in days.items()}
        )

    def genesys_rows(
        self, *group_by: str, bucket: Callable[[datetime], datetime] | None = None
    ) -> list[dict[str, Any]]:
        """Genesys's rows with every count, in any order."""
        groups: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        for call in self.calls:
            start = f"{bucket(at(call)):%Y-%m-%dT%H:%M:%SZ}" if bucket else ""
            groups[start, *(call[field] for field in group_by)].update(_counts(call["status"]))
        return [
            _genesys_row(dict(zip(group_by, key, strict=True)), counts) | ({"date": start} if bucket else {})
            for (start, *key), counts in groups.items()
        ]

    def _recent(self, now: datetime) -> "NaiveCount":
        """The calls of the past twelve months and the current one."""
        return self.between(datetime(now.year - 1, now.month, 1, tzinfo=UTC), now + timedelta(days=1))


def _newest_first(months: dict[date, Any]) -> list[dict[str, Any]]:
    return [{"date": month.isoformat(), "count": months[month]} for month in sorted(months, reverse=True)]


def _counts(status: int) -> dict[str, int]:
    counts = {f"status{status // 100}00": 1} if status >= 200 else {}
    return counts | {"requests": 1} | ({"status429": 1} if status == 429 else {})


def _genesys_row(group: dict[str, str], counts: Counter[str]) -> dict[str, Any]:
    client_id = group.get("client_id", "")
    metrics = ("status200", "status300", "status400", "status500", "status429", "requests")
    return {
        "clientId": client_id,
        "clientName": CLIENTS.get(client_id, ""),
        "organizationId": "",
        "userId": group.get("user_id", ""),
        "templateUri": group.get("route", "").removeprefix("/"),
        "httpMethod": group.get("method", ""),
        **{metric: counts[metric] for metric in metrics},
    }
