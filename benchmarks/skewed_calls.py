"""Made-up calls that look like real ones: few clients make most of them, each in its own habits."""

from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

from calltally.call_batch import ABSENT, CALL_COLUMNS, CallBatch
from calltally.dictionary import Dictionary, DictionaryValue, Kind

ORGANIZATION = "acme"
FIRST_DAY = date(2025, 11, 1)
DAYS = 395  # 13 months, through the end of November 2026
CLIENTS = 2_000
ROUTES = 400
SOURCES = 250
PER_CLIENT = 10  # users and accounts; routes are PER_CLIENT - 2
ACCOUNTS = CLIENTS * PER_CLIENT
DAY_MS = 86_400_000

_METHODS = ("GET", "GET", "GET", "POST", "PUT", "PATCH", "DELETE")
_STATUSES = np.array([200, 200, 200, 200, 201, 204, 301, 400, 401, 404, 429, 500, 503], np.int32)


class SkewedCalls:
    """Batches of calls over 13 months, ascending in time, the same for the same seed.

    Clients follow a Zipf law. Each uses 8 of the routes, 10 users and 10 accounts of its own; an account lies
    on one source. The texts get their ids in ``dictionary``; the first batch carries them.
    """

    def __init__(self, dictionary: Dictionary, seed: int = 20261120) -> None:
        self._random = np.random.default_rng(seed)
        self._values: list[DictionaryValue] = []
        self._intern(dictionary, Kind.ORGANIZATION, [ORGANIZATION])
        self._intern(dictionary, Kind.CLIENT, [f"client-{n:04}" for n in range(CLIENTS)])
        self._intern(dictionary, Kind.USER, [f"user-{n:05}" for n in range(CLIENTS * PER_CLIENT)])
        self._intern(dictionary, Kind.ACCOUNT, [f"account-{n:05}" for n in range(CLIENTS * PER_CLIENT)])
        self._intern(dictionary, Kind.SOURCE, [f"source-{n:03}" for n in range(SOURCES)])
        self._intern(dictionary, Kind.METHOD, sorted(set(_METHODS)))
        self._intern(dictionary, Kind.ROUTE, [f"/v1/things-{n:03}/{{id}}" for n in range(ROUTES)])
        find = dictionary.find
        self._method_of_route = np.array(
            [find(Kind.METHOD, 1, _METHODS[n % len(_METHODS)]) for n in range(ROUTES)], np.int32
        )
        self._routes_of_client = self._random.integers(0, ROUTES, (CLIENTS, PER_CLIENT - 2))
        self._source_of_account = self._random.integers(0, SOURCES, CLIENTS * PER_CLIENT)
        weights = 1 / np.arange(1, CLIENTS + 1)
        self._cumulated = np.cumsum(weights) / weights.sum()

    def batches(self, sizes: Sequence[int]) -> Iterator[CallBatch]:
        """Batches of so many calls, evenly over the 13 months; positions count from 1, one per batch."""
        first_ms = (FIRST_DAY - date(1970, 1, 1)).days * DAY_MS
        start = 0
        for number, size in enumerate(sizes):
            spread = (start + np.sort(self._random.random(size)) * size) / sum(sizes)
            times = first_ms + (spread * DAYS * DAY_MS).astype(np.int64)
            yield self._batch(number + 1, times)
            start += size

    def _batch(self, position: int, times: npt.NDArray[np.int64]) -> CallBatch:
        count = len(times)
        random = self._random
        calls = np.zeros(count, CALL_COLUMNS)
        client = np.searchsorted(self._cumulated, random.random(count))
        route = self._routes_of_client[client, random.integers(0, PER_CLIENT - 2, count)]
        account = client * PER_CLIENT + random.integers(0, PER_CLIENT, count)
        for name in ("identity_high", "identity_low", "digest"):
            calls[name] = random.integers(0, 2**64, count, np.uint64)
        calls["time_ms"] = times
        calls["duration_ms"] = random.exponential(80, count).astype(np.int64)
        calls["request_bytes"] = ABSENT
        calls["response_bytes"] = random.exponential(2_000, count).astype(np.int64)
        calls["organization"] = 1
        calls["client"] = client + 1
        calls["user"] = client * PER_CLIENT + random.integers(0, PER_CLIENT, count) + 1
        calls["source"] = self._source_of_account[account] + 1
        calls["account"] = account + 1
        calls["method"] = self._method_of_route[route]
        calls["route"] = route + 1
        calls["status"] = random.choice(_STATUSES, count)
        values, self._values = self._values, []
        return CallBatch(
            first_position=position,
            last_position=position,
            calls=calls,
            positions=np.full(count, position, np.uint64),
            received_ms=times + 1000,
            values=values,
        )

    def _intern(self, dictionary: Dictionary, kind: Kind, texts: list[str]) -> None:
        organization = 0 if kind is Kind.ORGANIZATION else 1
        for text in texts:
            value = dictionary.intern(kind, organization, text)
            if value is not None:
                self._values.append(value)
