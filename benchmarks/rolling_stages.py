"""What each stage between the journal and the store's commit costs a call, in processor time.

    python -m benchmarks.rolling_stages --sizes 10000 100000 250000 500000

Batches of made-up calls (see `benchmarks.recent_calls`) go through the stages one after the other, with the
store on one thread. Every stage is told by the median over the batches of its size, in microseconds a call.
Processor time is disturbed less by what else runs on the machine than time by the clock, but a busy neighbour
still makes it about half as much again.
"""

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.recent_calls import RecentCalls
from calltally.apply.batch_builder import BatchBuilder
from calltally.call_batch import CallBatch
from calltally.journal.frame import Frame
from calltally.journal.journal import Journal
from calltally.packed_texts import PackedTexts
from calltally.store.duckdb import batch_statements
from calltally.store.duckdb.batch_tables import CallTables, other_rows
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from calltally.store.duckdb.marginals import GATHERING

_CALLS_OF_FRAME = 1_000
_CALLS_OF_SIZE = 2_000_000
_MOST_BATCHES = 20


class _Stages:
    """Seconds of processor time, by size of batch and stage."""

    def __init__(self) -> None:
        self.spent: dict[int, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        self.size = 0

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        started = time.process_time()
        yield
        self.spent[self.size][name].append(time.process_time() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 250_000, 500_000])
    options = parser.parse_args()
    stages = _Stages()
    sizes = [
        size for size in options.sizes for _ in range(max(min(_CALLS_OF_SIZE // size, _MOST_BATCHES), 3))
    ]
    with tempfile.TemporaryDirectory() as folder:
        store = DuckDBUsageStore(Path(folder) / "store.duckdb", threads=1, memory_limit="2GB")
        journal = Journal(Path(folder) / "journal")
        made = RecentCalls(store.dictionary, now_ms=int(time.time() * 1000), days=30 / 86_400)
        reader, room, tables = journal.reader(0), BatchBuilder(), CallTables()
        for batch in made.batches(sizes):
            for frame in _frames(batch):
                journal.append(frame)
            journal.durable.wait(journal.appended)
            stages.size = len(batch.calls)
            with stages("read, check, gather"):
                read = room.batch(reader.passing(stages.size))
            if read is not None:
                _apply(store, read, tables, stages)
            with stages("checkpoint"):
                journal.drop_through(store.checkpoint())
        journal.close()
        store.close()
    _tell(stages)


def _apply(store: DuckDBUsageStore, batch: CallBatch, tables: CallTables, stages: _Stages) -> None:
    """What `DuckDBUsageStore.apply` does, stage by stage."""
    writer = store._writer  # noqa: SLF001 - the seam has no stages
    store.dictionary.load(batch.values)
    with stages("columns"):
        table = tables.of(batch)
    writer.begin()
    writer.register("batch", table)
    with stages("append calls"):
        batch_statements.append_calls().run(writer)
    for marginal in GATHERING:
        with stages(f"count {marginal.name}"):
            batch_statements.count_in(marginal).run(writer)
    with stages("note days"):
        batch_statements.note_days().run(writer)
    writer.unregister("batch")
    with stages("rows beside, position"):
        for name, rows in other_rows(batch).items():
            writer.register("added", rows)
            batch_statements.append_rows(name).run(writer)
            writer.unregister("added")
        batch_statements.move_to(batch.last_position).run(writer)
    with stages("commit"):
        store._database.commit(writer, batch.last_position)  # noqa: SLF001 - as apply does


def _frames(batch: CallBatch) -> Iterator[Frame]:
    values = batch.values
    for start in range(0, len(batch.calls), _CALLS_OF_FRAME):
        calls = batch.calls[start : start + _CALLS_OF_FRAME].copy()
        used, path = np.unique(calls["path"], return_inverse=True)
        calls["path"] = path + 1
        paths = PackedTexts.of(["", *(batch.paths[index] for index in used.tolist())])
        yield Frame(int(batch.received_ms[start]), calls=calls, paths=paths, values=values)
        values = []


def _tell(stages: _Stages) -> None:
    names = list(dict.fromkeys(name for spent in stages.spent.values() for name in spent))
    print(f"{'us a call, in batches of':<28}" + "".join(f"{size:>10,}" for size in stages.spent))
    for name in names:
        told = [median(spent[name]) / size * 1e6 if name in spent else 0 for size, spent in _by_size(stages)]
        print(f"{name:<28}" + "".join(f"{each:>10.3f}" for each in told))
    sums = [sum(map(median, spent.values())) / size * 1e6 for size, spent in _by_size(stages)]
    print(f"{'together':<28}" + "".join(f"{each:>10.3f}" for each in sums))


def _by_size(stages: _Stages) -> list[tuple[int, dict[str, list[float]]]]:
    return list(stages.spent.items())


if __name__ == "__main__":
    main()
