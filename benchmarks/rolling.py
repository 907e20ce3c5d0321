"""How much processor time the second half of counting costs: from the journal's fsync to the store's commit.

    python -m benchmarks.rolling --rate 500000 --seconds 60 --questions 5

Frames of made-up calls (see `benchmarks.recent_calls`) are appended to a journal at a steady rate, and the
roller and the compactor carry them into a store as the server does, with checkpoints and merging. Meanwhile
somebody asks questions, each of which waits for what was durable when it was asked. Nothing is sent over
HTTP, decoded or de-duplicated.

Processor time is told by thread, so that another program on the machine disturbs it little; appending to the
journal is the first half's and told apart. The store's own threads beside them are "other".
"""

import argparse
import asyncio
import random
import tempfile
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from benchmarks.recent_calls import RecentCalls
from benchmarks.skewed_calls import ORGANIZATION, SOURCES
from calltally.apply.applier import Applier
from calltally.apply.compactor import Compactor
from calltally.journal.frame import Frame
from calltally.journal.journal import Journal
from calltally.packed_texts import PackedTexts
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from calltally.unstored_calls import NONE_UNSTORED
from calltally.usage_query import Dimension, Metric, Ordering, UsageQuery
from calltally.window import Window

_FRAMES = 500
"""Distinct frames; they are appended over and over with other identities."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rate", type=int, default=500_000, help="calls a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--batch", type=int, default=1_000, help="calls in a frame")
    parser.add_argument("--questions", type=float, default=5.0, help="questions a second")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_run(Path(folder), options))


async def _run(folder: Path, options: argparse.Namespace) -> None:
    store = DuckDBUsageStore(folder / "store.duckdb", threads=options.threads, memory_limit="2GB")
    frames = _frames(store, options.batch)
    journal = Journal(folder / "journal")
    applier = Applier(journal, store)
    compactor = _compactor(store, applier)
    load = _Load(journal, frames, options.rate, options.seconds)
    watch = _Watch(journal, applier, options.batch)
    started, clock = _Times.now(), time.monotonic()
    applier.start()
    compactor.start()
    load.start()
    asking = asyncio.create_task(_ask(store, applier, load, options.questions))
    while load.is_alive():
        watch.look()
        await asyncio.sleep(0.1)
    asked = await asking
    behind = time.monotonic()
    await applier.caught_up()
    wall, spent = time.monotonic() - clock, _Times.now().since(started)
    _tell(load, watch, asked, spent, wall, time.monotonic() - behind)
    await asyncio.to_thread(compactor.stop)
    journal.close()
    await asyncio.to_thread(applier.stop)
    total = store.usage(UsageQuery(organization=ORGANIZATION, window=_always())).rows[0][0]
    if total != load.calls:
        raise SystemExit(f"{load.calls} calls were appended and {total} are counted")
    store.close()


def _compactor(store: DuckDBUsageStore, applier: Applier) -> Compactor:
    return Compactor(
        store,
        lambda: applier.applied_at,
        checkpoint=applier.checkpoint,
        checkpoint_is_due=lambda: applier.checkpoint_is_due,
    )


def _frames(store: DuckDBUsageStore, calls: int) -> list[Frame]:
    made = RecentCalls(store.dictionary, now_ms=int(time.time() * 1000), days=30 / 86_400)
    frames = []
    for batch in made.batches([_FRAMES * calls]):
        for start in range(0, _FRAMES * calls, calls):
            rows = batch.calls[start : start + calls].copy()
            used, path = np.unique(rows["path"], return_inverse=True)
            rows["path"] = path + 1
            paths = PackedTexts.of(["", *(batch.paths[index] for index in used.tolist())])
            frames.append(Frame(int(time.time() * 1000), calls=rows, paths=paths))
        frames[0] = replace(frames[0], values=batch.values)
    return frames


class _Load(threading.Thread):
    """Appends frames at a rate; falls behind where the machine does, and says so."""

    def __init__(self, journal: Journal, frames: list[Frame], rate: int, seconds: float) -> None:
        super().__init__(name="load")
        self._journal = journal
        self._frames = frames
        self._rate = rate
        self._seconds = seconds
        self.calls = 0
        self.seconds = 0.0
        self.spent = 0.0

    def run(self) -> None:
        chance = np.random.default_rng()
        size = len(self._frames[0].calls)
        started = time.monotonic()
        number = 0
        while (now := time.monotonic()) < started + self._seconds:
            due = int((now - started) * self._rate) // size
            while number < due and self._journal.queued_bytes < 64 * 2**20:
                frame = self._frames[number % _FRAMES]
                for name in ("identity_high", "identity_low", "digest"):
                    frame.calls[name] = chance.integers(0, 2**64, size, np.uint64)
                frame = frame if number < _FRAMES else replace(frame, values=[])
                self._journal.append(replace(frame, received_ms=int(time.time() * 1000)))
                number += 1
            time.sleep(0.005)
        self.calls = number * size
        self.spent = time.thread_time()
        self.seconds = time.monotonic() - started


class _Watch:
    """How far the store is behind the disk."""

    def __init__(self, journal: Journal, applier: Applier, calls_of_frame: int) -> None:
        self._journal = journal
        self._applier = applier
        self._calls = calls_of_frame
        self.behind: list[int] = []

    def look(self) -> None:
        applied = self._applier.applied.position
        self.behind.append((self._journal.durable.position - applied) * self._calls)


@dataclass
class _Asked:
    read_ms: list[float] = field(default_factory=list)
    answered_ms: list[float] = field(default_factory=list)


async def _ask(store: DuckDBUsageStore, applier: Applier, load: _Load, per_second: float) -> _Asked:
    asked, chance = _Asked(), random.Random(1)
    while per_second and load.is_alive():
        started = time.perf_counter()
        unstored = await asyncio.to_thread(applier.unstored) or NONE_UNSTORED
        read = time.perf_counter()
        await asyncio.to_thread(store.usage, _question(chance), unstored)
        asked.read_ms.append((read - started) * 1000)
        asked.answered_ms.append((time.perf_counter() - read) * 1000)
        await asyncio.sleep(max(1 / per_second - (time.perf_counter() - started), 0))
    return asked


def _question(chance: random.Random) -> UsageQuery:
    month = _month()
    most = (Ordering("calls", descending=True),)
    source = frozenset({f"source-{chance.randrange(SOURCES):03}"})
    queries = [
        UsageQuery(organization=ORGANIZATION, window=month),
        UsageQuery(
            organization=ORGANIZATION,
            window=month,
            group_by=(Dimension.ROUTE, Dimension.METHOD),
            order_by=most,
            limit=250,
        ),
        UsageQuery(
            organization=ORGANIZATION,
            window=month,
            where={Dimension.SOURCE_ID: source},
            metrics=(Metric.CALLS, Metric.ACTIVE_DAYS),
        ),
        UsageQuery(
            organization=ORGANIZATION,
            window=month,
            group_by=(Dimension.CLIENT_ID, Dimension.ROUTE),
            order_by=most,
            limit=1000,
        ),
    ]
    return chance.choice(queries)


def _month() -> Window:
    now = datetime.now(UTC)
    return Window.of_days((now - timedelta(days=30)).date(), now.date())


def _always() -> Window:
    return Window(datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


@dataclass(frozen=True)
class _Times:
    """Seconds of processor time, by the name of the thread; of all threads as ``all``."""

    seconds: dict[str, float]

    @classmethod
    def now(cls) -> "_Times":
        seconds = {"all": time.process_time()}
        for thread in threading.enumerate():
            if thread.ident is not None and thread.is_alive():
                name = thread.name.partition("_")[0].partition("-")[0]
                clock = time.pthread_getcpuclockid(thread.ident)
                seconds[name] = seconds.get(name, 0.0) + time.clock_gettime(clock)
        return cls(seconds)

    def since(self, before: "_Times") -> dict[str, float]:
        return {name: spent - before.seconds.get(name, 0.0) for name, spent in self.seconds.items()}


def _tell(
    load: _Load, watch: _Watch, asked: _Asked, spent: dict[str, float], wall: float, caught_up: float
) -> None:
    calls = load.calls
    first_half = load.spent + spent.get("journal", 0.0)
    named = {"applier": "rolling", "compactor": "merging and checkpoints", "asyncio": "questions"}
    told = {text: spent.get(name, 0.0) for name, text in named.items()}
    told["the event loop"] = spent.get("MainThread", 0.0)
    told["other threads of the store"] = spent["all"] - first_half - sum(told.values())
    print(f"{calls:,} calls in {load.seconds:.1f} s: {calls / load.seconds:,.0f} a second appended")
    print(f"{calls / wall:,.0f} a second counted; {caught_up:.2f} s behind at the end")
    for name, seconds in told.items():
        print(f"  {name:<28}{seconds / calls * 1e6:8.3f} us a call")
    second_half = told["rolling"] + told["merging and checkpoints"] + told["other threads of the store"]
    print(f"  {'the second half':<28}{second_half / calls * 1e6:8.3f} us a call")
    print(f"  {'appending (the first half)':<28}{first_half / calls * 1e6:8.3f} us a call")
    print(f"behind the disk: {_spread(watch.behind)} calls")
    print(f"a question read what is not in the store: {_spread(asked.read_ms)} ms")
    print(f"and for its answer: {_spread(asked.answered_ms)} ms, {len(asked.answered_ms)} questions")


def _spread(values: list[float] | list[int]) -> str:
    ordered = sorted(values) or [0]
    middle, last = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    return f"p50 {middle:,.0f}, p99 {last:,.0f}, most {ordered[-1]:,.0f}"


if __name__ == "__main__":
    main()
