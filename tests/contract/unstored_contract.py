"""What a store promises about calls that are durable and that it has not taken yet."""

from dataclasses import replace
from datetime import date

import pytest

from calltally.call_batch import Entry
from calltally.store.usage_store import UsageStore
from calltally.unstored_calls import NONE_UNSTORED, UnstoredCalls
from calltally.usage_query import Dimension, Metric, SourceActivity, UsageQuery, Value
from calltally.window import Granularity
from tests.call_batches import a_call, batch_of, unstored_of
from tests.contract.questions import MARCH, Store, apply, instant, months, window
from tests.ledger_batches import correcting

MARCH_BY_CLIENT = UsageQuery(
    organization="acme",
    window=window(*MARCH),
    group_by=(Dimension.CLIENT_ID,),
    metrics=(Metric.CALLS, Metric.STATUS_429, Metric.ACTIVE_DAYS),
)


def answered(store: UsageStore, query: UsageQuery, unstored: UnstoredCalls) -> list[tuple[Value, ...]]:
    return list(store.usage(query, unstored).rows)


class UnstoredContract:
    """Tests that every store must pass; a subclass gives the fixture ``store``."""

    def test_calls_that_are_not_stored_count_beside_those_that_are(self, store: Store) -> None:
        apply(store, a_call(client_id="a"), a_call(client_id="b"))
        lacking = unstored_of(batch_of(store, a_call(client_id="b", status=429), a_call(client_id="c")))

        assert answered(store, MARCH_BY_CLIENT, lacking) == [("a", 1, 0, 1), ("b", 2, 1, 1), ("c", 1, 0, 1)]
        assert answered(store, MARCH_BY_CLIENT, NONE_UNSTORED) == [("a", 1, 0, 1), ("b", 1, 0, 1)]

    def test_an_empty_store_counts_what_it_has_not_taken(self, store: Store) -> None:
        lacking = unstored_of(batch_of(store, a_call(client_id="a")))

        assert answered(store, MARCH_BY_CLIENT, lacking) == [("a", 1, 0, 1)]

    def test_calls_that_were_taken_meanwhile_count_once(self, store: Store) -> None:
        first = batch_of(store, a_call(client_id="a"), a_call(client_id="a"))
        second = batch_of(store, a_call(client_id="a"), position=2)
        lacking = unstored_of(first, second)

        before = answered(store, MARCH_BY_CLIENT, lacking)
        store.apply(first)
        amid = answered(store, MARCH_BY_CLIENT, lacking)
        store.apply(second)
        after = answered(store, MARCH_BY_CLIENT, lacking)

        assert before == amid == after == [("a", 3, 0, 1)]

    def test_unstored_calls_are_asked_for_as_stored_ones_are(self, store: Store) -> None:
        lacking = unstored_of(
            batch_of(
                store,
                a_call(client_id="a", time="2026-02-28T23:59:59.999Z"),
                a_call(client_id="a", time="2026-03-01T00:00:00Z"),
                a_call(client_id="a", time="2026-03-31T23:59:59.999Z", user_id="u"),
                a_call(client_id="a", time="2026-04-01T00:00:00Z"),
                a_call(client_id="a", organization="globex"),
            )
        )

        assert answered(store, MARCH_BY_CLIENT, lacking) == [("a", 2, 0, 2)]
        of_user = replace(MARCH_BY_CLIENT, where={Dimension.USER_ID: frozenset({"u"})})
        assert answered(store, of_user, lacking) == [("a", 1, 0, 1)]
        none = replace(MARCH_BY_CLIENT, where={Dimension.USER_ID: frozenset({"v"})})
        assert answered(store, none, lacking) == []

    def test_hours_and_cut_days_count_unstored_calls_too(self, store: Store) -> None:
        apply(store, a_call(time="2026-03-10T12:10:00Z"))
        lacking = unstored_of(
            batch_of(store, a_call(time="2026-03-10T12:20:00Z"), a_call(time="2026-03-10T13:00:00Z"))
        )
        hours = UsageQuery(
            organization="acme",
            window=window("2026-03-10T12:00", "2026-03-10T13:00:00.001"),
            granularity=Granularity.HOUR,
        )

        assert answered(store, hours, lacking) == [
            (instant("2026-03-10T12:00"), 2),
            (instant("2026-03-10T13:00"), 1),
        ]

    def test_a_withdrawn_call_does_not_count_before_the_correction_is_stored(self, store: Store) -> None:
        call = a_call(client_id="a", time="2026-03-10T12:00:00Z")
        apply(store, call, a_call(client_id="a", time="2026-03-11T12:00:00Z"))
        lacking = unstored_of(correcting(store, (Entry.WITHDRAWN, call)))

        assert answered(store, MARCH_BY_CLIENT, lacking) == [("a", 1, 0, 1)]

    def test_calls_of_which_the_receipt_is_not_known_have_no_place_in_an_answer_as_of_an_instant(
        self, store: Store
    ) -> None:
        lacking = unstored_of(batch_of(store, a_call()))

        with pytest.raises(ValueError, match="no receipt time"):
            store.usage(replace(MARCH_BY_CLIENT, as_of=instant("2026-06-01")), lacking)

    def test_the_activity_of_a_source_counts_unstored_calls_too(self, store: Store) -> None:
        apply(store, a_call(account_id="x", time="2026-03-10T12:00:00Z"))
        lacking = unstored_of(
            batch_of(
                store,
                a_call(account_id="x", time="2026-03-11T12:00:00Z"),
                a_call(account_id="y", time="2026-04-11T12:00:00Z"),
            )
        )

        assert store.source_activity("acme", "source-1", months("2026-03", "2026-04"), lacking) == (
            SourceActivity(date(2026, 3, 1), 2, 1),
            SourceActivity(date(2026, 4, 1), 1, 1),
        )

    def test_a_source_has_accounts_as_soon_as_a_call_with_one_is_durable(self, store: Store) -> None:
        apply(store, a_call(source_id="s", account_id=""))
        call = batch_of(store, a_call(source_id="s", account_id="x"))
        other = batch_of(store, a_call(source_id="t", account_id="x"))

        assert store.source_has_accounts("acme", "s", unstored_of(call))
        assert not store.source_has_accounts("acme", "s", unstored_of(other))
