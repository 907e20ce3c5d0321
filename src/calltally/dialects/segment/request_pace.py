"""Rate limit per client."""

import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from calltally.auth.caller import Caller
from calltally.dialects.segment.contract import (
    RATE_LIMIT_CONSUMED,
    RATE_LIMIT_REMAINING,
    RATE_LIMIT_RESET,
)
from calltally.errors import TooManyRequestsError


@dataclass(frozen=True, slots=True)
class Allowance:
    """The used and remaining requests of a client until ``reset``, in seconds since 1970."""

    consumed: int
    remaining: int
    reset: float

    def headers(self) -> dict[str, str]:
        """Segment's rate limit headers; the instant is in the format of RFC 5322, rounded up to a second."""
        return {
            RATE_LIMIT_CONSUMED: str(self.consumed),
            RATE_LIMIT_REMAINING: str(self.remaining),
            RATE_LIMIT_RESET: format_datetime(datetime.fromtimestamp(math.ceil(self.reset), UTC)),
        }


class RequestPace:
    """Limits each client to ``requests`` in a window of ``per_seconds``, which begins with its first request.

    Counts are in memory and are lost when the process ends.
    """

    def __init__(self, requests: int, per_seconds: int) -> None:
        self._limit = RateLimitItemPerSecond(requests, per_seconds, namespace="segment")
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def take(self, caller: Caller) -> Allowance:
        """Count one request; raises `TooManyRequestsError` if it exceeds the limit."""
        key = (caller.organization, caller.client_id)
        allowed = self._limiter.hit(self._limit, *key)
        reset, remaining = self._limiter.get_window_stats(self._limit, *key)
        if not allowed:
            raise TooManyRequestsError(
                limit=self._limit.amount,
                window=self._limit.get_expiry(),
                retry_after=max(1, math.ceil(reset - time.time())),
            )
        return Allowance(self._limit.amount - remaining, remaining, reset)
