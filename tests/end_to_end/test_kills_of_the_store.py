"""A store that is killed while it writes, merges or checkpoints holds whole batches, each once."""

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from calltally.call_batch import CALL_COLUMNS, CallColumns
from calltally.dictionary import Kind
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from calltally.store.kept import CONFLICTS_KEPT, KEPT_AT_MOST
from calltally.usage_query import Dimension, Metric, UsageQuery
from calltally.window import Granularity, Window
from tests.end_to_end import compacting_child as child
from tests.support.seeds import luck

YEAR = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
FOUND_BY = {
    Dimension.CLIENT_ID: Kind.CLIENT,
    Dimension.SOURCE_ID: Kind.SOURCE,
    Dimension.ACCOUNT_ID: Kind.ACCOUNT,
    Dimension.ROUTE: Kind.ROUTE,
}


def killed_while(phase: str, file: Path, instants: random.Random) -> tuple[str, int]:
    """Kills a child soon after it begins something; returns what it was at, and its last applied batch."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.end_to_end.compacting_child", file], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    times, said = instants.randrange(1, 4), []
    for line in process.stdout:
        said.append(line.split())
        if sum(words[0] == phase for words in said) == times:
            break
    time.sleep(instants.uniform(0, 0.03))
    process.kill()
    process.wait()
    said += [line.split() for line in process.stdout]
    process.stdout.close()
    applied = [int(words[1]) for words in said if words[0] == child.APPLIED]
    return said[-1][0], max(applied, default=0)


def calls_through(position: int) -> CallColumns:
    """All calls of the batches up to a position."""
    batches = [child.numbered_batch(number).calls for number in range(1, position + 1)]
    return np.concatenate([np.empty(0, CALL_COLUMNS), *batches])


def count(keys: Iterable[tuple[object, ...]]) -> Counter[tuple[object, ...]]:
    return Counter(keys)


def days_of(calls: CallColumns) -> list[datetime]:
    return [datetime.fromtimestamp(day * 86_400, UTC) for day in (calls["time_ms"] // 86_400_000).tolist()]


def asked(store: DuckDBUsageStore, *group_by: Dimension, metric: Metric = Metric.CALLS) -> Counter[object]:
    """A daily count by what is named."""
    query = UsageQuery(
        organization="acme",
        window=YEAR,
        granularity=Granularity.DAY,
        group_by=group_by,
        metrics=(metric,),
    )
    return Counter({row[:-1]: int(row[-1]) for row in store.usage(query).rows if row[-1]})  # type: ignore[arg-type]


def assert_counted_once(store: DuckDBUsageStore, position: int) -> None:
    """Every answer about the batches up to a position equals a count call by call."""
    calls = calls_through(position)
    days, statuses = days_of(calls), calls["status"].tolist()
    for dimension, kind in FOUND_BY.items():
        texts = [child.text_of(kind, number) for number in calls[kind.name.lower()].tolist()]
        by_text = list(zip(days, texts, strict=True))
        failed = [key for key, status in zip(by_text, statuses, strict=True) if status >= 500]
        assert asked(store, dimension) == count(by_text)
        assert asked(store, dimension, metric=Metric.STATUS_500) == count(failed)
    by_status = zip(days, statuses, strict=True)
    assert asked(store, Dimension.STATUS) == count(by_status)


def kept_conflicts(store: DuckDBUsageStore) -> set[tuple[int, int]]:
    """The batch and number of every call in conflict that is kept for inspection."""
    kept = [conflict for _, conflict in store.conflicts("acme")]
    found = {(conflict.identity_high, conflict.identity_low) for conflict in kept}
    assert len(found) == len(kept)
    return found


def assert_known_once(store: DuckDBUsageStore, position: int) -> None:
    """The identities of all batches are there, once each, the books say as much, and what is kept is bounded.

    A batch is received on a day of its own, so of each the first conflicts of a day are kept.
    """
    blocks = list(store.identities(0))
    found = [pair for block in blocks for pair in zip(block.high.tolist(), block.low.tolist(), strict=True)]
    wanted = {(batch, number) for batch in range(1, position + 1) for number in range(1, child.CALLS + 1)}
    conflicts = position * child.CONFLICTS
    books = [sum(verdicts) for verdicts in zip(*store.outcomes("acme").values(), strict=True)]
    repeated = sum(range(1, position + 1))
    assert kept_conflicts(store) == {
        (batch, number)
        for batch in range(max(1, position - KEPT_AT_MOST // CONFLICTS_KEPT + 1), position + 1)
        for number in range(CONFLICTS_KEPT)
    }
    assert len(found) == len(wanted)
    assert set(found) == wanted
    assert books == (
        [len(wanted) + repeated + conflicts, len(wanted), repeated, conflicts, 0] if position else []
    )


def test_kills_while_applying_merging_and_checkpointing_change_no_answer(tmp_path: Path) -> None:
    instants = luck("instants")
    wanted = Counter({child.APPLYING: 6, child.COMPACTING: 4, child.CHECKPOINTING: 2})
    kills: Counter[str] = Counter()
    position = 0
    while missing := list(wanted - kills):
        assert kills.total() < 30, f"30 kills, and none landed while {missing}"
        caught, applied = killed_while(missing[0], tmp_path / "store", instants)
        kills[caught] += 1
        store = child.open_store(tmp_path / "store")
        told, position = max(applied, position), store.position
        assert position in (told, told + 1)
        assert_counted_once(store, position)
        assert_known_once(store, position)
        store.close()

    assert position > 5
