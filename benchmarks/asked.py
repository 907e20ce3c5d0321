"""One question of a benchmark, and what its parameters are drawn from."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from benchmarks.asking import Asking
from benchmarks.skewed_calls import CLIENTS, DAY_MS, SOURCES
from calltally.window import first_of_month, months_before

DAY = f"time_ms // {DAY_MS}"
MONTH = "date_trunc('month', make_timestamp(time_ms * 1000))"
RAW_STATUSES = ", ".join(
    f"COUNT(*) FILTER (WHERE {condition})"
    for condition in (
        "status BETWEEN 200 AND 299",
        "status BETWEEN 300 AND 399",
        "status BETWEEN 400 AND 499",
        "status = 429",
        "status BETWEEN 500 AND 599",
    )
)


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


def within(start: date, end: date) -> str:
    return f"organization = 'acme' AND time_ms >= {ms(start)} AND time_ms < {ms(end)}"


def past_year() -> str:
    return f"organization = 'acme' AND time_ms >= {ms(months_before(first_of_month(today()), 12))}"


def some_month(chance: random.Random) -> tuple[date, date]:
    first = months_before(first_of_month(today()), chance.randrange(1, 12))
    return first, first_of_month(first + timedelta(days=31))


def some_source(chance: random.Random) -> str:
    return f"source-{chance.randrange(SOURCES):03}"


def some_client(chance: random.Random) -> str:
    return f"client-{chance.randrange(CLIENTS):04}"


def today() -> date:
    return datetime.now(UTC).date()


def ms(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY_MS
