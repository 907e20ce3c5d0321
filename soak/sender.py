"""A sender that never gives up on a batch, and that knows what it was told."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from tests.end_to_end.server_process import ndjson

from soak.book import VERDICTS, Book, Counts, keys_of
from soak.remembered_lives import Call, RememberedLives

_STATUSES = (200, 200, 201, 204, 304, 404, 429, 500, 503, 0, 101)
_REMEMBERED = 2_000
_AGAIN_OF_A_LIFE = 3

NOTHING: Counts = Counter()


class WrongAnswerError(Exception):
    """A server said what it may not say."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What a sender sends in a batch: up to so many calls that are new, and others beside them.

    Resent and conflicting ones repeat the ids of calls that were acknowledged; wrong ones break a rule. With
    ``correcting`` one of so many batches is followed by a correction of calls that were acknowledged.
    """

    new: int = 300
    resent: int = 20
    conflicting: int = 3
    wrong: int = 2
    backfill: bool = False
    correcting: int = 0


@dataclass(slots=True)
class _Batch:
    calls: list[Call]
    new: list[Call]
    keys: Counts
    resent: int
    conflicting: int
    wrong: int
    attempts: int = 0


@dataclass(slots=True)
class _Correction:
    body: dict[str, Any]
    calls: list[Call]
    gone: Counts
    come: Counts
    attempts: int = 0


class Sender:
    """Sends batches for one organization, one after the other, each until it is acknowledged.

    `work` returns when the server went away in the midst of something; `deliver_what_is_open` sends that
    again. Calls whose answer came are remembered, some of each life of the server for good, and each later
    repetition must be a duplicate. ``again`` counts those of earlier lives by life. ``moment`` is asked after
    each answer and says how far the world had come; ``answers`` keeps it with the keys.
    """

    def __init__(
        self,
        name: str,
        organization: str,
        token: str,
        habits: Habits = Habits(),
        *,
        seed: int = 0,
        moment: Callable[[], int] = lambda: 0,
    ) -> None:
        self.name = name
        self.organization = organization
        self.book = Book()
        self.again: Counter[int] = Counter()
        self.answers: list[tuple[int, Counts]] = []
        self.begun: list[tuple[int, Counts]] = []
        self._token = token
        self._habits = habits
        self._moment = moment
        self._random = random.Random(f"{seed} {name}")
        self._now = datetime.now(UTC)
        self._number = 0
        self._remembered: list[Call] = []
        self._corrected: list[Call] = []
        self._lives = RememberedLives(self._random)
        self._open: _Batch | _Correction | None = None

    def begin_life(self) -> None:
        """Says that the server was started again: what is acknowledged from here on is of another life."""
        self._lives.begin()

    def work(self, address: str, stop: threading.Event) -> None:
        """Sends until told to stop or until the server is gone."""
        with self._visitor(address) as visitor:
            while not stop.is_set():
                self._open = self._open or self._next()
                try:
                    self._deliver(visitor, self._open)
                except httpx.TransportError:
                    self.book.lost_answers += 1
                    return

    def deliver_what_is_open(self, address: str) -> None:
        """Sends the batch again whose answer was lost, if there is one."""
        if self._open is not None:
            with self._visitor(address) as visitor:
                self._deliver(visitor, self._open)

    def repeat_some(self, address: str, count: int) -> None:
        """Sends calls again that were acknowledged at any time before, and some of every earlier life; each
        must be known, whether it was corrected since or not."""
        known = self._remembered + self._corrected
        of_lives, again = self._lives.some(_AGAIN_OF_A_LIFE)
        some = self._random.sample(known, min(count, len(known))) + of_lives
        if not some:
            return
        self._random.shuffle(some)
        with self._visitor(address) as visitor:
            receipt = self._post(visitor, some)
        if receipt["duplicate"] != len(some):
            raise WrongAnswerError(f"{self.name} sent {len(some)} acknowledged calls again and got {receipt}")
        self.again += again
        self.book.told.update({verdict: receipt[verdict] for verdict in VERDICTS})

    def _deliver(self, visitor: httpx.Client, what: _Batch | _Correction) -> None:
        what.attempts += 1
        if isinstance(what, _Batch):
            self._deliver_batch(visitor, what)
        else:
            self._deliver_correction(visitor, what)
        self._open = None

    def _deliver_batch(self, visitor: httpx.Client, batch: _Batch) -> None:
        if batch.attempts == 1:
            self._may_be(come=batch.keys)
        receipt = self._post(visitor, batch.calls)
        self._check(batch, receipt)
        self._must_be(come=batch.keys)
        self.book.accepted += batch.keys.total()
        self.book.told.update({verdict: receipt[verdict] for verdict in VERDICTS})
        self._remember(batch.new)

    def _deliver_correction(self, visitor: httpx.Client, correction: _Correction) -> None:
        if correction.attempts == 1:
            self._may_be(come=correction.come)
            self._must_be(gone=correction.gone)
        self._request(visitor, "/v1/corrections", json=correction.body)
        self._may_be(gone=correction.gone)
        self._must_be(come=correction.come)
        self.book.corrected += len(correction.calls)
        self._corrected += correction.calls

    def _may_be(self, come: Counts = NOTHING, gone: Counts = NOTHING) -> None:
        self._move(self.book.sent, self.begun, come, gone)

    def _must_be(self, come: Counts = NOTHING, gone: Counts = NOTHING) -> None:
        self._move(self.book.acknowledged, self.answers, come, gone)

    def _move(self, counts: Counts, moments: list[tuple[int, Counts]], come: Counts, gone: Counts) -> None:
        moved = Counter(come)
        moved.subtract(gone)
        counts.update(moved)
        moments.append((self._moment(), moved))

    def _check(self, batch: _Batch, receipt: dict[str, Any]) -> None:
        right = (
            receipt["conflict"] == batch.conflicting
            and receipt["rejected"] == batch.wrong
            and receipt["accepted"] + receipt["duplicate"] == len(batch.new) + batch.resent
            and (receipt["accepted"] == len(batch.new) or batch.attempts > 1)
        )
        if not right:
            verdicts = {name: receipt[name] for name in VERDICTS}
            raise WrongAnswerError(
                f"{self.name} sent {len(batch.new)} new calls, {batch.resent} known, {batch.conflicting} "
                f"conflicting and {batch.wrong} wrong ones, attempt {batch.attempts}, and got {verdicts}"
            )

    def _post(self, visitor: httpx.Client, calls: list[Call]) -> dict[str, Any]:
        path = "/v1/calls?backfill=true" if self._habits.backfill else "/v1/calls"
        headers = {"Content-Type": "application/x-ndjson"}
        return self._request(visitor, path, content=ndjson(calls), headers=headers)

    def _request(self, visitor: httpx.Client, path: str, **what: Any) -> dict[str, Any]:
        """The answer; a server that is busy is asked again."""
        while True:
            response = visitor.post(path, **what)
            if response.status_code == 503 and "retry-after" in response.headers:
                self.book.busy_answers += 1
                time.sleep(min(float(response.headers["retry-after"]), 1))
            elif response.status_code != 200:
                raise WrongAnswerError(f"{self.name} got {response.status_code}: {response.text[:500]}")
            else:
                answer: dict[str, Any] = json.loads(response.content)
                return answer

    def _next(self) -> _Batch | _Correction:
        correcting = self._habits.correcting
        if correcting and len(self._remembered) > 50 and not self._random.randrange(correcting):
            return self._next_correction()
        return self._next_batch()

    def _next_correction(self) -> _Correction:
        """Cancels some calls, or amends the status of them."""
        self._random.shuffle(self._remembered)
        calls = [self._remembered.pop() for _ in range(self._random.randint(1, 5))]
        gone = keys_of(self.organization, calls)
        if self._random.random() < 0.5:
            ids = [call["id"] for call in calls]
            return _Correction({"action": "cancel", "ids": ids, "why": "test"}, calls, gone, Counter())
        amended = [{**call, "status": self._random.choice(_STATUSES)} for call in calls]
        body = {"action": "amend", "calls": amended, "why": "test"}
        return _Correction(body, calls, gone, keys_of(self.organization, amended))

    def _next_batch(self) -> _Batch:
        habits, known = self._habits, self._remembered
        new = [self._call() for _ in range(self._random.randint(1, habits.new))]
        resent = self._random.sample(known, min(len(known), habits.resent))
        conflicting = [
            {**call, "status": 599 if call["status"] != 599 else 598}
            for call in self._random.sample(known, min(len(known), habits.conflicting))
        ]
        wrong = [{**new[0], "id": f"{self.name}-wrong-{self._number}", "status": 99}] * habits.wrong
        calls = [*conflicting, *new, *resent, *wrong]
        keys = keys_of(self.organization, new)
        return _Batch(calls, new, keys, len(resent), len(conflicting), len(wrong))

    def _call(self) -> Call:
        self._number += 1
        day = self._random.choice((0, 0, 0, 1, 2)) + (
            40 + self._random.randrange(8) if self._habits.backfill else 0
        )
        at = self._now - timedelta(days=day, milliseconds=self._random.randrange(86_400_000))
        client = f"{self.name}-{self._random.randrange(3)}"
        call = {
            "id": f"{self.name}-{self._number}",
            "time": at.isoformat(timespec="milliseconds"),
            "client_id": client,
            "user_id": f"user-{self._random.randrange(9)}",
            "source_id": f"source-{self._random.randrange(3)}",
            "account_id": f"account-{self._random.randrange(20)}",
            "method": self._random.choice(("GET", "POST")),
            "path": f"/users/{self._random.randrange(1000)}/{self._random.choice('abcdefgh')}",
            "status": self._random.choice(_STATUSES),
        }
        if self._random.random() < 0.01:
            call["client_name"] = f"{client} as of {self._number}"
        return call

    def _remember(self, calls: list[Call]) -> None:
        self._lives.keep(calls)
        self._remembered += calls
        if len(self._remembered) > _REMEMBERED:
            self._remembered = self._random.sample(self._remembered, _REMEMBERED // 2)

    def _visitor(self, address: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self._token}"}
        return httpx.Client(base_url=address, headers=headers, timeout=30)


def all_books(senders: list[Sender]) -> Book:
    """One book of all senders; none of them may be at work."""
    book = Book()
    for sender in senders:
        book += sender.book
    return book


def counted_at(moments: list[tuple[int, Counts]], moment: int) -> Counts:
    """The keys of what had happened when the world had come so far."""
    total: Counts = Counter()
    for when, keys in moments:
        if when <= moment:
            total.update(keys)
    return +total
