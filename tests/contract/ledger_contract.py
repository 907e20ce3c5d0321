"""What a store promises about corrections: every number is what the calls say now, or said at an instant."""

from datetime import date
from typing import Any

import numpy as np
import pytest

from calltally.call import Call
from calltally.call_batch import ABSENT, Entry
from calltally.clock import instant_of
from calltally.store.usage_store import StoredCalls
from calltally.usage_query import Dimension, SourceActivity, UsageQuery
from calltally.window import Granularity
from tests.call_batches import a_call, batch_of, digest_of, identity_of
from tests.contract.books_contract import found_among
from tests.contract.questions import MARCH, Store, apply, count, day_number, months, rows, window
from tests.ledger_batches import LATER_MS, add, amend, cancel, correcting, restate

EVERY_COUNT = ("calls", "status_200", "status_300", "status_400", "status_429", "status_500", "active_days")


def current(store: Store, *calls: Call, organization: str = "acme") -> list[tuple[Any, ...]]:
    """What calls say now: client, path, duration, entry and whether each counts."""
    identities = [identity_of(store, call) for call in calls]
    high, low = (np.array([pair[half] for pair in identities], np.uint64) for half in (0, 1))
    return told(store, store.current_calls(organization, high, low))


def told(store: Store, stored: StoredCalls) -> list[tuple[Any, ...]]:
    clients = [store.dictionary.text(2, number) for number in stored.columns["client"].tolist()]  # type: ignore[arg-type]
    paths = [stored.paths[index] for index in stored.columns["path"].tolist()]
    durations = stored.columns["duration_ms"].tolist()
    entries = map(Entry, stored.columns["entry"].tolist())
    return list(zip(clients, paths, durations, entries, stored.active.tolist(), strict=True))


def as_of(store: Store, ms: int, **asked: Any) -> Any:
    query = UsageQuery(organization="acme", window=window(*MARCH), as_of=instant_of(ms), **asked)
    return store.usage(query).rows


