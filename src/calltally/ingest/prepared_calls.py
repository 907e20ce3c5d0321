"""Readable calls as columns, before they are judged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress, count
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from xxhash import xxh3_64_intdigest

from calltally.call import MAX_WHOLE_NUMBER, Call
from calltally.call_batch import ABSENT, Int64s, UInt64s
from calltally.identity_key import IdentityKey
from calltally.ingest import instants
from calltally.ingest.call_rules import MEASURES, TEXT_LIMITS, Admission, Fault, fault_of
from calltally.ingest.routes import without_query

Int32s = npt.NDArray[np.int32]

CONTENT_TEXTS = ("client_id", "user_id", "source_id", "account_id", "method", "route", "path")
NAME_TEXTS = ("client_name", "source_name", "account_name")
_CODED_TEXTS = ("origin", "organization", *CONTENT_TEXTS, *NAME_TEXTS)
_FIELDS = tuple(field.name for field in msgspec.structs.fields(Call))

_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_STEP = np.uint64(0x9E3779B97F4A7C15)


class TextColumn:
    """A column of texts as codes into its distinct texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.codes: Int32s
        self.distinct = list(dict.fromkeys(texts)) if any(texts) else [""]
        if len(self.distinct) > 1:
            numbers = dict(zip(self.distinct, count(), strict=False))
            self.codes = np.fromiter(map(numbers.__getitem__, texts), np.int32, len(texts))
        else:
            self.codes = np.zeros(len(texts), np.int32)

    def at(self, rows: Int64s) -> "TextColumn":
        """The texts of some rows."""
        return TextColumn([self.distinct[code] for code in self.codes[rows].tolist()])

    def hashes(self) -> UInt64s:
        """A 64-bit hash of each text, row by row."""
        each = np.array([xxh3_64_intdigest(text.encode()) for text in self.distinct], np.uint64)
        return each[self.codes]


@dataclass(frozen=True, slots=True)
class PreparedCalls:
    """Valid calls as columns; ``indexes`` are their places in the request.

    Two calls have the same identity if ``identity_high`` and ``identity_low`` are equal, and then the same
    content if ``digest`` is equal: the content after normalization, so the instant counts and not its
    spelling, and neither the names nor a path's query string.
    """

    indexes: list[int]
    calls: list[Call]
    identity_high: UInt64s
    identity_low: UInt64s
    digest: UInt64s
    time_ms: Int64s
    status: Int64s
    measures: dict[str, Int64s]
    texts: dict[str, TextColumn]
    has_names: bool

    def __len__(self) -> int:
        return len(self.calls)

    @property
    def earliest_ms(self) -> int:
        """The earliest of ``time_ms``."""
        return int(self.time_ms.min())

    @property
    def latest_ms(self) -> int:
        """The latest of ``time_ms``."""
        return int(self.time_ms.max())

    def place(self, row: int) -> int:
        """The place of a call in its request."""
        return self.indexes[row]

    def call(self, row: int) -> Call:
        """One of the calls as an object."""
        return self.calls[row]

    def at(self, rows: Int64s) -> "PreparedCalls":
        """The calls of some rows, in order."""
        return PreparedCalls(
            indexes=[self.indexes[row] for row in rows.tolist()],
            calls=[self.calls[row] for row in rows.tolist()],
            identity_high=self.identity_high[rows],
            identity_low=self.identity_low[rows],
            digest=self.digest[rows],
            time_ms=self.time_ms[rows],
            status=self.status[rows],
            measures={name: values[rows] for name, values in self.measures.items()},
            texts={name: texts.at(rows) for name, texts in self.texts.items()},
            has_names=self.has_names,
        )


def prepare(
    calls: list[Call], indexes: list[int], admission: Admission, identity_key: IdentityKey
) -> tuple[PreparedCalls | None, list[tuple[int, Fault]]]:
    """Separate the calls with a fault (place and fault) and convert the others to columns.

    The whole slice is checked at once; only if anything in it is suspicious, its calls are checked one by one
    by `fault_of`, which alone decides.
    """
    rejected: list[tuple[int, Fault]] = []
    slice_ = _Slice(calls)
    times = slice_.plainly_sound(admission)
    if times is None:
        faults = [fault_of(call, admission) for call in calls]
        rejected = [(i, fault) for i, fault in zip(indexes, faults, strict=True) if fault]
        sound = [fault is None for fault in faults]
        calls, indexes = list(compress(calls, sound)), list(compress(indexes, sound))
        if not calls:
            return None, rejected
        slice_ = _Slice(calls)
        times = np.fromiter((instants.parse_instant(call.time) for call in calls), np.int64, len(calls))
    return slice_.prepared(indexes, times, admission, identity_key), rejected


def prepare_faultless(
    calls: list[Call], indexes: list[int], times: Int64s, admission: Admission, identity_key: IdentityKey
) -> PreparedCalls:
    """The same for calls without fault, with their instants."""
    return _Slice(calls).prepared(indexes, times, admission, identity_key)


