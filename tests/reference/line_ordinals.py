"""Ordinals of identical lines of a file."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from calltally.call_batch import Int64s, UInt64s

DIGEST_BYTES = 16
_BUCKET = 8
_SMALLEST = 1 << 11
_MAX_LOAD = 0.8
_GROWTH = 1.5
_COPIED_BUCKETS = 1 << 10
_HALF = np.uint64(32)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)

_Counts = npt.NDArray[np.uint32]


class LineOrdinals:
    """Numbers identical lines 0, 1, 2, … in the order of the file; exact on 128-bit digests.

    A hash table with batch insertion: 25 to 38 bytes for each distinct line, plus the old table while it
    grows. One object serves one file and one thread.
    """

    # A bucket has eight slots and fills from its first one. A digest is in the first bucket,
    # from its own on, that had space when it was added; nothing is ever removed.

    def __init__(self) -> None:
        self._make_table(_SMALLEST)

    def take(self, digests: Sequence[bytes]) -> list[int]:
        """The ordinals of the file's next lines, given their digests of `DIGEST_BYTES` bytes each."""
        within, repeats = _repeats(digests)
        distinct = list(repeats)
        self._make_room(len(distinct))
        keys = np.frombuffer(b"".join(distinct), np.uint64).reshape(-1, 2)
        before: list[int] = self._add(keys, np.fromiter(repeats.values(), np.uint32, len(distinct))).tolist()
        if not within:
            return before
        base = dict(zip(distinct, before, strict=True))
        return [base[digest] + ordinal for digest, ordinal in zip(digests, within, strict=True)]

    def _make_table(self, buckets: int) -> None:
        self._buckets = buckets
        self._distinct = 0
        self._keys = np.zeros((buckets, _BUCKET, 2), np.uint64)
        self._counts: _Counts = np.zeros((buckets, _BUCKET), np.uint32)
        self._fill = np.zeros(buckets, np.uint8)

    def _make_room(self, more: int) -> None:
        """Grow the table if ``more`` new lines could exceed its load factor."""
        needed = int((self._distinct + more) / _MAX_LOAD / _BUCKET) + 1
        if needed <= self._buckets:
            return
        keys, counts = self._keys, self._counts
        self._make_table(max(needed, int(self._buckets * _GROWTH)))
        for start in range(0, len(counts), _COPIED_BUCKETS):
            part = slice(start, start + _COPIED_BUCKETS)
            held = counts[part] != 0
            self._move_in(keys[part][held], counts[part][held])

    def _move_in(self, keys: UInt64s, counts: _Counts) -> None:
        """Add new keys, many at once: to their own buckets as far as these have space."""
        buckets = self._own_buckets(keys)
        order = np.argsort(buckets, kind="stable")
        keys, counts, buckets = keys[order], counts[order], buckets[order]
        begins = np.flatnonzero(np.diff(buckets, prepend=-1))
        sizes = np.diff(begins, append=len(buckets))
        slots = np.arange(len(buckets)) - np.repeat(begins, sizes) + self._fill[buckets]
        fits = slots < _BUCKET
        self._keys[buckets[fits], slots[fits]] = keys[fits]
        self._counts[buckets[fits], slots[fits]] = counts[fits]
        self._fill[buckets[begins]] = np.minimum(self._fill[buckets[begins]] + sizes, _BUCKET)
        self._distinct += int(np.count_nonzero(fits))
        self._add(keys[~fits], counts[~fits])

    def _add(self, keys: UInt64s, more: _Counts) -> _Counts:
        """Increase the counts of distinct keys, and return the previous counts."""
        before: _Counts = np.zeros(len(keys), np.uint32)
        waiting = np.arange(len(keys))
        buckets = self._own_buckets(keys)
        while len(waiting):
            wanted = keys[waiting]
            fill = self._fill[buckets]
            has_room = fill < _BUCKET
            # Every key is written to the next slot. The first slot with that key then shows
            # whether it was there before, has won that slot, or lost it to another key and must try again.
            self._keys[buckets[has_room], fill[has_room]] = wanted[has_room]
            rows = self._keys[buckets]
            equal = (rows[:, :, 0] == wanted[:, :1]) & (rows[:, :, 1] == wanted[:, 1:])
            slots = equal.argmax(axis=1)
            # Slots after the next one are empty, which is zero, and a digest may be zero too.
            found = (equal.view(np.uint64)[:, 0] != 0) & (slots <= fill)
            self._count(waiting[found], buckets[found], slots[found], more, before)
            buckets = ((buckets + ~has_room) % self._buckets)[~found]
            waiting = waiting[~found]
        return before

    def _count(self, which: Int64s, buckets: Int64s, slots: Int64s, more: _Counts, before: _Counts) -> None:
        held = self._counts[buckets, slots]
        before[which] = held
        self._counts[buckets, slots] = held + more[which]
        filled = buckets[held == 0]
        self._fill[filled] += 1
        self._distinct += len(filled)

    def _own_buckets(self, keys: UInt64s) -> Int64s:
        mixed = keys[:, 0] + keys[:, 1] * _FACTOR
        return (((mixed >> _HALF) * np.uint64(self._buckets)) >> _HALF).astype(np.int64)


def _repeats(digests: Sequence[bytes]) -> tuple[list[int], dict[bytes, int]]:
    """Each line's ordinal among these lines, and the count of each distinct one, in order.

    The ordinals are omitted if all are 0.
    """
    repeats = dict.fromkeys(digests, 1)
    if len(repeats) == len(digests):
        return [], repeats
    repeats = dict.fromkeys(repeats, 0)
    within = []
    for digest in digests:
        ordinal = repeats[digest]
        within.append(ordinal)
        repeats[digest] = ordinal + 1
    return within, repeats