class LedgerContract:
    """Tests that every store must pass; a subclass gives the fixture ``store``."""

    # Counting

    def test_a_cancelled_call_counts_nowhere(self, store: Store) -> None:
        kept, gone = a_call(client_id="a"), a_call(client_id="b", time="2026-03-11T12:00:00Z")
        apply(store, kept, gone)

        cancel(store, gone)

        assert rows(store, metrics=EVERY_COUNT) == [(1, 1, 0, 0, 0, 0, 1)]
        assert rows(store, by=["client_id"]) == [("a", 1)]
        assert rows(store, per="hour") == [("2026-03-10T12:00Z", 1)]
        assert rows(store, per="day") == [("2026-03-10T00:00Z", 1)]
        assert rows(store, by=["status", "client_id"]) == [(200, "a", 1)]
        assert rows(store, per="day", zone="Asia/Kolkata", metrics=["active_days"]) == [
            ("2026-03-09T18:30Z", 1)
        ]

    def test_an_amended_call_counts_as_what_it_says_now(self, store: Store) -> None:
        before = a_call(id="c", client_id="a", status=200)
        after = a_call(id="c", client_id="b", status=429, time="2026-03-20T12:00:00Z")
        apply(store, before, a_call(client_id="a", status=500))

        amend(store, before, after)

        assert rows(store, by=["client_id"], metrics=EVERY_COUNT) == [
            ("a", 1, 0, 0, 0, 0, 1, 1),
            ("b", 1, 0, 0, 1, 1, 0, 1),
        ]
        assert rows(store, per="day", by=["status_class"]) == [
            ("2026-03-10T00:00Z", "5xx", 1),
            ("2026-03-20T00:00Z", "4xx", 1),
        ]

    def test_a_status_that_was_amended_leaves_the_call_and_moves_its_class(self, store: Store) -> None:
        before, after = a_call(id="c", status=200), a_call(id="c", status=404)
        apply(store, before)

        amend(store, before, after)

        assert rows(store, metrics=EVERY_COUNT) == [(1, 0, 0, 1, 0, 0, 1)]
        assert rows(store, by=["status_class"]) == [("4xx", 1)]
        assert rows(store, by=["status"], per="hour") == [("2026-03-10T12:00Z", 404, 1)]

    def test_a_call_may_be_cancelled_and_counted_again_any_number_of_times(self, store: Store) -> None:
        call = a_call()
        apply(store, call)

        cancel(store, call)
        assert count(store) == 0
        restate(store, call)
        assert count(store) == 1
        cancel(store, call)
        assert count(store) == 0
        assert current(store, call) == [("client-1", "/users/17", ABSENT, Entry.WITHDRAWN, False)]

    def test_a_call_that_only_a_correction_brought_counts(self, store: Store) -> None:
        apply(store, a_call())

        add(store, a_call(client_id="b"), a_call(client_id="b", status=500))

        assert rows(store, by=["client_id"], metrics=["calls", "status_500"]) == [
            ("b", 2, 1),
            ("client-1", 1, 0),
        ]

    def test_calls_and_their_corrections_may_come_in_one_batch(self, store: Store) -> None:
        call, other = a_call(id="c"), a_call(id="c", client_id="b")
        apply(store, a_call())
        batch = correcting(
            store, (Entry.RECEIVED, call), (Entry.WITHDRAWN, call), (Entry.RESTATED, other), action="amend"
        )
        store.apply(batch)

        assert rows(store, by=["client_id"]) == [("b", 1), ("client-1", 1)]

    def test_pages_leave_out_groups_that_were_corrected_away(self, store: Store) -> None:
        calls = [a_call(client_id=name) for name in "abcd"]
        apply(store, *calls)

        cancel(store, calls[1])

        assert rows(store, by=["client_id"], limit=2, offset=1) == [("c", 1), ("d", 1)]

    def test_last_days_and_sources_follow_corrections(self, store: Store) -> None:
        early = a_call(source_id="s", account_id="x", time="2026-03-01T12:00:00Z")
        late = a_call(source_id="s", account_id="x", time="2026-03-09T12:00:00Z")
        apply(store, early, late)

        cancel(store, late)

        assert store.last_days("acme", Dimension.ACCOUNT_ID) == {"x": date(2026, 3, 1)}
        assert store.source_activity("acme", "s", months("2026-03", "2026-03")) == (
            SourceActivity(date(2026, 3, 1), account_days=1, accounts=1),
        )
        cancel(store, early)
        assert store.last_days("acme", Dimension.ACCOUNT_ID) == {}
        assert store.source_activity("acme", "s", months("2026-03", "2026-03")) == ()
        assert not store.source_has_accounts("acme", "s")

    # As of an instant

    def test_an_answer_as_of_an_instant_leaves_out_what_came_later(self, store: Store) -> None:
        first, second = a_call(client_id="a"), a_call(client_id="b")
        store.apply(batch_of(store, first, received_ms=1000))
        store.apply(batch_of(store, second, received_ms=2000))
        cancel(store, first, received_ms=3000)

        by = (Dimension.CLIENT_ID,)
        assert as_of(store, 999) == ((0,),)
        assert as_of(store, 1000, group_by=by) == (("a", 1),)
        assert as_of(store, 2999, group_by=by) == (("a", 1), ("b", 1))
        assert as_of(store, 3000, group_by=by) == (("b", 1),)
        assert as_of(store, 2500, granularity=Granularity.DAY)[0][1] == 2

    def test_an_answer_as_of_an_instant_knows_positions_where_the_clock_stepped_back(
        self, store: Store
    ) -> None:
        store.apply(batch_of(store, a_call(), received_ms=5000))
        store.apply(batch_of(store, a_call(), a_call(), received_ms=4000))

        assert as_of(store, 4000) == ((3,),)
        assert as_of(store, 3999) == ((0,),)

    # Calls

    def test_a_call_says_what_its_last_correction_said(self, store: Store) -> None:
        plain = a_call(client_id="p", path="/p", duration_ms=7)
        before, after = a_call(id="c", path="/old"), a_call(id="c", client_id="b", path="/new")
        gone = a_call(client_id="g", path="")
        apply(store, plain, before, gone)
        amend(store, before, after)
        cancel(store, gone)

        assert current(store, gone, before, a_call(id="never"), plain, before) == [
            ("g", "", ABSENT, Entry.WITHDRAWN, False),
            ("b", "/new", ABSENT, Entry.RESTATED, True),
            ("p", "/p", 7, Entry.RECEIVED, True),
        ]
        assert current(store, plain, organization="globex") == []
        assert current(store) == []

    def test_calls_of_a_window_are_the_active_ones_in_the_order_of_time(self, store: Store) -> None:
        late = a_call(client_id="b", time="2026-03-10T13:00:00Z")
        early = a_call(client_id="a", time="2026-03-10T12:00:00Z", status=404)
        before, after = a_call(id="c", client_id="c"), a_call(id="c", client_id="d")
        apply(store, late, early, before, a_call(organization="globex"))
        amend(store, before, after)
        cancel(store, late)
        span = window("2026-03-10T12:00:00", "2026-03-10T13:00:00.001")

        def within(limit: int = 10, **where: str) -> list[str]:
            conditions = {Dimension(name): frozenset({text}) for name, text in where.items()}
            found = store.calls_within("acme", span, conditions, limit)
            assert found.active.all()
            return [row[0] for row in told(store, found)]

        assert within() == ["a", "d"]
        assert within(limit=1) == ["a"]
        assert within(status_class="4xx") == ["a"]
        assert within(client_id="c") == []
        assert within(client_id="unknown") == []

    # Identities

    def test_an_identity_is_taken_by_the_row_that_received_or_added_its_call(self, store: Store) -> None:
        before, after = (
            a_call(id="c", time="2026-03-10T12:00:00Z"),
            a_call(id="c", time="2026-03-11T12:00:00Z"),
        )
        added = a_call()
        store.apply(batch_of(store, before, received_ms=1000))
        amend(store, before, after, received_ms=2000)
        add(store, added)

        digests = [value for block in store.identities(0) for value in block.digest.tolist()]
        assert sorted(digests) == sorted([digest_of(before), digest_of(added)])
        assert found_among(store, [before, added], days=["2026-03-10", "2026-03-10"], received_from_ms=0) == [
            (0, digest_of(before)),
            (1, digest_of(added)),
        ]
        assert found_among(store, [before], days=["2026-03-11"]) == []

    # Books

    def test_corrections_are_listed_with_their_positions(self, store: Store) -> None:
        call = a_call()
        apply(store, call, a_call(organization="globex"))
        store.apply(
            correcting(
                store, (Entry.WITHDRAWN, call), who="ada", why="a test run", action="cancel", subject="[1]"
            )
        )

        ((position, correction),) = store.corrections("acme")
        assert position == 2
        assert correction == (1, LATER_MS, "ada", "a test run", "cancel", "[1]", 1, 0, 0)
        assert store.corrections("globex") == ()

    @pytest.mark.parametrize("organization", ["globex", "unknown"])
    def test_corrections_touch_no_other_organization(self, store: Store, organization: str) -> None:
        mine, theirs = a_call(id="same"), a_call(id="same", organization="globex")
        apply(store, mine, theirs)

        cancel(store, mine)

        assert count(store, organization=organization) == (1 if organization == "globex" else 0)
        assert store.outcomes("globex") == {day_number("2026-03-10"): (1, 1, 0, 0, 0)}
