"""Skewed calls of the days up to now, with the paths that callers ask for."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from benchmarks.skewed_calls import DAY_MS, DAYS, FIRST_DAY, SkewedCalls
from calltally.call_batch import CallBatch, Int64s, Outcome
from calltally.dictionary import Dictionary, Kind
from calltally.packed_texts import PackedTexts

PLACEHOLDER = "{id}"
_FIRST_MS = (FIRST_DAY - date(1970, 1, 1)).days * DAY_MS
_THINGS = 100_000
"""Things of each route; a few of them are asked for most."""


class RecentCalls:
    """The batches of `SkewedCalls`, moved to the ``days`` before ``now_ms`` and received a second later."""

    def __init__(self, dictionary: Dictionary, *, now_ms: int, days: float, seed: int = 20261120) -> None:
        self._skewed = SkewedCalls(dictionary, seed)
        self._dictionary = dictionary
        self._random = np.random.default_rng(seed + 1)
        self._end_ms = now_ms - 2000
        self._days = days

    def batches(self, sizes: Sequence[int]) -> Iterator[CallBatch]:
        """See `SkewedCalls.batches`."""
        return map(self._moved, self._skewed.batches(sizes))

    def _moved(self, batch: CallBatch) -> CallBatch:
        calls = batch.calls
        share = (calls["time_ms"] - _FIRST_MS) / (DAYS * DAY_MS)
        calls["time_ms"] = self._end_ms - ((1 - share) * self._days * DAY_MS).astype(np.int64)
        thing = (_THINGS ** self._random.random(len(calls))).astype(np.int64)
        code = calls["route"].astype(np.int64) * (_THINGS + 1) + thing
        distinct, index = np.unique(code, return_inverse=True)
        calls["path"] = index + 1
        routes, things = divmod(distinct, _THINGS + 1)
        paths = [self._path(*pair) for pair in zip(routes.tolist(), things.tolist(), strict=True)]
        received_ms = calls["time_ms"] + 1000
        return replace(
            batch,
            received_ms=received_ms,
            paths=PackedTexts.of(["", *paths]),
            outcomes=_all_accepted(int(calls["organization"][0]), received_ms // DAY_MS),
        )

    def _path(self, route: int, thing: int) -> str:
        return self._dictionary.text(Kind.ROUTE, route).replace(PLACEHOLDER, str(thing))


def _all_accepted(organization: int, receipt_days: Int64s) -> list[Outcome]:
    days = zip(*np.unique(receipt_days, return_counts=True), strict=True)
    return [Outcome(organization, int(day), int(count), int(count), 0, 0, 0) for day, count in days]


def sizes_of_batches(calls: int, most: int) -> list[int]:
    """So many calls cut into batches of at most so many."""
    return [most] * (calls // most) + ([calls % most] if calls % most else [])
