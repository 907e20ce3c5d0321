"""Thirteen months of calls of an organization that does not exist."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from calltally.call import Call
from calltally.demo.call_writer import CallWriter
from calltally.demo.demo_story import DemoStory
from calltally.demo.organization import Organization
from calltally.demo.traffic import Traffic

SLICE_CALLS = 1000
_DAY = timedelta(days=1)
_MILLISECOND = timedelta(milliseconds=1)


class DemoCalls:
    """The calls of the `DemoStory`, from its first day up to the minute of ``now`` (``until``), oldest first.

    One seed, size and day of ``now`` always give the same calls; a later minute of that day gives the same
    and some more. About ``calls`` calls come out once the day is over (`planned`). A client's, a source's or
    an account's name is on the first of its calls only; sources that no call touches are in
    ``organization`` alone.
    """

    def __init__(self, now: datetime, *, seed: int = 1, calls: int = 2_000_000) -> None:
        self.until = now.astimezone(UTC).replace(second=0, microsecond=0)
        self.story = DemoStory.told_on(self.until.date())
        self.organization = Organization.founded(seed, self.story)
        self._traffic = Traffic(seed, self.story, self.organization, calls)

    @property
    def planned(self) -> int:
        """How many calls the story has through the end of today."""
        return self._traffic.planned

    def slices(self) -> Iterator[list[Call]]:
        """All calls from the first on, in slices of up to `SLICE_CALLS`."""
        writing = CallWriter(self.organization)
        for index in range(self.story.days):
            day = self.story.first_day + index * _DAY
            midnight = datetime.combine(day, time(), tzinfo=UTC)
            so_far_ms = min(_DAY, self.until - midnight) // _MILLISECOND
            calls = writing.written(day.isoformat(), self._traffic.day(index).by_time(so_far_ms))
            for start in range(0, len(calls), SLICE_CALLS):
                yield calls[start : start + SLICE_CALLS]
