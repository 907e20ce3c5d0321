"""Who there is in the demo: clients, people, sources and accounts."""

from dataclasses import dataclass
from enum import IntEnum
from itertools import product
from uuid import UUID

import numpy as np
import numpy.typing as npt

from calltally.demo import words
from calltally.demo.demo_route import DEMO_ROUTES, Area
from calltally.demo.demo_story import (
    RETIRED_CLIENT,
    RUNAWAY_CLIENT,
    SUCCESSOR_CLIENT,
    DemoStory,
)

_PEOPLE = 2400
_ACCOUNTS = 6000
_MAIL_DOMAIN = "greenfield.example"

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class ClientKind(IntEnum):
    """When a client calls: when people work, always, or at night."""

    APP = 0
    SERVICE = 1
    NIGHTLY = 2


@dataclass(frozen=True, slots=True)
class Clients:
    """OAuth clients as columns; ``first_day`` and ``last_day`` are indexes into the story."""

    ids: list[str]
    names: list[str]
    kind: Ints
    weight: Floats
    first_day: Ints
    last_day: Ints
    failure_rate: Floats
    route_shares: Floats
    """One row per client: the cumulated shares of the routes it calls."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Sources as columns; a weight of 0 is a source that no call ever touches."""

    ids: list[str]
    names: list[str]
    weight: Floats


@dataclass(frozen=True, slots=True)
class Accounts:
    """Accounts as columns; ``source`` is an index into the sources."""

    ids: list[str]
    names: list[str]
    source: Ints
    weight: Floats
    first_day: Ints
    last_day: Ints


@dataclass(frozen=True, slots=True)
class Organization:
    """Greenfield's clients, users, sources and accounts: always the same ones for one seed and story."""

    clients: Clients
    users: list[str]
    sources: Sources
    accounts: Accounts

    @classmethod
    def founded(cls, seed: int, story: DemoStory) -> "Organization":
        rng = np.random.default_rng(seed)
        people = _people(rng)
        sources = _sources(rng)
        return cls(
            clients=_clients(rng, story),
            users=[f"{name.replace(' ', '.').lower()}@{_MAIL_DOMAIN}" for name in people],
            sources=sources,
            accounts=_accounts(rng, story, people, sources),
        )


def _people(rng: np.random.Generator) -> list[str]:
    names = [f"{first} {last}" for first, last in product(words.FIRST_NAMES, words.LAST_NAMES)]
    return [names[index] for index in rng.permutation(len(names))[:_PEOPLE].tolist()]


def _hex_ids(rng: np.random.Generator, count: int) -> list[str]:
    digits = rng.bytes(16 * count).hex()
    return [digits[start : start + 32] for start in range(0, len(digits), 32)]


def _popularity(rng: np.random.Generator, count: int, steepness: float) -> Floats:
    """Weights of which a few are large and many small, in random order."""
    shares = 1.0 / np.arange(1, count + 1) ** steepness
    return rng.permutation(shares / shares.sum())


def _clients(rng: np.random.Generator, story: DemoStory) -> Clients:
    kinds = {
        ClientKind.APP: words.APPS,
        ClientKind.SERVICE: words.SERVICES,
        ClientKind.NIGHTLY: words.NIGHTLY_JOBS,
    }
    named = [
        (f"{system} {purpose}", kind)
        for kind, purposes in kinds.items()
        for system, purpose in product(words.SYSTEMS, purposes)
    ]
    named = [named[index] for index in rng.permutation(len(named))[:297].tolist()]
    named += [
        (RUNAWAY_CLIENT, ClientKind.SERVICE),
        (RETIRED_CLIENT, ClientKind.APP),
        (SUCCESSOR_CLIENT, ClientKind.APP),
    ]
    count = len(named)
    weight = _popularity(rng, count, 0.85)
    weight[-3:] = 0.0002, 0.03, 0.035
    newcomer = rng.random(count) < 0.3
    leaver = rng.random(count) < 0.1
    first_day = np.where(newcomer, rng.integers(0, story.days, count), 0)
    last_day = np.where(leaver, rng.integers(first_day, story.days), story.days)
    handover = story.index(story.handover_day)
    first_day[-3:] = 0, 0, handover - 14
    last_day[-3:] = story.days, handover + 14, story.days
    return Clients(
        ids=[str(UUID(digits, version=4)) for digits in _hex_ids(rng, count)],
        names=[name for name, _ in named],
        kind=np.array([kind for _, kind in named]),
        weight=weight,
        first_day=first_day,
        last_day=last_day,
        failure_rate=np.clip(rng.lognormal(np.log(0.035), 0.7, count), 0.004, 0.4),
        route_shares=_route_shares(rng, count),
    )


def _route_shares(rng: np.random.Generator, clients: int) -> Floats:
    """Each client calls some ten routes, most of them in one area."""
    routes = len(DEMO_ROUTES)
    area = np.array([route.area for route in DEMO_ROUTES])
    home = rng.choice(np.array(list(Area)), clients, p=[0.35, 0.5, 0.15])
    home[-3:] = Area.BUSINESS
    liking = rng.gamma(0.35, size=(clients, routes)) + 1e-9
    liking *= np.array([route.weight for route in DEMO_ROUTES])
    liking *= np.where(area[None, :] == home[:, None], 1.0, 0.02)
    shares = np.cumsum(liking, axis=1)
    normalized: Floats = shares / shares[:, -1:]
    return normalized


def _sources(rng: np.random.Generator) -> Sources:
    names = [
        *words.BUSY_SOURCES,
        *words.MIDDLING_SOURCES,
        *words.QUIET_SOURCES,
        words.ABANDONED_SOURCE,
        *words.UNUSED_SOURCES,
    ]
    weight = np.concatenate(
        [
            rng.uniform(5, 20, len(words.BUSY_SOURCES)),
            rng.uniform(0.5, 3, len(words.MIDDLING_SOURCES)),
            rng.uniform(0.005, 0.02, len(words.QUIET_SOURCES)),
            [2.0],
            np.zeros(len(words.UNUSED_SOURCES)),
        ]
    )
    return Sources(ids=_hex_ids(rng, len(names)), names=names, weight=weight)


def _accounts(rng: np.random.Generator, story: DemoStory, people: list[str], sources: Sources) -> Accounts:
    held = np.sqrt(sources.weight)
    source = np.sort(rng.choice(len(held), _ACCOUNTS, p=held / held.sum()))
    per_source = np.bincount(source, minlength=len(held))
    weight = rng.gamma(0.8, size=_ACCOUNTS) * sources.weight[source] / per_source[source]
    fate = rng.random(_ACCOUNTS)
    first_day = np.where(fate > 0.85, rng.integers(0, story.days, _ACCOUNTS), 0)
    dormant = fate < 0.3
    last_day = np.where(dormant, rng.integers(20, story.days - 92, _ACCOUNTS), story.days)
    abandoned = source == sources.names.index(words.ABANDONED_SOURCE)
    last_day = np.where(abandoned, np.minimum(last_day, story.index(story.abandoned_day) - 1), last_day)
    first_day = np.where(abandoned, 0, first_day)
    owners = rng.integers(0, len(people), _ACCOUNTS).tolist()
    return Accounts(
        ids=_hex_ids(rng, _ACCOUNTS),
        names=[people[owner] for owner in owners],
        source=source,
        weight=weight,
        first_day=first_day,
        last_day=last_day,
    )
