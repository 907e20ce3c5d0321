"""A sender that never gives up on a batch, and its book of what it was told."""

import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.end_to_end.server_process import ServerProcess, post
from tests.support.seeds import luck

NEW, RESENT, CONFLICTING, WRONG = 1500, 20, 2, 1
"""The calls of a batch: never sent before, sent before, sent before with another status, and no calls at all.
There are more of them than the server judges in one step."""

Key = tuple[str, str, int]
"""Client, UTC day and status."""


class Sender(threading.Thread):
    """Posts batches one after the other, each until it is acknowledged, whatever happens to the server.

    ``acknowledged`` and ``sent`` count the calls by `Key`: those it was told are counted, and those that may
    be. ``told`` adds up what the answers said, ``posts`` counts the requests of which some got none.
    """

    def __init__(self, server: ServerProcess, name: str, token: str) -> None:
        super().__init__(name=name, daemon=True)
        self.acknowledged: Counter[Key] = Counter()
        self.sent: Counter[Key] = Counter()
        self.told: Counter[str] = Counter()
        self.posts = 0
        self.batches = 0
        self._server = server
        self._token = token
        self._now = datetime.now(UTC)
        self._random = luck(name)
        self._enough = threading.Event()
        self._failure: BaseException | None = None

    def run(self) -> None:
        try:
            before: list[dict[str, Any]] = []
            while not self._enough.is_set():
                before = self._deliver(before)
        except BaseException as failure:  # noqa: BLE001 - handed to the thread that joins
            self._failure = failure

    def finish(self) -> None:
        """Has the batch under way delivered and ends; raises what went wrong in between."""
        self._enough.set()
        self.join(60)
        assert not self.is_alive(), f"{self.name} still waits for an answer"
        if self._failure:
            raise self._failure

    def wait_for(self, batches: int) -> None:
        """Returns once so many batches are acknowledged."""
        deadline = time.monotonic() + 60
        while self.batches < batches and self.is_alive():
            assert time.monotonic() < deadline, f"{self.name} got {self.batches} answers in a minute"
            time.sleep(0.002)

    def _deliver(self, before: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Makes a batch that also repeats some calls of the one before, and delivers it."""
        new = [self._call(f"{self.name}-{self.batches}-{number}") for number in range(NEW)]
        resent = before[:RESENT]
        conflicting = [{**call, "status": 599} for call in before[:CONFLICTING]]
        wrong = [{**new[0], "id": f"wrong-{self.batches}", "status": 99}] * WRONG
        batch = [*conflicting, *new, *resent, *wrong]
        keys = Counter((call["client_id"], call["time"][:10], call["status"]) for call in new)
        self.sent += keys
        receipt, attempts = self._post(batch)
        self.acknowledged += keys
        self.told.update({name: receipt[name] for name in ("accepted", "duplicate", "conflict", "rejected")})
        self.batches += 1
        assert (receipt["conflict"], receipt["rejected"]) == (len(conflicting), len(wrong))
        assert receipt["accepted"] + receipt["duplicate"] == len(new) + len(resent)
        assert receipt["accepted"] == len(new) or attempts > 1
        return new

    def _post(self, batch: list[dict[str, Any]]) -> tuple[dict[str, Any], int]:
        """The answer, and how many requests it took."""
        attempts = 0
        while True:
            address = self._server.address
            if not address:
                time.sleep(0.005)
                continue
            attempts += 1
            self.posts += 1
            try:
                with httpx.Client(
                    base_url=address, headers={"Authorization": f"Bearer {self._token}"}, timeout=30
                ) as visitor:
                    return post(visitor, batch), attempts
            except httpx.TransportError:
                time.sleep(0.01)

    def _call(self, id: str) -> dict[str, Any]:  # noqa: A002 - an id is called an id
        at = self._now - timedelta(seconds=self._random.randrange(3 * 86_400))
        return {
            "id": id,
            "time": at.isoformat(),
            "client_id": f"{self.name}-{self._random.randrange(5)}",
            "account_id": f"account-{self._random.randrange(50)}",
            "path": f"/users/{self._random.randrange(1000)}",
            "status": self._random.choice((200, 200, 201, 404, 429, 500)),
        }
