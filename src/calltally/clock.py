"""The time of day as a dependency, so that tests control it."""

import time
from datetime import UTC, datetime
from typing import Protocol

DAY_MS = 86_400_000
"""Milliseconds of a day in UTC, which has no leap seconds."""


class Clock(Protocol):
    """Returns the current time in whole milliseconds since 1970-01-01T00:00Z. It may step back."""

    def now_ms(self) -> int: ...


class SystemClock:
    """The system clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


class FixedClock:
    """A clock that shows a fixed time until it is moved."""

    def __init__(self, instant: datetime) -> None:
        self._now_ms = instant_ms(instant)

    def now_ms(self) -> int:
        return self._now_ms

    def move_to(self, instant: datetime) -> None:
        self._now_ms = instant_ms(instant)


def instant_ms(instant: datetime) -> int:
    """Whole milliseconds since 1970 of an aware datetime; finer digits are truncated."""
    since_epoch = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return (since_epoch.days * 86_400 + since_epoch.seconds) * 1000 + since_epoch.microseconds // 1000


def instant_of(milliseconds: int) -> datetime:
    """The aware UTC datetime of milliseconds since 1970."""
    seconds, rest = divmod(milliseconds, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)
