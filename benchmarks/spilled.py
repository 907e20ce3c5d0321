"""Verdicts on identities when most of those that are known lie on disk, beside a join in the store.

    python -m benchmarks.spilled --seen 20000000 --spilled 200000000

See docs/performance.md.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure, less
from benchmarks.filled_directory import MONTH, filled_directory, scratch
from benchmarks.report import Report
from calltally.call_batch import UInt64s
from calltally.data_directory import DataDirectory
from calltally.identity_key import IdentityKey
from calltally.ingest.identities.run_folder import RunFolder
from calltally.ingest.identities.seen_ids import Seen, SeenIds
from calltally.ingest.identities.spiller import Spiller
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from calltally.store.usage_store import Timeline

_BATCH = 1000
_BATCHES = 300
_AT_ONCE = 100_000
_BYTES_IN_MEMORY = 40
_SEED = 20261126
_RECEIVED_MS = 1
_ALL_STORED = 2**62
_RIVAL = "a join in DuckDB"
_RIVAL_BATCHES = 10
_RIVAL_CALLS = 1_000_000

_Columns = tuple[UInt64s, UInt64s, UInt64s]


def measure(*, seen: int, spilled: int) -> Iterator[list[Figure]]:
    """Verdicts a second of processor time with so many identities in memory, and so many more on disk.

    The rival looks for the same number of identities among a million calls, few as they are.
    """
    joins = _joins()
    for many in (0, spilled):
        named = f"{seen:,} in memory" + (f" and {many:,} on disk" if many else "")
        with scratch() as folder:
            ids = _Identities(seen * _BYTES_IN_MEMORY + many * 2, folder)
            old = ids.fill(seen + many)
            yield [_figure(f"new, {named}", ids.seconds(ids.new_batches(), Seen.NEW), joins)]
            yield [_figure(f"known, the oldest, {named}", ids.seconds(_batches_of(old), Seen.SAME), joins)]
            yield list(ids.sizes(named))
            ids.close()


def _figure(name: str, seconds: float, joins: float) -> Figure:
    return Figure(name=name, unit="verdicts/s", ours=1 / seconds, rival=_RIVAL, theirs=1 / joins)


class _Identities:
    """Seen ids whose runs lie in a folder."""

    def __init__(self, memory: int, folder: Path) -> None:
        self.seen = SeenIds(memory)
        self._random = np.random.default_rng(_SEED)
        self._folder = folder
        runs = RunFolder(folder, IdentityKey.generate(), [Timeline(1, 0)], self.seen.kind_of_run)
        self._spilling = Spiller(self.seen, runs, _ALL_STORED)

    def fill(self, count: int) -> _Columns:
        """Takes in so many, and returns the first."""
        first = self._new(min(count, _AT_ONCE))
        self._remember(first, 1)
        for position in range(2, count // _AT_ONCE + 1):
            self._remember(self._new(_AT_ONCE), position)
        while not self._is_settled():
            time.sleep(0.01)
        return first

    def new_batches(self) -> Iterator[_Columns]:
        return (self._new(_BATCH) for _ in range(_BATCHES))

    def seconds(self, batches: Iterator[_Columns], verdict: Seen) -> float:
        """Processor time for each verdict, the median over the batches; every verdict must be the same."""
        spent = []
        for high, low, digest in batches:
            began = time.thread_time()
            verdicts = self.seen.judge(
                high, low, digest, position=1, received_ms=_RECEIVED_MS, latest_ms=_RECEIVED_MS
            )
            spent.append(time.thread_time() - began)
            if not (verdicts == verdict).all():
                raise RuntimeError(f"the verdicts were to be {verdict}")
        return float(np.median(spent)) / _BATCH

    def sizes(self, named: str) -> Iterator[Figure]:
        memory = self.seen.memory_bytes / 2**20
        yield less(f"memory for identities, {named}", "MiB", memory)
        if self.seen.spilled:
            size = sum(path.stat().st_size for path in self._folder.iterdir())
            of_each = size / (self.seen.spilled + self.seen.count)
            yield less(f"disk, {named}", "bytes/identity", of_each)
            filters = self.seen.generations.filter_bytes / self.seen.spilled
            yield less(f"memory of those on disk, {named}", "bytes/identity", filters)

    def close(self) -> None:
        self._spilling.stop()

    def _new(self, count: int) -> _Columns:
        high, low, digest = (self._random.integers(1, 2**64, count, np.uint64) for _ in range(3))
        return high, low, digest

    def _remember(self, columns: _Columns, position: int) -> None:
        self.seen.remember(*columns, position=position, received_ms=_RECEIVED_MS, latest_ms=_RECEIVED_MS)
        self._spilling.spill_now(_RECEIVED_MS, _ALL_STORED)

    def _is_settled(self) -> bool:
        self._spilling.look(_RECEIVED_MS, _ALL_STORED)
        return self._spilling.is_idle


def _batches_of(columns: _Columns) -> Iterator[_Columns]:
    high, low, digest = columns
    for start in range(0, min(len(low), _BATCHES * _BATCH), _BATCH):
        part = slice(start, start + _BATCH)
        yield high[part], low[part], digest[part]


def _joins() -> float:
    """Seconds for each identity that the store is asked for in batches of the same size."""
    random = np.random.default_rng(_SEED)
    days = np.full(_BATCH, time.time() // 86_400, np.int64)
    with filled_directory(_RIVAL_CALLS, MONTH) as directory:
        store = DuckDBUsageStore(DataDirectory(directory).store)
        spent = [
            _clocked_join(store, random.integers(1, 2**64, (2, _BATCH), np.uint64), days)
            for _ in range(_RIVAL_BATCHES)
        ]
        store.close()
    return float(np.median(spent)) / _BATCH


def _clocked_join(store: DuckDBUsageStore, halves: np.ndarray, days: np.ndarray) -> float:
    began = time.process_time()
    store.find_identities(halves[0], halves[1], days, 2**62, 0)
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seen", type=int, default=5_000_000)
    parser.add_argument("--spilled", type=int, default=50_000_000)
    options = parser.parse_args()
    report = Report()
    report.group("spilled", {"seen": options.seen, "spilled": options.spilled})
    for figures in measure(seen=options.seen, spilled=options.spilled):
        report.add(figures)


if __name__ == "__main__":
    main()