class _Slice:
    """Calls before their conversion to columns."""

    def __init__(self, calls: list[Call]) -> None:
        self._calls = calls
        rows = zip(*map(msgspec.structs.astuple, calls), strict=True) if calls else ((),) * len(_FIELDS)
        self._fields: dict[str, tuple[Any, ...]] = dict(zip(_FIELDS, rows, strict=True))
        self._texts = {field: TextColumn(self._fields[field]) for field in _CODED_TEXTS}

    def plainly_sound(self, admission: Admission) -> Int64s | None:
        """The instants of calls that are certainly valid; None if each must be checked."""
        if not self._calls:
            return None
        times = instants.parse_instants(self._fields["time"])
        if times is None or times.min() < admission.earliest_ms or times.max() > admission.latest_ms:
            return None
        foreign = not admission.any_organization and not set(self._texts["organization"].distinct) <= {
            "",
            admission.organization,
        }
        if foreign or not all(self._fields["id"]):
            return None
        texts = {"id": self._fields["id"], **{field: text.distinct for field, text in self._texts.items()}}
        if not all(_certainly_short(texts[field], limit) for field, limit in TEXT_LIMITS.items()):
            return None
        statuses = set(self._fields["status"])
        numbers = {value for field in MEASURES for value in set(self._fields[field])} - {None}
        if not all(s == 0 or 100 <= s <= 599 for s in statuses):
            return None
        return times if all(0 <= n <= MAX_WHOLE_NUMBER for n in numbers) else None

    def prepared(
        self, indexes: list[int], times: Int64s, admission: Admission, identity_key: IdentityKey
    ) -> PreparedCalls:
        fields, texts = self._fields, self._texts
        organizations = texts["organization"]
        organizations.distinct = [text or admission.organization for text in organizations.distinct]
        paths = texts["path"]
        if any("?" in text or "#" in text for text in paths.distinct):
            paths.distinct = [without_query(text) for text in paths.distinct]
        status = np.fromiter(fields["status"], np.int64, len(times))
        measures = {field: _measure(fields[field]) for field in MEASURES}
        high, low = identities_of(organizations, texts["origin"], fields["id"], identity_key)
        return PreparedCalls(
            indexes=indexes,
            calls=self._calls,
            identity_high=high,
            identity_low=low,
            digest=_digest([times, status, *measures.values()], [texts[field] for field in CONTENT_TEXTS]),
            time_ms=times,
            status=status,
            measures=measures,
            texts=texts,
            has_names=any(any(texts[field].distinct) for field in NAME_TEXTS),
        )


def _certainly_short(texts: Sequence[str], limit: int) -> bool:
    """Whether texts are certainly within a limit of bytes and free of NUL and lone surrogates."""
    joined = "".join(texts)
    longest = max(map(len, texts))
    if "\x00" in joined or longest > limit:
        return False
    return joined.isascii() or (longest * 4 <= limit and _encodable(joined))


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _measure(values: Sequence[int | None]) -> Int64s:
    if not any(value is not None for value in values):
        return np.full(len(values), ABSENT, np.int64)
    return np.array([ABSENT if value is None else value for value in values], np.int64)


def identities_of(
    organizations: TextColumn, origins: TextColumn, ids: Sequence[str], key: IdentityKey
) -> tuple[UInt64s, UInt64s]:
    """The halves of the identity of each (organization, origin, id).

    The low half is never zero: zero marks an empty slot in the tables of seen identities.
    """
    if len(organizations.distinct) == len(origins.distinct) == 1:
        identities: Iterable[bytes] = map(key.hashing(organizations.distinct[0], origins.distinct[0]), ids)
    else:
        hashing = [[key.hashing(o, s) for s in origins.distinct] for o in organizations.distinct]
        rows = zip(organizations.codes.tolist(), origins.codes.tolist(), ids, strict=True)
        identities = (hashing[o][s](id_) for o, s, id_ in rows)
    halves = np.frombuffer(b"".join(identities), ">u8").reshape(-1, 2).astype(np.uint64)
    low = np.ascontiguousarray(halves[:, 1])
    low[low == 0] = 1
    return np.ascontiguousarray(halves[:, 0]), low


def _digest(numbers: list[Int64s], texts: list[TextColumn]) -> UInt64s:
    """A 64-bit digest of each call's content: every column is mixed into the digest of the previous ones."""
    columns = [number.view(np.uint64) for number in numbers] + [text.hashes() for text in texts]
    digest = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        digest = (digest ^ column) + _STEP
        digest = (digest ^ (digest >> np.uint64(30))) * _MIX_1
        digest = (digest ^ (digest >> np.uint64(27))) * _MIX_2
        digest ^= digest >> np.uint64(31)
    return digest
