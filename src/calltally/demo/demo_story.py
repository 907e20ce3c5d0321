"""What there is to discover in the demo's calls."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

from calltally.window import first_of_month, months_before

ORGANIZATION = "greenfield"
RUNAWAY_CLIENT = "Invoice matcher (staging)"
RETIRED_CLIENT = "Field app 1.x"
SUCCESSOR_CLIENT = "Field app 2.x"


@dataclass(frozen=True, slots=True)
class DemoStory:
    """The dates of a year at Greenfield, a grocer with its own API, seen from ``today``; all in UTC.

    - Calls grow to about twice their number from the first of the month twelve months ago until today.
      Weekends are quiet, offices open at seven, exports run in the small hours.
    - In the week from ``runaway_from`` through ``runaway_through`` the client `RUNAWAY_CLIENT`, hardly seen
      otherwise, calls more than everybody else together, and most of its calls are answered with 429.
    - On ``outage_day`` most calls from 08:40 to 13:20 fail with 502, 503 or 504.
    - `RETIRED_CLIENT` hands over to `SUCCESSOR_CLIENT` around ``handover_day``.
    - One source has not been called since ``abandoned_day``, three are quiet, and two never had a call.
    - About three accounts of ten went dormant some time before the last three months.
    """

    today: date
    first_day: date
    runaway_from: date
    runaway_through: date
    outage_day: date
    handover_day: date
    abandoned_day: date

    @classmethod
    def told_on(cls, today: date) -> Self:
        monday = today - timedelta(days=today.weekday())
        return cls(
            today=today,
            first_day=months_before(first_of_month(today), 12),
            runaway_from=monday - timedelta(weeks=5),
            runaway_through=monday - timedelta(weeks=4, days=1),
            outage_day=monday - timedelta(weeks=10, days=-1),
            handover_day=monday - timedelta(weeks=26),
            abandoned_day=monday - timedelta(weeks=30),
        )

    @property
    def days(self) -> int:
        """How many days there are, the first and today included."""
        return (self.today - self.first_day).days + 1

    def index(self, day: date) -> int:
        """A day's place in the story, 0 for the first."""
        return (day - self.first_day).days
