"""What a store promises about forgetting: pruned days, erased users and accounts, bounded samples."""

from datetime import UTC, date, datetime

import pytest

from calltally.call_batch import Conflict, Entry, Outcome, Refusal, RejectedSample, Rejection
from calltally.dictionary import Kind
from calltally.errors import PrunedError
from calltally.store.retained import NEVER_PRUNED
from calltally.store.usage_store import Work
from calltally.usage_query import Dimension
from tests.call_batches import a_call, batch_of, time_ms
from tests.contract.books_contract import found_among
from tests.contract.ledger_contract import as_of, current
from tests.contract.questions import MARCH, Store, apply, count, day_number, instant, months, rows, window
from tests.ledger_batches import LATER_MS, amend, cancel, correcting, erase, erasing
from tests.support.kept import as_it_came

NINTH, TENTH, ELEVENTH = "2026-03-09T12:00:00Z", "2026-03-10T12:00:00Z", "2026-03-11T12:00:00Z"


def sample(reason: str = "it is", content: bytes = b"{}", received_ms: int = 1000) -> RejectedSample:
    return RejectedSample(1, received_ms, "time.too_late", "time", reason, content)


def unused(store: Store) -> list[tuple[Kind, str]]:
    """The unused texts, by kind and text."""
    return sorted(
        (Kind(kind), store.dictionary.text(Kind(kind), id_))
        for kind, _, _, id_ in store.unused_texts().tolist()
    )


def remove_unused(store: Store, before: date) -> None:
    """Prunes the days before one, and then what nothing uses any more."""
    store.prune_calls(before)
    store.prune_counts(before)
    texts = store.unused_texts()
    store.dictionary.forget(texts)
    store.remove_texts(texts)


