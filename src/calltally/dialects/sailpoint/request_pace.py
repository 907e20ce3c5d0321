"""Rate limit per client and API version."""

import math
import time

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from calltally.auth.caller import Caller
from calltally.errors import TooManyRequestsError


class RequestPace:
    """Limits each client to ``requests`` in any ``per_seconds`` seconds, separately per API version.

    Counts are in memory and are lost when the process ends.
    """

    def __init__(self, requests: int, per_seconds: int) -> None:
        self._limit = RateLimitItemPerSecond(requests, per_seconds, namespace="sailpoint")
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def take(self, caller: Caller, version: str) -> None:
        """Count one request; raises `TooManyRequestsError` without counting it if it exceeds the limit."""
        key = (caller.organization, caller.client_id, version)
        if self._limiter.hit(self._limit, *key):
            return
        free_at = self._limiter.get_window_stats(self._limit, *key).reset_time
        raise TooManyRequestsError(
            limit=self._limit.amount,
            window=self._limit.get_expiry(),
            retry_after=max(1, math.ceil(free_at - time.time())),
        )
