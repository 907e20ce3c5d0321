"""Checks who a program is, without letting guesses cost much."""

import asyncio
import ipaddress
import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from calltally.auth.token_refusal import invalid_client, too_many_failures
from calltally.auth.token_request import Credentials
from calltally.control.clients import Client, ClientRegistry

FAILURES_PER_CLIENT = 20
FAILURES_PER_ADDRESS = 200

_HASHES_AT_ONCE = 2


class Login:
    """Checks credentials, two at a time, and refuses for a while after many failures.

    Failures are counted by the minute: for a client id at one address, so that nobody can lock others out of
    theirs, and for an address as a whole. Credentials that were right not long ago are neither counted nor
    refused, since checking them again costs nothing.
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
        self._executor = ThreadPoolExecutor(_HASHES_AT_ONCE, thread_name_prefix="login")

    async def check(self, readings: Sequence[Credentials], address: str) -> Client:
        """The client whose credentials one of the readings holds.

        Raises `TokenRefusalError` when they are wrong or too many were.
        """
        client = await asyncio.to_thread(self._recognize, readings)
        if client is None:
            loop = asyncio.get_running_loop()
            client = await loop.run_in_executor(self._executor, self._verify, readings, _network(address))
        return client

    def _recognize(self, readings: Sequence[Credentials]) -> Client | None:
        found = (self._registry.recognize(*reading) for reading in readings)
        return next((client for client in found if client is not None), None)

    def _verify(self, readings: Sequence[Credentials], address: str) -> Client:
        windows = (
            (self._per_client, ("client", address, readings[0].client_id)),
            (self._per_address, ("address", address)),
        )
        for limit, identifiers in windows:
            if not self._throttle.test(limit, *identifiers):
                reset = self._throttle.get_window_stats(limit, *identifiers).reset_time
                raise too_many_failures(max(1, math.ceil(reset - time.time())))
        found = (self._registry.verify(*reading) for reading in readings)
        client = next((client for client in found if client is not None), None)
        if client is None:
            for limit, identifiers in windows:
                self._throttle.hit(limit, *identifiers)
            raise invalid_client("The client is unknown or revoked, or its secret is wrong.")
        return client


def _network(address: str) -> str:
    """The address; of an IPv6 address the half that a customer of a provider cannot choose."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), 64), strict=False))