class RetentionContract:
    """Tests that every store must pass; a subclass gives the fixture ``store``."""

    # Pruning calls

    def test_nothing_is_pruned_at_first(self, store: Store) -> None:
        apply(store, a_call(time="0001-01-01T00:00:00Z"), a_call(time="1969-12-31T00:00:00Z"))

        assert store.calls_from == store.counts_from == NEVER_PRUNED
        assert count(store, ("0001-01-01", "2027-01-01")) == 2

    def test_whole_days_are_counted_after_their_calls_were_pruned(self, store: Store) -> None:
        gone = a_call(time=NINTH, client_id="b")
        apply(store, a_call(time=NINTH, client_id="a", status=429), gone, a_call(time=TENTH, client_id="a"))
        cancel(store, gone)

        assert store.prune_calls(date(2026, 3, 10)) == 3

        assert store.calls_from == date(2026, 3, 10)
        assert rows(
            store, by=["client_id"], metrics=["calls", "status_400", "status_429", "active_days"]
        ) == [("a", 2, 1, 1, 2)]
        assert rows(store, per="day", by=["status_class"]) == [
            ("2026-03-09T00:00Z", "4xx", 1),
            ("2026-03-10T00:00Z", "2xx", 1),
        ]
        assert store.last_days("acme", Dimension.CLIENT_ID) == {"a": date(2026, 3, 10)}
        assert store.prune_calls(date(2026, 3, 10)) == 0
        assert store.prune_calls(date(2026, 3, 1)) == 0

    @pytest.mark.parametrize(
        "asked",
        [
            {"per": "hour"},
            {"per": "day", "zone": "Europe/Berlin"},
            {"zone": "Europe/Berlin", "metrics": ["active_days"]},
            {"by": ["status"]},
            {"where": {"status": ["200"]}},
            {"by": ["client_id", "source_id"]},
            {"span": ("2026-03-09T06:00:00", "2026-04-01T00:00:00")},
            {"span": ("2026-03-01T00:00:00", "2026-03-09T18:00:00")},
            {"per": "hour", "organization": "unknown"},
        ],
    )
    def test_what_only_calls_can_answer_is_refused_with_the_earliest_instant(
        self, store: Store, asked: dict[str, object]
    ) -> None:
        apply(store, a_call(time=NINTH), a_call(time=TENTH))
        store.prune_calls(date(2026, 3, 10))

        with pytest.raises(PrunedError, match="2026-03-10T00:00:00Z") as refusal:
            rows(store, **asked)  # type: ignore[arg-type]

        assert refusal.value.earliest == datetime(2026, 3, 10, tzinfo=UTC)
        assert refusal.value.field == "from"

    def test_what_begins_after_the_pruned_days_is_answered_as_before(self, store: Store) -> None:
        apply(store, a_call(time=NINTH), a_call(time=TENTH))
        store.prune_calls(date(2026, 3, 10))
        kept = ("2026-03-10", "2026-04-01")

        assert rows(store, kept, per="hour") == [("2026-03-10T12:00Z", 1)]
        assert rows(store, kept, by=["status"]) == [(200, 1)]
        assert count(store, ("2026-03-01T00:00:00", "2026-03-10T18:00:00")) == 2
        assert rows(store, per="day", zone="Africa/Abidjan")[0] == ("2026-03-09T00:00Z", 1)

    def test_pruned_calls_are_found_nowhere(self, store: Store) -> None:
        old, new = a_call(time=NINTH), a_call(time=TENTH)
        apply(store, old, new)
        store.prune_calls(date(2026, 3, 10))

        assert [row[0] for row in current(store, old, new)] == ["client-1"]
        assert found_among(store, [old], days=["2026-03-09"], received_from_ms=0) == []
        assert sum(len(block.low) for block in store.identities(0)) == 1
        with pytest.raises(PrunedError):
            store.calls_within("acme", window(*MARCH), {}, 10)
        with pytest.raises(PrunedError):
            as_of(store, LATER_MS)
        assert len(store.calls_within("acme", window("2026-03-10", "2026-04-01"), {}, 10).columns) == 1

    def test_corrections_across_pruned_days_leave_no_difference(self, store: Store) -> None:
        before, after = a_call(id="c", time=NINTH), a_call(id="c", time=ELEVENTH)
        apply(store, before, a_call(time=NINTH))
        amend(store, before, after)

        store.prune_calls(date(2026, 3, 10))

        assert count(store) == 2
        assert [step.differences for step in store.audit() if step.differences] == []

    def test_what_was_kept_for_inspection_goes_with_the_day_of_its_receipt(self, store: Store) -> None:
        old, new = time_ms(a_call(time=NINTH)), time_ms(a_call(time=TENTH))
        batch = batch_of(store, a_call(time=NINTH), outcomes=[Outcome(1, old // 86_400_000, 4, 1, 0, 1, 2)])
        batch.conflicts.extend([Conflict(1, old, 1, 1, b"{}"), Conflict(1, new, 1, 1, b"{}")])
        batch.samples.extend([sample(received_ms=old), sample(received_ms=new)])
        batch.rejections.append(Rejection(1, old // 86_400_000, "time.too_late", 2))
        store.apply(batch)

        store.prune_calls(date(2026, 3, 10))

        assert [conflict.received_ms for conflict in as_it_came(store.conflicts("acme"))] == [new]
        assert [one.received_ms for one in as_it_came(store.samples("acme"))] == [new]
        assert store.rejections("acme") == {day_number("2026-03-09"): {"time.too_late": 2}}
        assert store.outcomes("acme") == {day_number("2026-03-09"): (4, 1, 0, 1, 2)}

    # Pruning counts

    def test_counts_are_pruned_after_their_calls_only(self, store: Store) -> None:
        apply(store, a_call(time="2026-01-31T12:00:00Z"), a_call(time=NINTH), a_call(time=TENTH))
        store.prune_calls(date(2026, 3, 10))

        with pytest.raises(ValueError, match="2026-03-10"):
            store.prune_counts(date(2026, 3, 11))
        assert store.prune_counts(date(2026, 3, 9)) == 1

        assert store.counts_from == date(2026, 3, 9)
        assert count(store, ("2026-03-09", "2026-04-01")) == 2
        with pytest.raises(PrunedError, match="counts before 2026-03-09T00:00:00Z"):
            count(store, ("2026-03-08", "2026-04-01"))
        with pytest.raises(PrunedError):
            store.source_activity("acme", "source-1", months("2026-02", "2026-03"))
        assert store.prune_counts(date(2026, 3, 10)) == 1
        assert store.last_days("acme", Dimension.CLIENT_ID) == {"client-1": date(2026, 3, 10)}
        assert [step.differences for step in store.audit() if step.differences] == []

    # Removing texts

    def test_a_text_is_unused_once_no_call_and_no_count_has_it(self, store: Store) -> None:
        apply(store, a_call(time=NINTH, client_id="old", origin="o"), a_call(time=TENTH, origin="p"))
        at_first = unused(store)
        store.prune_calls(date(2026, 3, 10))
        without_calls = unused(store)
        store.prune_counts(date(2026, 3, 10))

        assert (at_first, without_calls) == ([], [(Kind.ORIGIN, "o")])
        assert unused(store) == [(Kind.ORIGIN, "o"), (Kind.CLIENT, "old")]

    def test_an_organization_and_what_others_use_stay(self, store: Store) -> None:
        apply(store, a_call(time=NINTH, organization="globex", user_id="u"), a_call(time=TENTH, user_id="u"))
        store.prune_calls(date(2026, 3, 10))
        store.prune_counts(date(2026, 3, 10))

        assert unused(store).count((Kind.USER, "u")) == 1
        assert not any(kind is Kind.ORGANIZATION for kind, _ in unused(store))

    def test_a_cancelled_call_uses_its_texts_as_long_as_it_is_kept(self, store: Store) -> None:
        call = a_call(time=TENTH, client_id="c")
        apply(store, call, a_call(time=ELEVENTH))
        cancel(store, call)
        while store.compact() is not Work.NONE:
            pass

        assert unused(store) == []

    def test_a_removed_text_is_gone_and_gets_another_id_when_it_comes_again(self, store: Store) -> None:
        apply(store, a_call(time=NINTH, client_id="a", user_id="u"), a_call(time=TENTH, client_id="b"))
        first = store.dictionary.find(Kind.CLIENT, 1, "a")
        memory = store.dictionary.memory

        remove_unused(store, before=date(2026, 3, 10))

        assert unused(store) == []
        assert store.dictionary.find(Kind.CLIENT, 1, "a") is None
        assert store.dictionary.count(Kind.CLIENT) == store.dictionary.count(Kind.USER) == 1
        assert store.dictionary.use(1).counts[Kind.CLIENT] == 1
        assert store.dictionary.memory == memory - 2 * (360 + 2)
        apply(store, a_call(time=TENTH, client_id="a"), a_call(time=TENTH, client_id="c"))
        assert store.dictionary.find(Kind.CLIENT, 1, "a") not in (None, first)
        kept = ("2026-03-10", "2026-04-01")
        assert rows(store, kept, by=["client_id"]) == [("a", 1), ("b", 1), ("c", 1)]
        assert count(store, kept, where={"client_id": ["a"]}) == 1
        assert [step.differences for step in store.audit() if step.differences] == []

    def test_texts_that_were_removed_before_are_passed_over(self, store: Store) -> None:
        apply(store, a_call(time=NINTH, client_id="a"), a_call(time=TENTH, client_id="b"))
        store.prune_calls(date(2026, 3, 10))
        store.prune_counts(date(2026, 3, 10))
        texts = store.unused_texts()

        for _ in range(2):
            store.dictionary.forget(texts)
            store.remove_texts(texts)

        assert store.dictionary.count(Kind.CLIENT) == 1
        assert store.dictionary.use(1).counts[Kind.CLIENT] == 1

    # Erasing

    def test_an_erased_user_goes_by_the_replacement(self, store: Store) -> None:
        apply(
            store,
            a_call(user_id="alice", account_id="alice"),
            a_call(user_id="bob"),
            a_call(user_id="alice", organization="globex"),
        )

        erase(store, "alice", replacement="erased-7")

        assert rows(store, by=["user_id"]) == [("bob", 1), ("erased-7", 1)]
        assert rows(store, by=["user_id", "status"], per="hour") == [
            ("2026-03-10T12:00Z", "bob", 200, 1),
            ("2026-03-10T12:00Z", "erased-7", 200, 1),
        ]
        assert count(store, where={"user_id": ["alice"]}) == 0
        assert count(store, where={"account_id": ["alice"]}) == 1
        assert rows(store, by=["user_id"], organization="globex") == [("alice", 1)]
        assert store.dictionary.find(Kind.USER, 1, "alice") is None

    def test_an_erased_account_goes_by_the_replacement(self, store: Store) -> None:
        apply(store, a_call(account_id="x"), a_call(account_id="y"))

        erase(store, "x", Kind.ACCOUNT)

        assert set(store.last_days("acme", Dimension.ACCOUNT_ID)) == {"erased-1", "y"}

    def test_calls_after_an_erasure_keep_the_text_that_they_carry(self, store: Store) -> None:
        apply(store, a_call(user_id="alice"))
        erase(store, "alice")
        apply(store, a_call(user_id="alice"), a_call(user_id="erased-1"))

        assert rows(store, by=["user_id"]) == [("alice", 1), ("erased-1", 2)]
        erase(store, "alice", replacement="erased-2")
        assert rows(store, by=["user_id"]) == [("erased-1", 2), ("erased-2", 1)]

    def test_an_erasure_whose_text_was_renamed_in_memory_before_does_the_same(self, store: Store) -> None:
        apply(store, a_call(user_id="alice"))
        batch = erasing(store, text="alice")
        store.dictionary.rename(Kind.USER, 1, "alice", "erased-1")
        later = store.dictionary.intern(Kind.USER, 1, "alice")

        store.apply(batch)

        assert later is not None
        assert rows(store, by=["user_id"]) == [("erased-1", 1)]
        assert store.dictionary.find(Kind.USER, 1, "alice") == later.id

    def test_an_erased_text_leaves_paths_and_routes_where_it_was_a_whole_part(self, store: Store) -> None:
        def told(name: str, path: str, route: str) -> str:
            apply(store, a_call(id=name, path=path, route=route))
            return name

        told("1", "/u/al ice/x", "/u/al ice/x")
        told("2", "/u/al%20ice", "/u/{id}")
        told("3", "/u/%61l%20ice/%ff", "/u/al%20ice/x")
        told("4", "/u/al icex", "/al icex")
        store.apply(batch_of(store, a_call(id="5", path="/al ice", route="", organization="globex")))

        erase(store, "al ice", replacement="gone")

        calls = [a_call(id=str(number)) for number in range(1, 5)]
        assert [row[1] for row in current(store, *calls)] == [
            "/u/gone/x",
            "/u/gone",
            "/u/gone/%ff",
            "/u/al icex",
        ]
        assert rows(store, by=["route"]) == [
            ("/al icex", 1),
            ("/u/gone/x", 1),
            ("/u/gone/x~2", 1),
            ("/u/{id}", 1),
        ]
        other = a_call(id="5", organization="globex")
        assert [row[1] for row in current(store, other, organization="globex")] == ["/al ice"]

    def test_an_erased_text_leaves_what_is_kept_for_inspection(self, store: Store) -> None:
        call = a_call(user_id="alice")
        said = b'{"id":"1","user_id":"alice","client_id":"alice","path":"/u/alice?as=alice"}'
        batch = batch_of(store, call)
        batch.conflicts.extend([Conflict(1, 1000, 1, 1, said), Conflict(1, 1000, 1, 2, b'{"user_id":"bob"}')])
        batch.samples.extend([sample("alice is no time", b'{"user_id": "alice", '), sample("x", b"malice")])
        store.apply(batch)
        store.apply(correcting(store, (Entry.WITHDRAWN, call), subject='{"where":{"user_id":["alice"]}}'))

        erase(store, "alice", replacement="gone")

        assert [one.content for one in as_it_came(store.conflicts("acme"))] == [
            b'{"id":"1","user_id":"gone","client_id":"alice","path":"/u/gone?as=gone"}',
            b'{"user_id":"bob"}',
        ]
        assert [(one.reason, one.content) for one in as_it_came(store.samples("acme"))] == [
            ("gone is no time", b""),
            ("x", b""),
        ]
        assert store.corrections("acme")[0][1].subject == '{"where":{"user_id":["gone"]}}'

    def test_an_erasure_is_noted_without_its_text(self, store: Store) -> None:
        apply(store, a_call(user_id="alice"), a_call(organization="globex"))

        erase(store, "alice", replacement="gone")

        assert store.erasures("acme") == ((Kind.USER, 1, "", "gone", LATER_MS, "ada", "asked by them"),)
        assert store.erasures("globex") == ()

    def test_calls_that_came_right_before_an_erasure_are_part_of_it(self, store: Store) -> None:
        apply(store, a_call())

        store.apply(erasing(store, a_call(user_id="alice", path="/u/alice"), text="alice"))

        assert rows(store, by=["user_id"]) == [("erased-1", 1), ("user-1", 1)]

    def test_an_erased_call_can_be_corrected(self, store: Store) -> None:
        call = a_call(id="c", user_id="alice", path="/u/alice")
        apply(store, call)
        erase(store, "alice")

        cancel(store, a_call(id="c", user_id="erased-1", path="/u/erased-1"))

        assert count(store) == 0
        assert rows(store, by=["user_id"]) == []

    # Rejections and refusals

    def test_rejections_and_refusals_add_up_by_day_and_reason(self, store: Store) -> None:
        apply(store, a_call(), a_call(organization="globex"))
        for _ in range(2):
            batch = batch_of(store)
            batch.rejections.extend(
                [Rejection(1, 20522, "a", 2), Rejection(1, 20522, "b", 1), Rejection(2, 1, "a", 9)]
            )
            batch.refusals.extend([Refusal(1, 20523, "busy", 3), Refusal(2, 20523, "busy", 1)])
            store.apply(batch)

        assert store.rejections("acme") == {20522: {"a": 4, "b": 2}}
        assert store.refusals("acme") == {20523: {"busy": 6}}
        assert store.rejections("unknown") == store.refusals("unknown") == {}

    def test_the_first_twenty_samples_of_a_day_and_code_are_kept(self, store: Store) -> None:
        apply(store, a_call())
        for start in (0, 30):
            batch = batch_of(store)
            batch.samples.extend(sample(f"{number:02}") for number in range(start, start + 30))
            batch.samples.append(sample("another day", received_ms=86_400_000 + start))
            store.apply(batch)

        assert [one.reason for one in as_it_came(store.samples("acme"))] == [
            *(f"{number:02}" for number in range(20)),
            "another day",
            "another day",
        ]
        assert as_it_came(store.samples("globex")) == ()

    def test_a_time_zone_that_does_not_exist_is_refused_before_pruned_days(self, store: Store) -> None:
        store.prune_calls(instant("2026-03-10").date())

        with pytest.raises(Exception, match="unknown time zone"):
            rows(store, zone="Mars/Olympus")
