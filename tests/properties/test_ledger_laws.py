"""Laws of the ledger: whatever is received, corrected, erased and pruned, every store says the same as a
naive count, and every audit finds nothing."""

import csv
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from calltally.call import Call
from calltally.call_batch import Conflict, Entry, Outcome, Refusal, RejectedSample, Rejection
from calltally.clock import instant_of
from calltally.dictionary import Kind
from calltally.errors import PrunedError
from calltally.store.audit import Difference
from calltally.store.duckdb.compaction import CompactionLimits
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from calltally.store.export import What
from calltally.store.memory.memory_store import MemoryUsageStore
from calltally.store.usage_store import StoredCalls, UsageStore
from calltally.usage_query import Dimension, Metric, UsageQuery
from calltally.window import Granularity, Window
from tests.call_batches import a_call, batch_of, identity_of
from tests.ledger_batches import correcting, erasing
from tests.properties.test_store_laws import EAGER, calls, queries
from tests.support.kept import as_it_came
from tests.support.seeds import examples

SETTLING = CompactionLimits(fresh_rows=1, merged_rows=1, runs_of_month=9)
"""Settles everything at each step of compaction, and leaves the runs of a month apart until it is over."""

SOME = settings(max_examples=examples(12))
FIRST_RECEIPT_MS = 1_795_000_000_000
HOUR_MS = 3_600_000
ALL = Window(datetime(1960, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
DAYS = [date(1969, 12, 31), date(1970, 1, 2), date(2025, 12, 31), date(2026, 3, 29), date(2026, 10, 25)]

paths = st.sampled_from(["", "/users/a", "/users/%61/x", "/a/b", "/%ff/a", "/ab", "/it's"])
pathed_calls = st.builds(lambda call, path: replace_path(call, path), calls, paths)
numbers = st.integers(0, 10**6)
steps = st.one_of(
    st.tuples(st.just("receive"), st.lists(pathed_calls, max_size=8)),
    st.tuples(st.just("receive"), st.lists(pathed_calls, min_size=1, max_size=8)),
    st.tuples(st.just("cancel"), st.lists(numbers, min_size=1, max_size=3)),
    st.tuples(st.just("amend"), st.lists(st.tuples(numbers, pathed_calls), min_size=1, max_size=3)),
    st.tuples(st.just("add"), st.lists(pathed_calls, min_size=1, max_size=2)),
    st.tuples(
        st.just("erase"), st.tuples(st.sampled_from([Kind.USER, Kind.ACCOUNT]), st.sampled_from("abä"))
    ),
    st.tuples(st.just("prune calls"), st.sampled_from(DAYS)),
    st.tuples(st.just("prune counts"), st.sampled_from(DAYS)),
    st.tuples(st.just("compact"), st.none()),
    st.tuples(st.just("open again"), st.none()),
)


# Few keys and few days of the month of receipts, so that days lose their last call and get another.
one_months_calls = st.builds(
    lambda day, client, account: a_call(
        time=f"2026-11-{day:02}T12:00:00Z", client_id=client, account_id=account, source_id="a"
    ),
    st.sampled_from([1, 15, 30]),
    st.sampled_from("ab"),
    st.sampled_from(["", "a", "b"]),
)
corrections = st.one_of(
    st.tuples(st.just("receive"), st.lists(one_months_calls, min_size=1, max_size=4)),
    st.tuples(st.just("cancel"), st.lists(numbers, min_size=1, max_size=3)),
    st.tuples(st.just("amend"), st.lists(st.tuples(numbers, one_months_calls), min_size=1, max_size=3)),
    st.tuples(st.just("compact"), st.none()),
    st.tuples(st.just("compact"), st.none()),
)
monthly = st.builds(
    lambda **asked: UsageQuery(organization="acme", metrics=(Metric.CALLS, Metric.ACTIVE_DAYS), **asked),
    window=st.sampled_from(
        [ALL, Window(datetime(2026, 10, 20, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC))]
    ),
    granularity=st.sampled_from([Granularity.TOTAL, Granularity.MONTH]),
    group_by=st.sampled_from(
        [(), (Dimension.ACCOUNT_ID,), (Dimension.SOURCE_ID,), (Dimension.CLIENT_ID, Dimension.ROUTE)]
    ),
    where=st.sampled_from(
        [{}, {Dimension.SOURCE_ID: frozenset({"a"})}, {Dimension.CLIENT_ID: frozenset({"a"})}]
    ),
)


def replace_path(call: Call, path: str) -> Call:
    return Call(**{name: getattr(call, name) for name in call.__struct_fields__} | {"path": path})


class Stores:
    """A naive store and an embedded one that live through the same, and what their calls say now."""

    def __init__(self, folder: Path, limits: CompactionLimits = EAGER) -> None:
        self._folder = folder
        self._limits = limits
        self.tested = self._open()
        self.naive = MemoryUsageStore()
        self.naive._identity_key = self.tested.identity_key
        self.said: dict[tuple[str, str], tuple[Call, bool]] = {}
        self.received_ms = FIRST_RECEIPT_MS
        self._erasures = 0

    def live(self, history: list[tuple[str, Any]]) -> None:
        for name, what in history:
            self.received_ms += 7 * HOUR_MS
            step: Callable[[Any], None] = getattr(self, "_" + name.replace(" ", "_"))
            step(what)

    def both(self, ask: Callable[[UsageStore], object]) -> tuple[object, object]:
        """What each of them says; an error counts as an answer."""
        return _said(self.tested, ask), _said(self.naive, ask)

    def close(self) -> None:
        self.tested.close()

    def _open(self) -> DuckDBUsageStore:
        return DuckDBUsageStore(self._folder / "store.duckdb", limits=self._limits, threads=1)

    def _receive(self, some: list[Call]) -> None:
        new = [call for call in some if not self._is_sealed(call)]
        day = self.received_ms // 86_400_000
        for store in (self.tested, self.naive):
            batch = batch_of(store, *new, received_ms=self.received_ms)
            if acme := store.dictionary.find(Kind.ORGANIZATION, 0, "acme"):
                content = b'{"id": "1", "user_id": "a", "path": "/b/a"}'
                batch.outcomes.append(Outcome(acme, day, 3, 0, 0, 1, 2))
                batch.conflicts.append(Conflict(acme, self.received_ms, len(new), 1, content))
                batch.rejections.append(Rejection(acme, day, "time.too_late", 2))
                batch.samples.extend(
                    [RejectedSample(acme, self.received_ms, "x", "y", "a or b", content)] * 5
                )
                batch.refusals.append(Refusal(acme, day, "busy", 1))
            store.apply(batch)
        for call in new:
            self.said[call.organization, call.id] = call, True

    def _cancel(self, picked: list[int]) -> None:
        self._correct(
            {key: [(Entry.WITHDRAWN, self.said[key][0])] for key in self._pick(picked, active=True)}
        )

    def _amend(self, picked: list[tuple[int, Call]]) -> None:
        rows: dict[tuple[str, str], list[tuple[Entry, Call]]] = {}
        for number, other in picked:
            for key in self._pick([number]):
                before, is_active = self.said[key]
                fields = {name: getattr(other, name) for name in other.__struct_fields__}
                after = Call(**fields | {"id": before.id, "organization": before.organization})
                if not self._is_sealed(after):
                    withdrawn = [(Entry.WITHDRAWN, before)] if is_active else []
                    rows[key] = [*withdrawn, (Entry.RESTATED, after)]
        self._correct(rows)

    def _add(self, some: list[Call]) -> None:
        new = {
            (call.organization, call.id): [(Entry.ADDED, call)] for call in some if not self._is_sealed(call)
        }
        self._correct(new)

    def _correct(self, rows: dict[tuple[str, str], list[tuple[Entry, Call]]]) -> None:
        mine = [row for key, some in rows.items() if key[0] == "acme" for row in some]
        if not mine:
            return
        for store in (self.tested, self.naive):
            store.apply(correcting(store, *mine, received_ms=self.received_ms))
        for entry, call in mine:
            self.said["acme", call.id] = call, entry is not Entry.WITHDRAWN

    def _erase(self, what: tuple[Kind, str]) -> None:
        kind, text = what
        if self.tested.dictionary.find(Kind.ORGANIZATION, 0, "acme") is None:
            return
        self._erasures += 1
        replacement = f"erased-{self._erasures}"
        for store in (self.tested, self.naive):
            store.apply(
                erasing(store, kind=kind, text=text, replacement=replacement, received_ms=self.received_ms)
            )
        for key, (call, is_active) in self.said.items():
            if key[0] == "acme":
                self.said[key] = self._as_stored(call, kind, text, replacement), is_active

    def _as_stored(self, call: Call, kind: Kind, text: str, replacement: str) -> Call:
        """A call as corrections find it in the store after an erasure."""
        field = "user_id" if kind is Kind.USER else "account_id"
        changes = {field: replacement} if getattr(call, field) == text else {}
        ((stored,), (path,)) = self._stored(call)
        changes |= {"path": path, "route": self.naive.dictionary.text(Kind.ROUTE, stored["route"])}
        return Call(**{name: getattr(call, name) for name in call.__struct_fields__} | changes)

    def _stored(self, call: Call) -> tuple[Any, list[str]]:
        high, low = (np.array([half], np.uint64) for half in identity_of(self.naive, call))
        found = self.naive.current_calls(call.organization, high, low)
        if not len(found.columns):
            return [{"route": 0}], [call.path]
        return found.columns, [found.paths[int(found.columns[0]["path"])]]

    def _prune_calls(self, before: date) -> None:
        tested, naive = self.both(lambda store: store.prune_calls(before))
        assert tested == naive

    def _prune_counts(self, before: date) -> None:
        before = min(before, self.naive.calls_from)
        tested, naive = self.both(lambda store: store.prune_counts(before))
        assert tested == naive

    def _compact(self, _: None) -> None:
        while self.tested.compact():
            pass

    def _open_again(self, _: None) -> None:
        self.tested.close()
        self.tested = self._open()

    def _pick(self, picked: list[int], *, active: bool = False) -> list[tuple[str, str]]:
        keys = [
            key
            for key, (call, is_active) in self.said.items()
            if (is_active or not active) and not self._is_sealed(call)
        ]
        return list(dict.fromkeys(keys[number % len(keys)] for number in picked if keys))

    def _is_sealed(self, call: Call) -> bool:
        return datetime.fromisoformat(call.time).astimezone(UTC).date() < self.naive.calls_from


def _said(store: UsageStore, ask: Callable[[UsageStore], object]) -> object:
    try:
        return ask(store)
    except PrunedError as error:
        return str(error), error.earliest


def _plain(stored: StoredCalls) -> list[tuple[Any, ...]]:
    """Each call's columns with its path as a text."""
    return [
        (
            *[row[name] for name in row.dtype.names if name != "path"],
            stored.paths[int(row["path"])],
            bool(active),
        )
        for row, active in zip(stored.columns, stored.active, strict=True)
    ]


def _books(store: UsageStore) -> list[object]:
    found: list[object] = []
    for organization in ("acme", "globex", "unknown"):
        found += [
            store.outcomes(organization),
            sorted(as_it_came(store.conflicts(organization))),
            store.rejections(organization),
            as_it_came(store.samples(organization)),
            store.refusals(organization),
            store.corrections(organization),
            store.erasures(organization),
        ]
        found += [
            store.last_days(organization, dimension)
            for dimension in (
                Dimension.CLIENT_ID,
                Dimension.USER_ID,
                Dimension.SOURCE_ID,
                Dimension.ACCOUNT_ID,
            )
        ]
    return [*found, store.calls_from, store.counts_from, store.position]


def _exported(store: UsageStore, what: What, *, every_entry: bool) -> list[list[str]]:
    since = store.calls_from if what == "calls" else store.counts_from
    window = Window(
        max(ALL.start, datetime.combine(max(since, date(1900, 1, 1)), datetime.min.time(), UTC)), ALL.end
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.csv"
        count = store.export("acme", window, what, "csv", path, every_entry=every_entry)
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
    assert count == len(rows) - 1
    return sorted(rows)


@SOME
@given(st.lists(steps, min_size=3, max_size=12), st.lists(queries(), min_size=4, max_size=6), st.data())
def test_any_history_leaves_every_store_with_the_same_answers(
    history: list[tuple[str, Any]], asked: list[UsageQuery], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stores = Stores(Path(folder))
        try:
            stores.live(history)
            hours = data.draw(st.lists(st.integers(-1, 7 * 13), min_size=2, max_size=2))
            instants = [instant_of(FIRST_RECEIPT_MS + hour * HOUR_MS) for hour in hours]
            past = [replace(query, as_of=at) for at, query in zip(instants, asked, strict=False)]
            for query in [*asked, *past]:
                tested, naive = stores.both(_answering(query))
                assert tested == naive
            _agree_beside_usage(stores)
        finally:
            stores.close()


@settings(SOME, max_examples=examples(40))
@given(st.lists(corrections, min_size=3, max_size=12), st.lists(monthly, min_size=4, max_size=6))
def test_active_days_of_months_are_exact_whatever_was_corrected_and_settled(
    history: list[tuple[str, Any]], asked: list[UsageQuery]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stores = Stores(Path(folder), SETTLING)
        try:
            stores.live(history)
            for query in asked:
                tested, naive = stores.both(_answering(query))
                assert tested == naive
            assert _differences(stores.tested) == []
        finally:
            stores.close()


def _agree_beside_usage(stores: Stores) -> None:
    identities = [identity_of(stores.naive, call) for call, _ in stores.said.values()]
    high, low = (np.array([pair[half] for pair in identities], np.uint64) for half in (0, 1))
    where = {Dimension.USER_ID: frozenset({"a", "b"}), Dimension.STATUS_CLASS: frozenset({"2xx", "none"})}
    asked: list[Callable[[UsageStore], object]] = [
        _books,
        lambda store: _plain(store.current_calls("acme", high, low)),
        lambda store: _plain(store.calls_within("acme", ALL, {}, 1000)),
        lambda store: _plain(store.calls_within("acme", Window(ALL.start + timedelta(1), ALL.end), where, 3)),
        lambda store: store.source_activity("acme", "a", ALL),
        lambda store: store.source_has_accounts("acme", "b"),
        lambda store: _exported(store, "calls", every_entry=False),
        lambda store: _exported(store, "calls", every_entry=True),
        lambda store: _exported(store, "counts", every_entry=False),
        lambda store: _exported(store, "sources", every_entry=False),
        _differences,
    ]
    for ask in asked:
        tested, naive = stores.both(ask)
        assert tested == naive
    assert _differences(stores.tested) == []


def _answering(query: UsageQuery) -> Callable[[UsageStore], object]:
    return lambda store: store.usage(query)


def _differences(store: UsageStore) -> list[Difference]:
    return [difference for step in store.audit() for difference in step.differences]
