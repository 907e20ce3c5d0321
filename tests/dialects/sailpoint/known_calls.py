"""Calls of the past year, and naive counts of them in SailPoint's sense."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import count
from typing import Any

MILLISECOND = timedelta(milliseconds=1)

_ACCOUNT, _SOURCE = "/v2025/accounts/{id}", "/v2025/sources/{id}"


class KnownCalls:
    """What acme and globex sent until now; counted are acme's calls."""

    def __init__(self) -> None:
        self._numbers = count(1)  # early in a month several calls are the same but for their ids
        self.now = datetime.now(UTC)
        self.month = self.now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        before, year = first_of_month_before(self.month, 1), first_of_month_before(self.month, 12)
        src_1, acc_1, acc_2 = {"source_id": "src-1"}, {"account_id": "acc-1"}, {"account_id": "acc-2"}
        self.acme = [
            self._call(self.month, "GET", _ACCOUNT, **src_1, **acc_1),
            self._call(self._day(1, 10), "GET", "/v2025/accounts/{accountId}", **src_1, **acc_1),
            self._call(self._day(2, 10), "POST", "/v2025/accounts", **src_1, **acc_1),
            self._call(self._day(2, 11), "GET", _SOURCE, **src_1, **acc_2),
            self._call(self._day(4, 0), "GET", _SOURCE, **src_1, **acc_2),
            self._call(self._day(11, 0) - MILLISECOND, "GET", _ACCOUNT, **src_1, **acc_1),
            self._call(self._day(15, 12), "GET", ""),
            self._call(self.month - MILLISECOND, "GET", _SOURCE, **src_1, **acc_1),
            self._call(before + timedelta(days=9, hours=8), "POST", "/v2025/accounts", **src_1, **acc_2),
            self._call(year, "GET", _SOURCE, source_id="src/2 é", account_id="acc/3 %2F"),
            self._call(year - MILLISECOND, "GET", _SOURCE, **src_1, **acc_1),
        ]
        self.globex = [
            self._call(self._day(3, 8), "GET", _ACCOUNT, **src_1, **acc_1),
            self._call(self._day(3, 9), "GET", "/v2025/transforms", source_id="src-9", account_id="acc-9"),
        ]

    def total(
        self, *, method: str = "", after: datetime | None = None, before: datetime | None = None
    ) -> int:
        """How many calls, of this month unless another window is said."""
        return sum(self._routes(method, after or self.month - MILLISECOND, before).values())

    def summary(
        self, *, method: str = "", after: datetime | None = None, before: datetime | None = None
    ) -> list[tuple[str, int]]:
        """The same by route, most calls first."""
        routes = self._routes(method, after or self.month - MILLISECOND, before)
        return sorted(routes.items(), key=lambda row: (-row[1], row[0]))

    def account_days(self, account_id: str) -> list[tuple[date, int]]:
        """On how many days of each month an account was active, newest first."""
        days = {at.date() for at, call in self._past_year() if call.get("account_id") == account_id}
        months = Counter(day.replace(day=1) for day in days)
        return sorted(months.items(), reverse=True)

    def mean_days(self, source_id: str) -> list[tuple[date, float]]:
        """The mean number of days on which a source's accounts were active, by month, newest first."""
        days: defaultdict[date, set[tuple[str, date]]] = defaultdict(set)
        for at, call in self._past_year():
            if call.get("source_id") == source_id:
                days[at.date().replace(day=1)].add((call["account_id"], at.date()))
        means = {month: Fraction(len(of), len({account for account, _ in of})) for month, of in days.items()}
        return sorted(((month, float(mean)) for month, mean in means.items()), reverse=True)

    def _routes(self, method: str, after: datetime, before: datetime | None) -> Counter[str]:
        return Counter(
            re.sub(r"\{[^}]*\}", "<id>", call["route"])
            for at, call in self._timed()
            if at > after and (before is None or at < before) and method in ("", call["method"])
        )

    def _past_year(self) -> Iterator[tuple[datetime, dict[str, Any]]]:
        start = first_of_month_before(self.month, 12)
        return ((at, call) for at, call in self._timed() if at >= start)

    def _timed(self) -> Iterator[tuple[datetime, dict[str, Any]]]:
        return ((datetime.fromisoformat(call["time"]), call) for call in self.acme)

    def _day(self, day: int, hour: int) -> datetime:
        """An hour of a day of this month, or now where that is yet to come."""
        return min(self.month + timedelta(days=day - 1, hours=hour), self.now)

    def _call(self, at: datetime, method: str, route: str, **fields: str) -> dict[str, Any]:
        call_id = f"call-{next(self._numbers)}"
        return {"id": call_id, "time": _to_the_millisecond(at), "method": method, "route": route, **fields}


def first_of_month_before(month: datetime, months: int) -> datetime:
    """The first instant of the month that lies so many months before another's."""
    for _ in range(months):
        month = (month - timedelta(days=1)).replace(day=1)
    return month


def _to_the_millisecond(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
