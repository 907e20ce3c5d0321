"""Whatever comes that is not counted, and across restarts and pruning: both stores keep the same of it."""

import tempfile
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from calltally.call_batch import Conflict, Outcome, RejectedSample, Rejection
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from calltally.store.kept import KeptPage
from calltally.store.memory.memory_store import MemoryUsageStore
from calltally.store.usage_store import UsageStore
from tests.call_batches import a_call, batch_of
from tests.support.seeds import examples

DAY_MS = 86_400_000
FIRST_DAY = date(2026, 3, 1)
FIRST = (FIRST_DAY - date(1970, 1, 1)).days
ORGANIZATIONS = ("acme", "globex")
SMALL = {"CONFLICTS_KEPT": 3, "SAMPLES_KEPT": 2, "KEPT_AT_MOST": 5}
MODULES = {
    "memory.memory_outcomes": SMALL,
    "duckdb.inspection": SMALL,
    "memory.audit": {name: SMALL[name] for name in ("CONFLICTS_KEPT", "KEPT_AT_MOST")},
    "duckdb.audit_statements": {name: SMALL[name] for name in ("CONFLICTS_KEPT", "KEPT_AT_MOST")},
}

uncounted = st.tuples(st.sampled_from([1, 2]), st.sampled_from(["conflict", "a", "b"]))
later = st.integers(0, 2)
batches = st.tuples(later, st.lists(uncounted, max_size=6))
steps = st.lists(batches | st.sampled_from(["restart", "prune"]), max_size=14)


def apply(store: UsageStore, day: int, came: list[tuple[int, str]], number: int) -> None:
    """Takes what came on a day; its books say so."""
    batch = batch_of(store, outcomes=[])
    for place, (organization, what) in enumerate(came):
        content = f"{number} {place}".encode()
        conflict = what == "conflict"
        if conflict:
            batch.conflicts.append(Conflict(organization, day * DAY_MS, number, place, content))
        else:
            batch.rejections.append(Rejection(organization, day, what, 1))
            batch.samples.append(RejectedSample(organization, day * DAY_MS, what, "", "", content))
        batch.outcomes.append(Outcome(organization, day, 1, 0, 0, int(conflict), int(not conflict)))
    store.apply(batch)


def kept(store: UsageStore) -> list[object]:
    found: list[object] = []
    for organization in ORGANIZATIONS:
        found += [
            [one for _, one in store.conflicts(organization)],
            [one for _, one in store.samples(organization)],
            [one for _, one in store.samples(organization, KeptPage(code="a", limit=1))],
            store.conflict_counts(organization, FIRST, FIRST + 50),
        ]
    return found


@settings(max_examples=examples(60))
@given(steps)
def test_both_stores_keep_the_same_for_inspection(
    given: list[tuple[int, list[tuple[int, str]]] | str],
) -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        for module, values in MODULES.items():
            for name, value in values.items():
                stack.enter_context(patch(f"calltally.store.{module}.{name}", value))
        path = Path(folder) / "store.duckdb"
        naive, store = MemoryUsageStore(), DuckDBUsageStore(path)
        for each in (naive, store):
            each.apply(batch_of(each, *(a_call(organization=name) for name in ORGANIZATIONS)))
        day = FIRST
        for number, step in enumerate(given):
            if step == "restart":
                store.close()
                store = DuckDBUsageStore(path)
            elif step == "prune":
                before = FIRST_DAY + timedelta(days=day - FIRST)
                naive.prune_calls(before)
                store.prune_calls(before)
            elif not isinstance(step, str):
                day += step[0]
                for each in (naive, store):
                    apply(each, day, step[1], number)
        found = kept(store)
        differences = [one for each in (naive, store) for audit in each.audit() for one in audit.differences]
        store.close()

    assert found == kept(naive)
    assert differences == []
