"""What a store promises beside counting: sources, the books of ingest, identities."""

from datetime import date

import numpy as np
import pytest

from calltally.call import Call
from calltally.call_batch import CallBatch, Conflict, Outcome, RejectedSample
from calltally.dictionary import Kind
from calltally.store.audit import Difference
from calltally.store.kept import KeptPage
from calltally.store.usage_store import IdentityTally
from calltally.usage_query import Dimension, SourceActivity
from tests.call_batches import a_call, batch_of, digest_of, identity_of, time_ms
from tests.contract.questions import Store, apply, day_number, instant, months
from tests.support.kept import as_it_came


def found_among(
    store: Store,
    calls: list[Call],
    *,
    days: list[str],
    up_to_position: int = 100,
    received_from_ms: int = 2**50,
) -> list[tuple[int, int]]:
    """The asked calls that a store finds, as index and digest; without ``received_from_ms`` by day alone."""
    identities = [identity_of(store, call) for call in calls]
    indexes, digests = store.find_identities(
        np.array([high for high, _ in identities], np.uint64),
        np.array([low for _, low in identities], np.uint64),
        np.array([day_number(day) for day in days], np.int64),
        up_to_position,
        received_from_ms,
    )
    assert indexes.dtype == np.int64
    assert digests.dtype == np.uint64
    return sorted(zip(indexes.tolist(), digests.tolist(), strict=True))


DAY_MS = 86_400_000
RECEIPT_DAY = 20522


def numbered(count: int) -> list[bytes]:
    return [str(number).encode() for number in range(count)]


def differences(store: Store) -> list[Difference]:
    return [difference for step in store.audit() for difference in step.differences]


