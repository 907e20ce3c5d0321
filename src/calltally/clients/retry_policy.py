"""The retries of a request.

No library for retries is used: these sleep by themselves, while this policy only says how long to wait, for
the synchronous and the asynchronous client alike, and follows what each vendor asks for.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from calltally.clients.retry_after import retry_after

_REFUSED_UNDONE = (429, 503)
_PASSING = (408, 429, 502, 503, 504)
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_BROKEN_OFF = (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError)
_LEAST_TIMEOUT = 1.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """At most ``attempts`` attempts; no pause ends more than ``total_seconds`` after the first one.

    A pause is as long as the vendor asks for, plus up to half a second; without that, pauses double from
    ``first_pause`` to ``longest_pause`` seconds, each shortened by up to half at random.
    ``RetryPolicy(attempts=1)`` never retries.
    """

    attempts: int = 5
    total_seconds: float = 120.0
    first_pause: float = 0.5
    longest_pause: float = 30.0


DEFAULT_RETRIES = RetryPolicy()


class Patience:
    """The rest of a policy during one request; it ends at ``until``, if given."""

    def __init__(
        self,
        policy: RetryPolicy,
        now: Callable[[], float],
        until: float | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._policy = policy
        self._now = now
        self._until = until
        self._chance = chance
        self._give_up_at = now() + policy.total_seconds
        self._attempts = 0

    def timeout(self) -> float | None:
        """The seconds that the next attempt may take, at least one; None if there is no ``until``."""
        return None if self._until is None else max(_LEAST_TIMEOUT, self._until - self._now())

    def pause_after(self, method: str, response: httpx.Response) -> float | None:
        """The seconds until the next attempt; None if there is none.

        429 and 503 mean that nothing was done, so a POST is retried too.
        """
        passing = _PASSING if method == "GET" else _REFUSED_UNDONE
        return self._pause(retry_after(response.headers)) if response.status_code in passing else None

    def pause_after_failure(self, method: str, error: httpx.RequestError) -> float | None:
        """The same without a response: a POST is only retried if it was never sent."""
        passing = _BROKEN_OFF if method == "GET" else _NEVER_SENT
        return self._pause(None) if isinstance(error, passing) else None

    def _pause(self, requested: float | None) -> float | None:
        self._attempts += 1
        if self._attempts >= self._policy.attempts:
            return None
        seconds = self._backoff() if requested is None else requested + self._chance() / 2
        end = self._now() + seconds
        late = end > self._give_up_at or (self._until is not None and end > self._until)
        return None if late else seconds

    def _backoff(self) -> float:
        doubled = self._policy.first_pause * 2.0 ** min(self._attempts - 1, 30)
        return min(self._policy.longest_pause, doubled) * (1 - self._chance() / 2)
