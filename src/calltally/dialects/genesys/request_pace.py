"""How fast a client may ask."""

import math
import time

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from calltally.auth.caller import Caller
from calltally.errors import TooManyRequestsError


class RequestPace:
    """Holds each client to so many requests in any span of seconds.

    Counts live in this process and are forgotten when it ends.
    """

    def __init__(self, requests: int, per_seconds: int) -> None:
        self._limit = RateLimitItemPerSecond(requests, per_seconds, namespace="genesys")
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def take(self, caller: Caller) -> None:
        """Counts one request; raises `TooManyRequestsError`, and counts nothing, when it is one too many."""
        key = (caller.organization, caller.client_id)
        if self._limiter.hit(self._limit, *key):
            return
        free_at = self._limiter.get_window_stats(self._limit, *key).reset_time
        raise TooManyRequestsError(
            limit=self._limit.amount,
            window=self._limit.get_expiry(),
            retry_after=max(1, math.ceil(free_at - time.time())),
        )