def a_batch_of_conflicts(store: Store, received_ms: int, count: int) -> CallBatch:
    """Conflicts of one organization, all received at one instant, and booked."""
    if store.dictionary.find(Kind.ORGANIZATION, 0, "acme") is None:
        store.apply(batch_of(store, a_call(organization="acme")))
    conflicts = [
        Conflict(1, received_ms, number, 1, content) for number, content in enumerate(numbered(count))
    ]
    outcome = Outcome(1, received_ms // DAY_MS, count, 0, 0, count, 0)
    return batch_of(store, conflicts=conflicts, outcomes=[outcome])


class BooksContract:
    """Tests that every store must pass; a subclass gives the fixture ``store``."""

    # Last days

    def test_the_last_day_of_a_thing_is_that_of_its_latest_call(self, store: Store) -> None:
        apply(
            store,
            a_call(account_id="x", time="2026-03-02T00:00:00Z"),
            a_call(account_id="x", time="2026-03-01T23:59:59Z"),
            a_call(account_id="y", time="1999-12-31T23:59:59Z"),
            a_call(account_id="", time="2026-03-05T12:00:00Z"),
            a_call(account_id="z", organization="globex"),
        )

        assert store.last_days("acme", Dimension.ACCOUNT_ID) == {
            "x": date(2026, 3, 2),
            "y": date(1999, 12, 31),
        }
        assert store.last_days("nobody", Dimension.ACCOUNT_ID) == {}

    @pytest.mark.parametrize(
        "dimension", [Dimension.CLIENT_ID, Dimension.USER_ID, Dimension.SOURCE_ID, Dimension.ACCOUNT_ID]
    )
    def test_clients_users_sources_and_accounts_have_last_days(
        self, store: Store, dimension: Dimension
    ) -> None:
        apply(store, a_call(time="2026-03-02T00:00:00Z", **{str(dimension): "it"}))

        assert store.last_days("acme", dimension) == {"it": date(2026, 3, 2)}

    def test_a_route_has_no_last_day(self, store: Store) -> None:
        with pytest.raises(ValueError, match="a route has no last day"):
            store.last_days("acme", Dimension.ROUTE)

    # Sources

    def test_source_activity_adds_up_the_active_days_of_each_account(self, store: Store) -> None:
        apply(
            store,
            a_call(source_id="s", account_id="x", time="2026-03-01T00:00:00Z"),
            a_call(source_id="s", account_id="x", time="2026-03-01T23:59:59Z"),
            a_call(source_id="s", account_id="x", time="2026-03-31T23:59:59Z"),
            a_call(source_id="s", account_id="y", time="2026-03-05T12:00:00Z"),
            a_call(source_id="s", account_id="x", time="2026-05-05T12:00:00Z"),
        )

        assert store.source_activity("acme", "s", months("2026-03", "2026-05")) == (
            SourceActivity(instant("2026-03-01").date(), account_days=3, accounts=2),
            SourceActivity(instant("2026-05-01").date(), account_days=1, accounts=1),
        )

    def test_source_activity_looks_only_at_the_window_the_source_and_calls_with_an_account(
        self, store: Store
    ) -> None:
        apply(
            store,
            a_call(source_id="s", account_id="x", time="2026-02-28T23:59:59Z"),
            a_call(source_id="s", account_id="x", time="2026-04-01T00:00:00Z"),
            a_call(source_id="s", account_id="", time="2026-03-05T12:00:00Z"),
            a_call(source_id="t", account_id="x", time="2026-03-05T12:00:00Z"),
            a_call(source_id="s", account_id="x", time="2026-03-05T12:00:00Z", organization="globex"),
        )

        assert store.source_activity("acme", "s", months("2026-03", "2026-03")) == ()
        assert store.source_activity("acme", "unknown", months("2026-03", "2026-03")) == ()
        assert store.source_activity("initech", "s", months("2026-03", "2026-03")) == ()
        assert len(store.source_activity("globex", "s", months("2026-03", "2026-03"))) == 1

    def test_a_source_has_accounts_once_a_call_with_an_account_touched_it(self, store: Store) -> None:
        apply(store, a_call(source_id="s", account_id=""), a_call(source_id="t", account_id="x"))

        assert not store.source_has_accounts("acme", "s")
        assert store.source_has_accounts("acme", "t")
        assert not store.source_has_accounts("acme", "unknown")
        assert not store.source_has_accounts("globex", "t")

    # Books

    def test_outcomes_add_up_by_receipt_day_and_organization(self, store: Store) -> None:
        acme, globex = 1, 2
        calls = [a_call(organization="acme"), a_call(organization="globex")]
        store.apply(
            batch_of(
                store,
                *calls,
                outcomes=[Outcome(acme, 20522, 10, 4, 3, 2, 1), Outcome(globex, 20522, 7, 7, 0, 0, 0)],
            )
        )
        store.apply(
            batch_of(
                store,
                outcomes=[
                    Outcome(acme, 20522, 5, 5, 0, 0, 0),
                    Outcome(acme, 20523, 2**33, 1, 0, 0, 2**33 - 1),
                ],
            )
        )

        assert store.outcomes("acme") == {20522: (15, 9, 3, 2, 1), 20523: (2**33, 1, 0, 0, 2**33 - 1)}
        assert store.outcomes("globex") == {20522: (7, 7, 0, 0, 0)}
        assert store.outcomes("initech") == {}

    def test_conflicts_are_kept_as_they_came(self, store: Store) -> None:
        kept = Conflict(1, 1_700_000_000_000, 2**64 - 1, 2**63, b'{"id": "\x00\xff"}')
        other = Conflict(2, 1_700_000_000_000, 1, 1, b"{}")

        calls = [a_call(organization="acme"), a_call(organization="globex")]
        store.apply(batch_of(store, *calls, conflicts=[kept, other]))

        assert as_it_came(store.conflicts("acme")) == (kept,)
        assert as_it_came(store.conflicts("globex")) == (other,)
        assert as_it_came(store.conflicts("initech")) == ()

    def test_of_the_conflicts_of_a_day_the_first_thousand_are_kept_and_all_are_booked(
        self, store: Store
    ) -> None:
        first = RECEIPT_DAY * DAY_MS
        store.apply(a_batch_of_conflicts(store, first, 600))
        store.apply(a_batch_of_conflicts(store, first, 600))
        store.apply(a_batch_of_conflicts(store, first + DAY_MS, 5))

        kept = as_it_came(store.conflicts("acme"))

        assert [one.content for one in kept[:1000]] == [*numbered(600), *numbered(400)]
        assert [one.content for one in kept[1000:]] == numbered(5)
        assert store.conflict_counts("acme", RECEIPT_DAY, RECEIPT_DAY + 1) == (1200, 1000)
        assert store.conflict_counts("acme", RECEIPT_DAY, RECEIPT_DAY + 2) == (1205, 1005)
        assert store.conflict_counts("globex", RECEIPT_DAY, RECEIPT_DAY + 2) == (0, 0)
        assert differences(store) == []

    def test_beyond_ten_thousand_conflicts_the_oldest_days_of_the_organization_go(self, store: Store) -> None:
        store.apply(batch_of(store, a_call(), a_call(organization="globex")))
        other = Conflict(2, RECEIPT_DAY * DAY_MS, 1, 1, b"{}")
        store.apply(batch_of(store, conflicts=[other], outcomes=[Outcome(2, RECEIPT_DAY, 1, 0, 0, 1, 0)]))
        for day in range(11):
            store.apply(a_batch_of_conflicts(store, (RECEIPT_DAY + day) * DAY_MS, 995))

        kept = as_it_came(store.conflicts("acme"))

        assert len(kept) == 10 * 995
        assert min(one.received_ms for one in kept) == (RECEIPT_DAY + 1) * DAY_MS
        assert as_it_came(store.conflicts("globex")) == (other,)
        assert differences(store) == []

    def test_a_page_holds_the_newest_conflicts_below_a_number(self, store: Store) -> None:
        store.apply(a_batch_of_conflicts(store, RECEIPT_DAY * DAY_MS, 3))
        store.apply(a_batch_of_conflicts(store, (RECEIPT_DAY + 1) * DAY_MS, 3))

        newest = store.conflicts("acme", KeptPage(limit=4))
        behind = store.conflicts("acme", KeptPage(below=newest[-1][0], limit=4))
        of_day = store.conflicts("acme", KeptPage(days=(RECEIPT_DAY, RECEIPT_DAY + 1), limit=2))

        assert [one.content for _, one in newest] == [b"2", b"1", b"0", b"2"]
        assert [one.content for _, one in behind] == [b"1", b"0"]
        assert [one.content for _, one in of_day] == [b"2", b"1"]

    def test_a_page_of_rejected_calls_holds_those_of_a_code(self, store: Store) -> None:
        store.apply(batch_of(store, a_call()))
        batch = batch_of(store)
        codes = ["a", "b", "a", "b", "a"]
        batch.samples.extend(
            RejectedSample(1, RECEIPT_DAY * DAY_MS, code, "", str(number), b"")
            for number, code in enumerate(codes)
        )
        store.apply(batch)

        newest = store.samples("acme", KeptPage(limit=2, code="a"))
        behind = store.samples("acme", KeptPage(below=newest[-1][0], code="a"))

        assert [one.reason for _, one in newest] == ["4", "2"]
        assert [one.reason for _, one in behind] == ["0"]

    def test_a_batch_without_calls_carries_books_and_dictionary_entries(self, store: Store) -> None:
        value = store.dictionary.intern(Kind.ORGANIZATION, 0, "acme")
        batch = batch_of(store, outcomes=[Outcome(1, 20522, 1, 0, 0, 0, 1)])
        assert value is not None
        batch.values.append(value)

        store.apply(batch)

        assert store.outcomes("acme") == {20522: (1, 0, 0, 0, 1)}

    # Identities

    def test_identities_of_calls_received_since_an_instant_come_with_all_that_is_told_of_them(
        self, store: Store
    ) -> None:
        old, recent, newest = a_call(), a_call(), a_call()
        for call, received_ms in ((old, 1000), (recent, 2000), (newest, 3000)):
            store.apply(batch_of(store, call, received_ms=received_ms))

        blocks = list(store.identities(2000))

        assert sorted(
            row
            for block in blocks
            for row in zip(
                block.high.tolist(),
                block.low.tolist(),
                block.digest.tolist(),
                block.received_ms.tolist(),
                block.time_ms.tolist(),
                strict=True,
            )
        ) == sorted(
            [
                (*identity_of(store, recent), digest_of(recent), 2000, time_ms(recent)),
                (*identity_of(store, newest), digest_of(newest), 3000, time_ms(newest)),
            ]
        )
        assert {block.low.dtype for block in blocks} == {np.dtype(np.uint64)}

    def test_there_are_no_identities_where_no_calls_are(self, store: Store) -> None:
        assert list(store.identities(0)) == []

    def test_a_tally_is_the_number_and_the_exclusive_or_of_the_identities_of_a_span(
        self, store: Store
    ) -> None:
        calls = [a_call() for _ in range(5)]
        for call, received_ms in zip(calls, (1000, 1000, 2000, 1000, 3000), strict=True):
            store.apply(batch_of(store, call, received_ms=received_ms))
        one, two, three, four, five = (identity_of(store, call)[1] for call in calls)

        assert store.tally(0, 1, 5) == IdentityTally(5, one ^ two ^ three ^ four ^ five)
        assert store.tally(0, 2, 4) == IdentityTally(3, two ^ three ^ four)
        assert store.tally(2000, 2, 5) == IdentityTally(2, three ^ five)
        assert store.tally(0, 4, 3) == store.tally(0, 6, 9) == IdentityTally(0, 0)

    def test_identities_of_a_span_of_positions_can_be_asked_for(self, store: Store) -> None:
        calls = [a_call() for _ in range(5)]
        for call in calls:
            store.apply(batch_of(store, call, received_ms=1000))

        def found(first: int, last: int | None) -> set[int]:
            return {value for block in store.identities(0, first, last) for value in block.low.tolist()}

        lows = [identity_of(store, call)[1] for call in calls]
        assert found(2, 4) == set(lows[1:4])
        assert found(4, None) == set(lows[3:])
        assert found(0, 0) == set()

    def test_the_last_of_what_was_received_before_an_instant_is_told(self, store: Store) -> None:
        days = ["2026-03-10", "2026-03-12", "2026-03-11"]
        calls = [a_call(time=f"{day}T12:00:00Z") for day in days]
        for call, received_ms in zip(calls, (1000, 2000, 3000), strict=True):
            store.apply(batch_of(store, call, received_ms=received_ms))

        assert store.last_before(1000) == (0, 0, 0)
        assert store.last_before(2000) == (1, 1000, time_ms(calls[0]))
        assert store.last_before(9000) == (3, 3000, time_ms(calls[1]))

    def test_an_identity_is_found_by_its_own_day_however_long_ago_it_came(self, store: Store) -> None:
        call = a_call(time="2026-03-10T23:59:59.999Z")
        store.apply(batch_of(store, call, received_ms=1000))

        assert found_among(store, [call], days=["2026-03-10"]) == [(0, digest_of(call))]
        assert found_among(store, [call], days=["2026-03-11"]) == []

    def test_an_identity_received_since_the_instant_is_found_whatever_day_is_asked(
        self, store: Store
    ) -> None:
        call = a_call()
        store.apply(batch_of(store, call, received_ms=5000))

        assert found_among(store, [call], days=["2020-01-01"], received_from_ms=5000) == [
            (0, digest_of(call))
        ]
        assert found_among(store, [call], days=["2020-01-01"], received_from_ms=5001) == []

    def test_identities_behind_the_position_are_not_looked_at(self, store: Store) -> None:
        first, second = a_call(), a_call()
        apply(store, first)
        apply(store, second)

        both, days = [first, second], ["2026-03-10", "2026-03-10"]
        assert found_among(store, both, days=days, up_to_position=1) == [(0, digest_of(first))]
        assert found_among(store, both, days=days, up_to_position=0, received_from_ms=0) == []

    def test_identities_of_many_days_are_found_in_one_question(self, store: Store) -> None:
        days = [f"{year}-{month:02}-15" for year in (2019, 2022, 2026) for month in range(1, 13)]
        calls = [a_call(time=f"{day}T12:00:00Z") for day in days]
        store.apply(batch_of(store, *calls, received_ms=1000))

        assert found_among(store, calls, days=days) == [(n, digest_of(calls[n])) for n in range(len(calls))]

    def test_unknown_identities_are_not_found(self, store: Store) -> None:
        apply(store, a_call())

        assert found_among(store, [a_call()], days=["2026-03-10"], received_from_ms=0) == []
        assert found_among(store, [], days=[], received_from_ms=0) == []

    def test_the_first_of_two_stored_calls_tells_the_digest(self, store: Store) -> None:
        first = a_call(id="same", time="2026-03-10T12:00:00Z")
        second = a_call(id="same", time="2026-05-10T12:00:00Z")
        store.apply(batch_of(store, first, received_ms=1000))
        store.apply(batch_of(store, second, received_ms=9000))

        assert found_among(store, [first], days=["2026-03-10"], received_from_ms=9000) == [
            (0, digest_of(first))
        ]
        assert found_among(store, [first], days=["2020-01-01"], received_from_ms=9000) == [
            (0, digest_of(second))
        ]

    def test_identities_of_a_new_store_are_made_with_256_secret_bits(self, store: Store) -> None:
        key = store.identity_key

        assert key.withstands_senders
        assert len(key.secret) == 32
        assert key.secret.hex() not in repr(key)
        assert repr(key.secret) not in repr(key)

    @pytest.mark.parametrize("measure", ["duration_ms", "request_bytes", "response_bytes"])
    def test_measures_may_be_absent_or_as_large_as_can_be(self, store: Store, measure: str) -> None:
        apply(store, a_call(**{measure: None}), a_call(**{measure: 0}), a_call(**{measure: 2**63 - 1}))

        assert sum(len(block.low) for block in store.identities(0)) == 3

    def test_a_call_keeps_its_day_in_the_books_of_its_receipt(self, store: Store) -> None:
        call = a_call(time="2026-03-10T12:00:00Z")
        store.apply(batch_of(store, call, received_ms=time_ms(call) + 86_400_000))

        assert store.outcomes("acme") == {day_number("2026-03-11"): (1, 1, 0, 0, 0)}
