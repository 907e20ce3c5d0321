"""What merging and packing cost, which follow when calls are counted.

    python -m benchmarks.compaction --calls 1000000 10000000

See docs/performance.md.
"""

import argparse
import time
from collections.abc import Iterator

from benchmarks.figure import Figure, less
from benchmarks.filled_directory import MONTH, scratch
from benchmarks.recent_calls import RecentCalls, sizes_of_batches
from benchmarks.report import Report
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore

_BATCH = 250_000
"""As many as one batch of the applier has at full load."""


def measure(*, calls: int) -> Iterator[list[Figure]]:
    """Compacts a store to which so many calls of the last thirty days came in random order."""
    with scratch() as folder:
        store = DuckDBUsageStore(folder / "store.duckdb", memory_limit="2GB")
        recent = RecentCalls(store.dictionary, now_ms=int(time.time() * 1000), days=MONTH)
        taking = 0.0
        for batch in recent.batches(sizes_of_batches(calls, _BATCH)):
            began = time.process_time()
            store.apply(batch)
            taking += time.process_time() - began
        began = time.process_time()
        store.checkpoint()
        taking += time.process_time() - began
        cpu, steps = time.process_time(), []
        while True:
            step = time.perf_counter()
            if not store.compact():
                break
            steps.append(time.perf_counter() - step)
            store.checkpoint()
        cpu = time.process_time() - cpu
        store.close()
        named = f"{calls:,} calls"
        yield [
            less(f"taking in, {named}", "µs/call", taking / calls * 1e6),
            less(f"compaction with its checkpoints, {named}", "µs/call", cpu / calls * 1e6),
            less(f"compaction, the longest of {len(steps)} steps, {named}", "ms", max(steps) * 1000),
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--calls", type=int, nargs="+", default=[1_000_000, 10_000_000])
    options = parser.parse_args()
    report = Report()
    for calls in options.calls:
        report.group("compaction", {"calls": calls})
        for figures in measure(calls=calls):
            report.add(figures)


if __name__ == "__main__":
    main()
