"""The hot path of ingest in native code, beside the reference in Python, in process.

    python -m benchmarks.native --seen 1000000 10000000

See docs/performance.md for what the figures mean.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar, cast

import numpy as np
from tests.reference.json_bodies import decode_calls
from tests.reference.seen_ids import ReferenceSeenIds

from benchmarks.call_bodies import RequestBody, request_bodies
from benchmarks.figure import Figure
from benchmarks.report import Report
from benchmarks.skewed_calls import ORGANIZATION
from calltally.call_batch import Outcome
from calltally.dictionary import Dictionary, Kind
from calltally.identity_key import IdentityKey, IdentityScheme
from calltally.ingest.call_rules import Admission
from calltally.ingest.call_slices import CheckedSlice
from calltally.ingest.dictionary_encoder import DictionaryEncoder
from calltally.ingest.identities.seen_ids import SeenIds
from calltally.ingest.json_form import JsonForm
from calltally.ingest.line_slices import cut
from calltally.ingest.native_calls import NativeCalls, decode_slice
from calltally.ingest.native_rows import NativeRowMaker, NativeRows
from calltally.ingest.ordered_step import OrderedStep
from calltally.ingest.prepared_calls import PreparedCalls, prepare
from calltally.ingest.routes import RouteNamer
from calltally.ingest.text_bounds import USUAL_LIMITS
from calltally.journal.frame import Frame, encode_frame
from calltally.journal.journal import Journal

_BATCH = 1000
_BODIES = 50
_ROUNDS = 8
_MEMORY = 2**30
_MAX_CALL_BYTES = 65_536
_SEED = 20261120
_KEY = IdentityKey(IdentityScheme.BLAKE3, bytes(32))
_DAY_MS = 86_400_000

_STAGES = {
    "decode": "decode and check",
    "judge": "judge",
    "journal": "intern and encode the frame",
}

C = TypeVar("C")


class _Path(Protocol[C]):
    """One way from a body to a frame, cut into stages."""

    @property
    def seen(self) -> SeenIds: ...
    def decode(self, body: bytes, admission: Admission) -> C: ...
    def judge(self, calls: C, now_ms: int) -> None: ...
    def journal(self, calls: C, now_ms: int) -> None: ...


def measure(*, seen: int) -> Iterator[list[Figure]]:
    """Calls a second of processor time: batches of 1,000 new calls, with so many identities seen before."""
    bodies = request_bodies(_BODIES, _BATCH, {})
    ours, theirs = _timed(_NativePath(), bodies, seen), _timed(_ReferencePath(), bodies, seen)
    named = f"{seen:,} seen"
    for stage, words in _STAGES.items():
        yield [_figure(f"{words}, {named}", ours[stage], theirs[stage])]
    yield [_figure(f"all of it, {named}", sum(ours.values()), sum(theirs.values()))]


def _figure(name: str, ours: float, theirs: float) -> Figure:
    return Figure(
        name=name, unit="calls/s", ours=1 / ours, rival="the reference in Python", theirs=1 / theirs
    )


def _timed(path: _Path[C], bodies: Sequence[RequestBody], seen: int) -> dict[str, float]:
    """Seconds of processor time a call for each stage: the median over the batches."""
    _fill(path.seen, seen)
    now_ms = int(time.time() * 1000)
    admission = Admission(ORGANIZATION, False, now_ms - 35 * _DAY_MS, now_ms + 300_000, False)
    spent: dict[str, list[float]] = {stage: [] for stage in _STAGES}
    for _ in range(_ROUNDS):
        for body in bodies:
            body.renew()
            text = bytes(body.bytes).partition(b"\r\n\r\n")[2]
            calls = _clocked(spent["decode"], lambda: path.decode(text, admission))  # noqa: B023 - called at once
            _clocked(spent["judge"], lambda: path.judge(calls, now_ms))  # noqa: B023 - called at once
            _clocked(spent["journal"], lambda: path.journal(calls, now_ms))  # noqa: B023 - called at once
    return {stage: float(np.median(seconds[len(bodies) :])) / _BATCH for stage, seconds in spent.items()}


def _clocked(spent: list[float], work: Callable[[], C]) -> C:
    began = time.thread_time()
    result = work()
    spent.append(time.thread_time() - began)
    return result


def _fill(seen: SeenIds, count: int) -> None:
    random = np.random.default_rng(_SEED)
    for start in range(0, count, 100_000):
        size = min(100_000, count - start)
        columns = [random.integers(1, 2**64, size, np.uint64) for _ in range(3)]
        seen.remember(*columns, position=1, received_ms=1, latest_ms=1)


class _Judged(SeenIds):
    """Seen ids that judged already: `OrderedStep` is timed without them."""

    def judge(self, *_: object, **__: object) -> np.ndarray:
        return np.zeros(_BATCH, np.int8)


class _ReferencePath:
    def __init__(self) -> None:
        self.seen: SeenIds = ReferenceSeenIds(_MEMORY)
        self.appended = 0
        journal = cast("Journal", self)
        self._step = OrderedStep(journal, Dictionary(), _Judged(_MEMORY), RouteNamer(), _KEY)

    def decode(self, body: bytes, admission: Admission) -> PreparedCalls:
        (decoded,) = decode_calls(body, JsonForm.LINES, max_calls=_BATCH, max_call_bytes=_MAX_CALL_BYTES)
        prepared, _ = prepare(decoded.calls, decoded.indexes, admission, _KEY)
        if prepared is None:
            raise RuntimeError("the calls were to be accepted")
        return prepared

    def judge(self, calls: PreparedCalls, now_ms: int) -> None:
        _all_new(self.seen, calls, now_ms)

    def journal(self, calls: PreparedCalls, now_ms: int) -> None:
        self._step.take([CheckedSlice(ORGANIZATION, len(calls), calls)], now_ms)

    def append(self, frame: Frame) -> int:
        """Stands for the journal's, up to the disk."""
        encode_frame(frame, 1, 0)
        return 1


