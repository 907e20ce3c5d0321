"""Request bodies of distinct calls, made before anything is timed."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from benchmarks.recent_calls import RecentCalls
from calltally.call_batch import CallBatch
from calltally.dictionary import Dictionary, Kind

_ID_START = len('{"id":"')
_RENEWED = 24  # the last 12 of the 36 characters of a UUID are what a renewal changes
_RENEWED_CHARACTERS = 12
_SECONDS = 30.0

_TEXTS = {
    "client_id": Kind.CLIENT,
    "user_id": Kind.USER,
    "source_id": Kind.SOURCE,
    "account_id": Kind.ACCOUNT,
    "method": Kind.METHOD,
    "route": Kind.ROUTE,
}
_FOUR_DIGITS = np.frombuffer(b"".join(b"%04x" % number for number in range(65_536)), np.uint32)


class RequestBody:
    """A whole HTTP request that carries ``calls`` calls, and can be given other ids in place."""

    def __init__(self, head: bytes, lines: list[bytes], random: np.random.Generator) -> None:
        starts = len(head) + np.cumsum([0, *(len(line) + 1 for line in lines[:-1])])
        self.calls = len(lines)
        self.bytes = bytearray(head + b"\n".join(lines))
        self._random = random
        self._places = (starts + _ID_START + _RENEWED)[:, None] + np.arange(0, _RENEWED_CHARACTERS, 4)
        self._words = np.ndarray((len(self.bytes) - 3,), np.uint32, self.bytes, strides=(1,))

    def renew(self) -> None:
        """Gives every call an id that none had before: 48 random bits behind those that it keeps."""
        numbers = self._random.integers(0, 65_536, self._places.shape, np.uint16)
        self._words[self._places] = _FOUR_DIGITS[numbers]


def request_bodies(count: int, calls: int, headers: dict[str, str]) -> list[RequestBody]:
    """So many requests of so many calls each, all calls different, made a moment ago.

    Everything but the ids is the same every time.
    """
    random = np.random.default_rng()
    lines = list(_lines(count * calls, random))
    bodies = []
    for start in range(0, len(lines), calls):
        part = lines[start : start + calls]
        length = sum(map(len, part)) + len(part) - 1
        fields = {**headers, "Content-Length": str(length)}
        told = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        head = f"POST /v1/calls HTTP/1.1\r\nHost: benchmark\r\n{told}\r\n".encode()
        bodies.append(RequestBody(head, part, random))
    return bodies


def _lines(count: int, random: np.random.Generator) -> Iterator[bytes]:
    dictionary = Dictionary()
    recent = RecentCalls(dictionary, now_ms=int(time.time() * 1000), days=_SECONDS / 86_400)
    for batch in recent.batches([count]):
        texts = [_column(dictionary, kind, batch.calls[name]) for name, kind in _columns()]
        times = [_instant(ms) for ms in batch.calls["time_ms"].tolist()]
        ids = _uuids(count, random)
        known = batch.paths.texts()
        paths = [known[index] for index in batch.calls["path"].tolist()]
        numbers = (batch.calls[name].tolist() for name in ("status", "duration_ms", "response_bytes"))
        for id_, at, path, status, ms, size, *values in zip(ids, times, paths, *numbers, *texts, strict=True):
            told = ",".join(f'"{name}":"{value}"' for name, value in zip(_TEXTS, values, strict=True))
            yield (
                f'{{"id":"{id_}","time":"{at}",{told},"path":"{path}","status":{status},'
                f'"duration_ms":{ms},"response_bytes":{size}}}'
            ).encode()


def call_rows(
    batch: CallBatch, dictionary: Dictionary, random: np.random.Generator
) -> list[tuple[object, ...]]:
    """The calls of a batch as a database client would hold them: id, time, texts and numbers."""
    texts = [_column(dictionary, kind, batch.calls[name]) for name, kind in _columns()]
    numbers = [batch.calls[name].tolist() for name in ("time_ms", "status", "duration_ms", "response_bytes")]
    known = batch.paths.texts()
    paths = [known[index] for index in batch.calls["path"].tolist()]
    return list(zip(_uuids(len(paths), random), *numbers, *texts, paths, strict=True))


def _columns() -> list[tuple[str, Kind]]:
    return [(name.removesuffix("_id"), kind) for name, kind in _TEXTS.items()]


def _column(dictionary: Dictionary, kind: Kind, ids: npt.NDArray[np.int32]) -> list[str]:
    return [dictionary.text(kind, id_) for id_ in ids.tolist()]


def _instant(ms: int) -> str:
    at = datetime.fromtimestamp(ms / 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03}Z"


def _uuids(count: int, random: np.random.Generator) -> list[str]:
    """Random UUIDs of version 4 as text."""
    digits = random.bytes(16 * count).hex()
    return [
        f"{d[:8]}-{d[8:12]}-4{d[13:16]}-a{d[17:20]}-{d[20:]}"
        for d in (digits[start : start + 32] for start in range(0, len(digits), 32))
    ]
