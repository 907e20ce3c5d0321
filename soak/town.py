"""A server with senders of two organizations, and the comparison of what both know."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from tests.end_to_end.server_process import ServerProcess

from soak.book import VERDICTS, Book, Counts, differences
from soak.counting import Accountant
from soak.sender import Habits, Sender, all_books
from soak.watched_server import WatchedServer

ORGANIZATIONS = ("acme", "globex")
GRANTED = ("calls:send", "calls:backfill", "calls:correct", "usage:read")


class WrongCountError(Exception):
    """A server counted other calls than its senders know of."""


class Town:
    """Senders that live through everything that happens to their server.

    Besides calls sent for the first time they send known ones again, conflicting ones and wrong ones; one of
    them sends older calls, as a backfill.
    """

    def __init__(self, server: WatchedServer, *, seed: int, moment: Callable[[], int] = lambda: 0) -> None:
        """The server must run."""
        self.server = server
        self.tokens = {name: server.token(server.new_client(name, *GRANTED)) for name in ORGANIZATIONS}
        self.verifications = 0
        habits = {
            "ann": ("acme", Habits(correcting=3)),
            "bob": ("acme", Habits(new=1500, resent=300, conflicting=1, wrong=0)),
            "cy": ("globex", Habits(new=40, resent=60, conflicting=5, wrong=5)),
            "dee": ("globex", Habits(backfill=True, correcting=5)),
        }
        self.senders = [
            Sender(name, organization, self.tokens[organization], each, seed=seed, moment=moment)
            for name, (organization, each) in habits.items()
        ]

    @property
    def book(self) -> Book:
        return all_books(self.senders)

    @property
    def again(self) -> Counter[int]:
        """How many calls of each earlier life of the server were sent again, and were duplicates."""
        return sum((sender.again for sender in self.senders), Counter[int]())

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """All senders send until the block ends or the server does."""
        stop = threading.Event()
        with ThreadPoolExecutor(len(self.senders)) as threads:
            working = [threads.submit(each.work, self.server.address, stop) for each in self.senders]
            try:
                yield
            finally:
                stop.set()
        for sender in working:
            sender.result()

    def settle(self) -> None:
        """After a start: compares what is counted with what is known at once, and again when all open batches
        are through.

        In between calls of every life before are sent again and none of them may be taken for new.
        """
        for sender in self.senders:
            sender.begin_life()
        self._check_bounds()
        with ThreadPoolExecutor(len(self.senders)) as threads:
            list(threads.map(lambda each: each.deliver_what_is_open(self.server.address), self.senders))
            list(threads.map(lambda each: each.repeat_some(self.server.address, 100), self.senders))
        self.check_exactly()

    def check_exactly(self) -> None:
        """Raises `WrongCountError` unless all ways to ask give what was acknowledged, call for call."""
        book, accountant = self.book, self._accountant()
        for way, found in accountant.in_all_ways().items():
            if wrong := differences(book.acknowledged, found):
                raise WrongCountError(f"counted by {way}: {wrong}")
        books = accountant.books()
        if books["accepted"] != book.accepted:
            raise WrongCountError(f"the books say {books['accepted']} accepted, the senders {book.accepted}")
        if books["received"] != sum(books[verdict] for verdict in VERDICTS):
            raise WrongCountError(f"the books do not balance: {dict(books)}")
        for verdict, told in book.told.items():
            if books[verdict] < told:
                raise WrongCountError(f"the books say {books[verdict]} {verdict}, answers said {told}")
        self.verify()

    def verify(self) -> None:
        """Has the server recount everything itself."""
        found = verified(self.server)
        self.verifications += 1
        if found:
            raise WrongCountError(f"calltally verify finds {len(found)} differences: {found[:5]}")

    def _check_bounds(self) -> None:
        book, found = self.book, self._accountant().by_day()
        check_bounds(book.acknowledged, found, book.sent)

    def _accountant(self) -> Accountant:
        return Accountant(self.server.address, self.tokens)


def verified(server: ServerProcess) -> list[Any]:
    """The differences that ``calltally verify`` finds; raises `RuntimeError` when it comes to no end."""
    transport = httpx.HTTPTransport(uds=str(server.directory / "owner.sock"))
    with httpx.Client(transport=transport, base_url="http://owner", timeout=120) as owner:
        response = owner.post("/owner/verify")
    lines = [json.loads(line) for line in response.text.splitlines()]
    if response.status_code != 200 or not lines or "end" not in lines[-1]:
        raise RuntimeError(f"the recount ended with {response.status_code} {response.text[-300:]}")
    return [found for line in lines for found in line.get("step", {}).get("differences", [])]


def check_bounds(acknowledged: Counts, found: Counts, sent: Counts) -> None:
    """Raises `WrongCountError` unless everything acknowledged is counted, and nothing that was not sent."""
    missing, doubled = acknowledged - found, found - sent
    if missing:
        raise WrongCountError(
            f"{missing.total()} acknowledged calls are missing: {differences(acknowledged, found)}"
        )
    if doubled:
        raise WrongCountError(f"{doubled.total()} calls are counted twice: {differences(sent, found)}")


def new_directory(folder: Path, name: str) -> Path:
    """A place for a data directory that nobody used before."""
    number = len(list(folder.glob(f"{name}-*[0-9]")))
    return folder / f"{name}-{number}"
