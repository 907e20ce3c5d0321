"""The outcomes of ingest, read consistently."""

from dataclasses import dataclass

from calltally.errors import BusyError
from calltally.store.usage_store import UsageStore

OutcomeCounts = tuple[int, int, int, int, int]
"""Received, accepted, duplicate, conflict, rejected."""

_TRIES = 20


@dataclass(frozen=True, slots=True)
class OutcomeReport:
    """The outcomes of the calls that an organization sent, by day of receipt since 1970-01-01 (UTC).

    A day's ``rejections``, by code, sum to its rejected calls. ``refusals`` are requests, by reason, that
    were refused entirely, before any call in them was checked; a day may have refusals only.
    """

    verdicts: dict[int, OutcomeCounts]
    rejections: dict[int, dict[str, int]]
    refusals: dict[int, dict[str, int]]


def read_outcomes(store: UsageStore, organization: str) -> OutcomeReport:
    """The outcomes as of one instant, although a store returns them one by one.

    Verdict counts only ever grow, and so do rejections; if they are equal before and after, nothing was
    recorded in between. Raises `BusyError` if they never are.
    """
    before = store.outcomes(organization)
    for _ in range(_TRIES):
        rejections, refusals = store.rejections(organization), store.refusals(organization)
        after = store.outcomes(organization)
        if before == after:
            return OutcomeReport(after, rejections, refusals)
        before = after
    raise BusyError("the outcomes change faster than they can be read", retry_after=1)
