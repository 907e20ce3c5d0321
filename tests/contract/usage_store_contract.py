"""The contract of the seam `UsageStore`: every store passes all of these tests."""

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from calltally.dictionary import Kind
from tests.call_batches import a_call, batch_of
from tests.contract.books_contract import BooksContract
from tests.contract.calendar_contract import CalendarContract
from tests.contract.counting_contract import CountingContract
from tests.contract.ledger_contract import LedgerContract
from tests.contract.proof_contract import ProofContract
from tests.contract.questions import Store, apply, count, rows
from tests.contract.retention_contract import RetentionContract, remove_unused
from tests.contract.unstored_contract import UnstoredContract

S = TypeVar("S", bound=Store)

Reopen = Callable[[Store], Store]
"""Closes a store and opens what it left."""


class UsageStoreContract(
    CountingContract,
    UnstoredContract,
    CalendarContract,
    BooksContract,
    LedgerContract,
    RetentionContract,
    ProofContract,
):
    """What every store must do; a subclass gives the fixture ``store``."""


class PersistentUsageStoreContract(UsageStoreContract):
    """What a store must do that outlives the process; a subclass gives the fixture ``reopen`` too."""

    def test_a_store_opened_again_answers_as_before(self, store: Store, reopen: Reopen) -> None:
        apply(store, a_call(client_id="a"), a_call(client_id="b"))
        outcomes = store.outcomes("acme")

        again = reopen(store)

        assert rows(again, by=["client_id"]) == [("a", 1), ("b", 1)]
        assert again.outcomes("acme") == outcomes
        assert again.position == 1

    def test_the_dictionary_and_the_identity_key_are_read_back(self, store: Store, reopen: Reopen) -> None:
        key = store.identity_key
        apply(store, a_call(client_id="a"))

        again = reopen(store)
        more = batch_of(again, a_call(client_id="a"), a_call(client_id="b"))
        again.apply(more)

        assert again.identity_key == key
        assert [value.text for value in more.values] == ["b"]
        assert rows(again, by=["client_id"]) == [("a", 2), ("b", 1)]

    def test_removed_texts_stay_removed_and_their_ids_are_not_given_again(
        self, store: Store, reopen: Reopen
    ) -> None:
        old, new = "2026-03-09T12:00:00Z", "2026-03-10T12:00:00Z"
        apply(store, a_call(time=new, client_id="a"), a_call(time=old, client_id="b", user_id="u"))
        remove_unused(store, before=date(2026, 3, 10))

        again = reopen(store)
        apply(again, a_call(time=new, client_id="b"))
        last = reopen(again)

        assert again.dictionary.find(Kind.CLIENT, 1, "b") == 3
        assert (last.dictionary.count(Kind.CLIENT), last.dictionary.count(Kind.USER)) == (2, 1)
        assert last.dictionary.memory == again.dictionary.memory
        assert rows(last, ("2026-03-10", "2026-04-01"), by=["client_id"]) == [("a", 1), ("b", 1)]
        remove_unused(last, before=date(2026, 3, 11))
        assert reopen(last).dictionary.count(Kind.CLIENT) == 0

    def test_counting_goes_on_where_it_ended(self, store: Store, reopen: Reopen) -> None:
        apply(store, a_call(time="2026-03-10T12:00:00Z"))

        again = reopen(store)
        apply(again, a_call(time="2026-03-20T12:00:00Z"))

        assert again.position == 2
        assert count(again) == 2

    def test_a_checkpointed_store_opens_again(self, store: Store, reopen: Reopen) -> None:
        apply(store, a_call())
        store.checkpoint()

        assert count(reopen(store)) == 1

    def test_two_new_stores_have_different_keys_of_identities(self, store: Store, another: Store) -> None:
        assert store.identity_key != another.identity_key
