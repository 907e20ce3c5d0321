"""Checks who a program is, without letting guesses cost much."""

import asyncio
import contextlib
import math
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from calltally.auth.network import network_of
from calltally.auth.token_refusal import invalid_client, too_many_failures, unavailable
from calltally.auth.token_request import Credentials
from calltally.control.clients import Client, ClientRegistry

FAILURES_PER_CLIENT = 20
FAILURES_PER_ADDRESS = 200

_WAITING = 256
_WAITING_PER_ADDRESS = 128
_BUSY_SECONDS = 2
_NICENESS = 10


class Login:
    """Checks credentials, a few at a time, and refuses for a while after many failures.

    Failures are counted by the minute: for a client id at one address, so that nobody can lock others out of
    theirs, and for an address as a whole. Credentials that were right not long ago are neither counted nor
    refused, since checking them again costs nothing. Others wait their turn, only so many at once, and are
    checked by threads that let everything else go first.
    """

    def __init__(
        self,
        registry: ClientRegistry,
        failures_per_client: int = FAILURES_PER_CLIENT,
        failures_per_address: int = FAILURES_PER_ADDRESS,
    ) -> None:
        self._registry = registry
        self._throttle = FixedWindowRateLimiter(MemoryStorage())
        self._per_client = RateLimitItemPerMinute(failures_per_client)
        self._per_address = RateLimitItemPerMinute(failures_per_address)
        self._waiting: Counter[str] = Counter()
        threads = max(1, len(os.sched_getaffinity(0)) // 2)
        self._quick = ThreadPoolExecutor(1, thread_name_prefix="known-login")
        self._executor = ThreadPoolExecutor(
            threads, thread_name_prefix="login", initializer=_let_others_go_first
        )

    async def check(self, readings: Sequence[Credentials], address: str) -> Client:
        """The client whose credentials one of the readings holds.

        Raises `TokenRefusalError` when they are wrong or too many were, or too many wait to be checked.
        """
        client = await asyncio.get_running_loop().run_in_executor(self._quick, self._recognize, readings)
        if client is None:
            network = network_of(address)
            self._refuse_after_failures(readings, network)
            loop = asyncio.get_running_loop()
            with self._turn(network):
                client = await loop.run_in_executor(self._executor, self._verify, readings, network)
        return client

    def _recognize(self, readings: Sequence[Credentials]) -> Client | None:
        found = (self._registry.recognize(*reading) for reading in readings)
        return next((client for client in found if client is not None), None)

    @contextlib.contextmanager
    def _turn(self, network: str) -> Iterator[None]:
        """A place among those who wait."""
        if self._waiting[network] >= _WAITING_PER_ADDRESS or self._waiting.total() >= _WAITING:
            raise unavailable(_BUSY_SECONDS)
        self._waiting[network] += 1
        try:
            yield
        finally:
            self._waiting[network] -= 1
            if not self._waiting[network]:
                del self._waiting[network]

    def _verify(self, readings: Sequence[Credentials], network: str) -> Client:
        self._refuse_after_failures(readings, network)
        found = (self._registry.verify(*reading) for reading in readings)
        client = next((client for client in found if client is not None), None)
        if client is None:
            for limit, identifiers in self._windows(readings, network):
                self._throttle.hit(limit, *identifiers)
            raise invalid_client("The client is unknown or revoked, or its secret is wrong.")
        return client

    def _refuse_after_failures(self, readings: Sequence[Credentials], network: str) -> None:
        for limit, identifiers in self._windows(readings, network):
            if not self._throttle.test(limit, *identifiers):
                reset = self._throttle.get_window_stats(limit, *identifiers).reset_time
                raise too_many_failures(max(1, math.ceil(reset - time.time())))

    def _windows(
        self, readings: Sequence[Credentials], network: str
    ) -> tuple[tuple[RateLimitItemPerMinute, tuple[str, ...]], ...]:
        return (
            (self._per_client, ("client", network, readings[0].client_id)),
            (self._per_address, ("address", network)),
        )


def _let_others_go_first() -> None:
    """Makes the system prefer every other thread to this one, and so calls to logins."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
