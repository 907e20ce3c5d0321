"""What a server says was counted, asked in every way that it can come by the number."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from soak.book import VERDICTS, Counts, Key, class_of

_DAYS = 60
"""How far back senders send."""


class Accountant:
    """Asks a running server about organizations, each with a token that may read its usage."""

    def __init__(self, address: str, tokens: dict[str, str]) -> None:
        self._address = address
        self._tokens = tokens

    def in_all_ways(self) -> dict[str, Counts]:
        """The same counts: from the marginals of UTC days, from quarters of an hour or the calls where a time
        zone cuts the days, and from the calls by their status."""
        hours = {"granularity": "hour", "time_zone": "Europe/Berlin", "group_by": "client_id,status_class"}
        calls = {"granularity": "day", "group_by": "client_id,status"}
        return {
            "days": self.by_day(),
            "hours": self._counts(hours, lambda row: str(row["status_class"])),
            "statuses": self._counts(calls, lambda row: class_of(row["status"])),
        }

    def by_day(self) -> Counts:
        days = {"granularity": "day", "group_by": "client_id,status_class"}
        return self._counts(days, lambda row: str(row["status_class"]))

    def books(self) -> Counter[str]:
        """What became of the calls received, over all organizations and days of receipt."""
        found: Counter[str] = Counter()
        today = datetime.now(UTC).date()
        for organization in self._tokens:
            with self._visitor(organization) as visitor:
                response = visitor.get("/v1/outcomes", params=_span(today))
                response.raise_for_status()
                for day in response.json()["days"]:
                    found.update({name: day[name] for name in ("received", *VERDICTS)})
        return found

    def _counts(self, question: dict[str, str], class_in: Callable[[dict[str, Any]], str]) -> Counts:
        counts: Counts = Counter()
        for organization in self._tokens:
            for row in self._rows(organization, {**question, **_span(datetime.now(UTC).date())}):
                day = datetime.fromisoformat(row["start"]).astimezone(UTC).date().isoformat()
                counts[Key(organization, day, row["client_id"], class_in(row))] += row["calls"]
        return counts

    def _rows(self, organization: str, question: dict[str, str]) -> Iterator[dict[str, Any]]:
        with self._visitor(organization) as visitor:
            cursor: dict[str, str] = {}
            while True:
                response = visitor.get("/v1/usage", params={"limit": "10000", **question, **cursor})
                response.raise_for_status()
                answer = response.json()
                yield from answer["rows"]
                if not answer.get("next"):
                    return
                cursor = {"cursor": answer["next"]}

    def _visitor(self, organization: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self._tokens[organization]}"}
        return httpx.Client(base_url=self._address, headers=headers, timeout=60)


def _span(today: date) -> dict[str, str]:
    return {
        "from": (today - timedelta(days=_DAYS)).isoformat(),
        "to": (today + timedelta(days=2)).isoformat(),
    }
