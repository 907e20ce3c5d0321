"""The books of ingest, read so that they agree with one another."""

from dataclasses import dataclass

from calltally.errors import BusyError
from calltally.store.usage_store import UsageStore

OutcomeCounts = tuple[int, int, int, int, int]
"""Received, accepted, duplicate, conflict, rejected."""

_TRIES = 20


@dataclass(frozen=True, slots=True)
class OutcomeReport:
    """What became of the calls that an organization sent, by day of receipt since 1970-01-01 (UTC).

    A day's ``rejections``, by code, add up to its rejected calls. ``refusals`` are requests, by reason, that
    were refused as a whole, before any call in them was judged; a day may have them alone.
    """

    verdicts: dict[int, OutcomeCounts]
    rejections: dict[int, dict[str, int]]
    refusals: dict[int, dict[str, int]]


def read_books(store: UsageStore, organization: str) -> OutcomeReport:
    """The books as of one instant, although a store tells them one by one.

    Verdicts only ever grow, and with them everything that is rejected; where they are the same before and
    after, nothing was booked in between. Raises `BusyError` where that never is so.
    """
    before = store.outcomes(organization)
    for _ in range(_TRIES):
        rejections, refusals = store.rejections(organization), store.refusals(organization)
        after = store.outcomes(organization)
        if before == after:
            return OutcomeReport(after, rejections, refusals)
        before = after
    raise BusyError("the books change faster than they can be read", retry_after=1)
