"""How the demo's clients behave, as columns of numbers for one day at a time."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

from calltally.clock import DAY_MS
from calltally.demo.demo_route import DEMO_ROUTES, RUNAWAY_ROUTE, Touches
from calltally.demo.demo_story import RUNAWAY_CLIENT, DemoStory
from calltally.demo.organization import ClientKind, Floats, Ints, Organization

NONE = -1
_HOUR_MS = 3_600_000

# The share of a day's calls in each hour (UTC), one row per `ClientKind`: apps, services, nightly jobs.
_HOURS = np.array(
    [
        [1, 1, 1, 1, 2, 6, 20, 55, 90, 100, 96, 82, 60, 84, 92, 86, 66, 38, 20, 12, 9, 6, 3, 2],
        [40, 38, 36, 36, 38, 44, 56, 70, 82, 88, 86, 82, 78, 84, 88, 84, 76, 66, 58, 54, 50, 48, 46, 42],
        [60, 180, 240, 160, 80, 20, 4, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 4, 8, 14, 30],
    ],
    dtype=float,
)
_HOUR_SHARES = np.cumsum(_HOURS, axis=1) / _HOURS.sum(axis=1, keepdims=True)
_WEEKEND = np.array([0.12, 0.6, 0.9])  # beside a working day, one per `ClientKind`

_FAILURES = np.array([404, 400, 401, 403, 409, 422, 429, 500, 502, 503, 504, 0])
_FAILURE_SHARES = np.cumsum([0.4, 0.14, 0.1, 0.09, 0.06, 0.07, 0.05, 0.05, 0.01, 0.015, 0.01, 0.005])
_OUTAGE_FAILURES = np.array([503, 503, 503, 503, 502, 504])
_OUTAGE_MS = (8 * _HOUR_MS + 40 * 60_000, 13 * _HOUR_MS + 20 * 60_000)
_SUCCESSES = {"GET": 200, "PUT": 200, "PATCH": 200, "POST": 201, "DELETE": 204}
_WITH_BODY = ("POST", "PUT", "PATCH")


@dataclass(slots=True)
class DayOfCalls:
    """Some calls of one day as columns. Clients, users, accounts, sources and routes are indexes, `NONE`
    stands for what a call has not."""

    time_ms: Ints  # since midnight UTC
    client: Ints
    user: Ints
    source: Ints
    account: Ints
    route: Ints
    entity: Ints  # the number of the order, the user, … that the path names
    status: Ints
    duration_ms: Ints
    request_bytes: Ints
    response_bytes: Ints

    def __len__(self) -> int:
        return len(self.time_ms)

    def by_time(self, before_ms: int) -> Self:
        """The calls before a time of day, in the order of their times."""
        order = np.argsort(self.time_ms, kind="stable")
        order = order[self.time_ms[order] < before_ms]
        return type(self)(*(getattr(self, field.name)[order] for field in fields(self)))

    def joined(self, other: Self) -> Self:
        return type(self)(
            *(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self))
        )


class Traffic:
    """Draws the calls of any day of the story, the same ones each time for one seed, story and size."""

    def __init__(self, seed: int, story: DemoStory, organization: Organization, calls: int) -> None:
        self._seed = seed
        self._story = story
        self._organization = organization
        days = np.arange(story.days)
        weekday = (story.first_day.weekday() + days) % 7
        ebb = np.array([1.04, 1.08, 1.06, 1.02, 0.92, 0.34, 0.3])[weekday]
        noise = np.random.default_rng([seed, story.days]).normal(1, 0.03, story.days)
        wanted = (1 + days / story.days) * ebb * noise
        runaway = np.zeros(story.days)
        runaway[story.index(story.runaway_from) : story.index(story.runaway_through) + 1] = 0.006 * calls
        self._ordinary = np.round(wanted / wanted.sum() * (calls - runaway.sum())).astype(int)
        self._runaway = np.round(runaway).astype(int)
        self._weekday = weekday
        self._milliseconds = np.log([route.milliseconds for route in DEMO_ROUTES])
        self._response_bytes = np.array([route.response_bytes for route in DEMO_ROUTES])
        self._success = np.array([_SUCCESSES[route.method] for route in DEMO_ROUTES])
        self._has_body = np.array([route.method in _WITH_BODY for route in DEMO_ROUTES])
        self._touches = np.array([route.touches for route in DEMO_ROUTES])

    @property
    def planned(self) -> int:
        """How many calls there are when today is over."""
        return int(self._ordinary.sum() + self._runaway.sum())

    def day(self, index: int) -> DayOfCalls:
        """All calls of a day, in no order."""
        rng = np.random.default_rng([self._seed, self._story.days, index])
        calls = self._ordinary_calls(rng, index, int(self._ordinary[index]))
        if index == self._story.index(self._story.outage_day):
            self._break_down(rng, calls)
        if self._runaway[index]:
            calls = calls.joined(self._runaway_calls(rng, int(self._runaway[index])))
        return calls

    def _ordinary_calls(self, rng: np.random.Generator, index: int, count: int) -> DayOfCalls:
        clients = self._organization.clients
        client = self._who_calls(rng, index, count)
        shares = clients.route_shares[client]
        route = np.minimum((shares < rng.random(count)[:, None]).sum(axis=1), len(DEMO_ROUTES) - 1)
        account, source = self._touched(rng, index, route)
        failed = rng.random(count) < clients.failure_rate[client]
        status = np.where(failed, _drawn(rng, _FAILURES, _FAILURE_SHARES, count), self._success[route])
        calls = DayOfCalls(
            time_ms=_times(rng, clients.kind[client]),
            client=client,
            user=self._user(rng, client),
            source=source,
            account=account,
            route=route,
            entity=rng.integers(1000, 100_000, count),
            status=status,
            duration_ms=np.exp(self._milliseconds[route] + rng.normal(0, 0.45, count)).astype(int) + 1,
            request_bytes=np.where(self._has_body[route], rng.lognormal(6.2, 0.8, count).astype(int), NONE),
            response_bytes=(self._response_bytes[route] * rng.lognormal(0, 0.35, count)).astype(int),
        )
        _answer_failures(rng, calls, status >= 400)
        return calls

    def _who_calls(self, rng: np.random.Generator, index: int, count: int) -> Ints:
        clients = self._organization.clients
        here = (clients.first_day <= index) & (index <= clients.last_day)
        weight = clients.weight * here
        if self._weekday[index] >= 5:
            weight = weight * _WEEKEND[clients.kind]
        return _chosen(rng, weight, count)

    def _user(self, rng: np.random.Generator, client: Ints) -> Ints:
        """People call through apps; each app has its own circle of them, some keener than others."""
        users = len(self._organization.users)
        circle = 5 + (client * 37) % 120
        member = (circle * rng.random(len(client)) ** 2).astype(int)
        person = (client * 101 + member) % users
        return np.where(self._organization.clients.kind[client] == ClientKind.APP, person, NONE)

    def _touched(self, rng: np.random.Generator, index: int, route: Ints) -> tuple[Ints, Ints]:
        accounts = self._organization.accounts
        here = (accounts.first_day <= index) & (index <= accounts.last_day)
        account = _chosen(rng, accounts.weight * here, len(route))
        touches = self._touches[route]
        source = np.where(touches == Touches.NOTHING, NONE, accounts.source[account])
        return np.where(touches == Touches.ACCOUNT, account, NONE), source

    def _break_down(self, rng: np.random.Generator, calls: DayOfCalls) -> None:
        start, end = _OUTAGE_MS
        hit = (calls.time_ms >= start) & (calls.time_ms < end) & (rng.random(len(calls)) < 0.7)
        calls.status[hit] = rng.choice(_OUTAGE_FAILURES, int(hit.sum()))
        _answer_failures(rng, calls, hit)
        calls.duration_ms[hit & (calls.status == 504)] = 30_000

    def _runaway_calls(self, rng: np.random.Generator, count: int) -> DayOfCalls:
        nothing = np.full(count, NONE)
        refused = rng.random(count) < 0.78
        calls = DayOfCalls(
            time_ms=rng.integers(0, DAY_MS, count),
            client=np.full(count, self._organization.clients.names.index(RUNAWAY_CLIENT)),
            user=nothing,
            source=nothing,
            account=nothing,
            route=np.full(count, DEMO_ROUTES.index(RUNAWAY_ROUTE)),
            entity=rng.integers(1000, 1050, count),
            status=np.where(refused, 429, 201),
            duration_ms=rng.lognormal(5, 0.4, count).astype(int),
            request_bytes=rng.integers(600, 900, count),
            response_bytes=rng.integers(700, 1100, count),
        )
        _answer_failures(rng, calls, refused)
        return calls


def _drawn(rng: np.random.Generator, values: Ints, shares: Floats, count: int) -> Ints:
    places = np.searchsorted(shares, rng.random(count) * shares[-1], side="right")
    drawn: Ints = values[np.minimum(places, len(values) - 1)]
    return drawn


def _chosen(rng: np.random.Generator, weight: Floats, count: int) -> Ints:
    """Indexes, each as often as its weight says; never one of weight 0."""
    return _drawn(rng, np.arange(len(weight)), np.cumsum(weight), count)


def _times(rng: np.random.Generator, kind: Ints) -> Ints:
    drawn = rng.random(len(kind))
    hour = np.minimum((_HOUR_SHARES[kind] < drawn[:, None]).sum(axis=1), 23)
    time_ms: Ints = hour * _HOUR_MS + rng.integers(0, _HOUR_MS, len(kind))
    return time_ms


def _answer_failures(rng: np.random.Generator, calls: DayOfCalls, failed: npt.NDArray[np.bool_]) -> None:
    """A failure is told in few bytes, and mostly soon."""
    calls.response_bytes[failed] = rng.integers(90, 320, int(failed.sum()))
    calls.duration_ms[failed] = calls.duration_ms[failed] // 3 + 1
