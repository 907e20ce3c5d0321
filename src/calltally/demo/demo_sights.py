"""What to look at in the demo, each with the question that shows it."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from calltally.demo.demo_calls import DemoCalls
from calltally.demo.demo_story import (
    RETIRED_CLIENT,
    RUNAWAY_CLIENT,
    SUCCESSOR_CLIENT,
)
from calltally.demo.organization import Organization
from calltally.demo.words import ABANDONED_SOURCE

_DAY = timedelta(days=1)
_DORMANT_FOR_DAYS = 92


@dataclass(frozen=True, slots=True)
class Sight:
    """Something in the data; ``question`` holds the options of ``calltally usage`` that show it."""

    what: str
    question: str


def sights_of(demo: DemoCalls) -> list[Sight]:
    """What a visitor should not miss, the latest first."""
    story = demo.story
    clients, sources = demo.organization.clients, demo.organization.sources
    runaway, retired, successor = (
        clients.ids[clients.names.index(name)] for name in (RUNAWAY_CLIENT, RETIRED_CLIENT, SUCCESSOR_CLIENT)
    )
    abandoned = sources.ids[sources.names.index(ABANDONED_SOURCE)]
    return [
        Sight(
            f"From {_day(story.runaway_from)} through {_day(story.runaway_through)} the client "
            f'"{RUNAWAY_CLIENT}" ({runaway[:8]}…) ran away: more calls than everybody else together, most of '
            "them answered with 429.",
            f"--from {story.runaway_from} --to {story.runaway_through + _DAY} --group-by client_id "
            "--metrics calls,status_429 --order-by -calls --limit 5",
        ),
        Sight(
            f"On {_day(story.outage_day)}, from 08:40 to 13:20 UTC, most calls failed.",
            f"--from {story.outage_day} --to {story.outage_day + _DAY} --granularity hour "
            "--metrics calls,status_500",
        ),
        Sight(
            f'Around {_day(story.handover_day)} "{RETIRED_CLIENT}" handed over to "{SUCCESSOR_CLIENT}".',
            f"--from {story.first_day} --granularity month --group-by client_id "
            f"--where client_id={retired} --where client_id={successor}",
        ),
        Sight(
            f'Since {_day(story.abandoned_day)} nobody calls the source "{ABANDONED_SOURCE}".',
            f"--from {story.first_day} --granularity month --where source_id={abandoned} "
            "--metrics calls,active_days",
        ),
    ]


def busiest_account(organization: Organization) -> str:
    """The id of an account that is active on many days up to today."""
    accounts = organization.accounts
    here_all_along = (accounts.first_day == 0) & (accounts.last_day == accounts.last_day.max())
    return accounts.ids[int(np.argmax(accounts.weight * here_all_along))]


def dormant_account(organization: Organization) -> str:
    """The id of an account that was active on many days once, and on none of the last three months."""
    accounts = organization.accounts
    left = accounts.last_day < accounts.last_day.max() - _DORMANT_FOR_DAYS
    return accounts.ids[int(np.argmax(accounts.weight * left))]


def _day(day: date) -> str:
    return f"{day:%A}, {day.day} {day:%B %Y}"