class _NativePath:
    def __init__(self) -> None:
        self.seen = SeenIds(_MEMORY)
        self._dictionary = Dictionary()
        self._rows = NativeRowMaker(self._dictionary)
        self._routes = RouteNamer()

    def decode(self, body: bytes, admission: Admission) -> NativeCalls:
        (lines,) = cut(body, JsonForm.LINES, max_calls=100_000, max_call_bytes=_MAX_CALL_BYTES).slices
        calls = decode_slice(body, lines, admission, _KEY, max_call_bytes=_MAX_CALL_BYTES, derive_routes=True)
        if calls is None:
            raise RuntimeError("the calls were to be taken by native code")
        return calls

    def judge(self, calls: NativeCalls, now_ms: int) -> None:
        _all_new(self.seen, calls, now_ms)

    def journal(self, calls: NativeCalls, now_ms: int) -> None:
        interning = DictionaryEncoder(self._dictionary, self._routes, USUAL_LIMITS.memory)
        verdicts = np.zeros(len(calls), np.int8)
        owner = interning.id_of(Kind.ORGANIZATION, 0, ORGANIZATION)
        gathered = NativeRows()
        new, names = self._rows.add(calls, verdicts, owner, interning, gathered)
        rows, paths = gathered.gathered()
        outcomes = [Outcome(owner, now_ms // _DAY_MS, len(calls), new, 0, 0, 0)]
        encode_frame(Frame(now_ms, rows, paths, interning.values, outcomes, names=names), 1, 0)


def _all_new(seen: SeenIds, calls: PreparedCalls | NativeCalls, now_ms: int) -> None:
    verdicts = seen.judge(
        calls.identity_high,
        calls.identity_low,
        calls.digest,
        position=1,
        received_ms=now_ms,
        latest_ms=now_ms,
    )
    if verdicts.any():
        raise RuntimeError("all calls were to be new")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seen", type=int, nargs="+", default=[1_000_000, 10_000_000])
    options = parser.parse_args()
    report = Report()
    for seen in options.seen:
        report.group("native", {"seen": seen})
        for figures in measure(seen=seen):
            report.add(figures)


if __name__ == "__main__":
    main()
