"""The texts that calls carry, and the gaps that removed ones leave."""

import numpy as np
import pytest

from calltally.dictionary import TEXT_NUMBERS, Dictionary, DictionaryValue, Kind, TextNumbers

CLIENTS = [DictionaryValue(Kind.CLIENT, 1, number, f"c-{number}") for number in (1, 3, 4)]
MEMORY_OF_ONE = 360 + 2 * 3


def loaded(values: list[DictionaryValue]) -> Dictionary:
    dictionary = Dictionary()
    dictionary.load_stored(values)
    return dictionary


def numbers_of(*values: DictionaryValue) -> TextNumbers:
    return np.array([(one.kind, one.derived, one.organization, one.id) for one in values], TEXT_NUMBERS)


def test_gaps_between_stored_texts_and_behind_them_are_removed_texts() -> None:
    dictionary = loaded(CLIENTS)
    dictionary.close_gaps(Kind.CLIENT, last_id=6, removed=3)

    assert (dictionary.count(Kind.CLIENT), dictionary.memory) == (3, 3 * MEMORY_OF_ONE)
    assert dictionary.every_text(Kind.CLIENT) == ("c-1", "c-3", "c-4")
    new = dictionary.intern(Kind.CLIENT, 1, "c-2")
    assert new is not None
    assert new.id == 7


@pytest.mark.parametrize("lost", [0, 2])
def test_texts_that_are_lost_are_not_taken_for_removed(lost: int) -> None:
    dictionary = loaded([value for place, value in enumerate(CLIENTS) if place != lost])

    with pytest.raises(ValueError, match=r"1 texts of client were removed, and the dictionary lacks 2"):
        dictionary.close_gaps(Kind.CLIENT, last_id=4, removed=1)


def test_the_journal_may_leave_no_gap() -> None:
    with pytest.raises(ValueError, match="client 3 follows 1 in the dictionary"):
        Dictionary().load(CLIENTS)


def test_a_forgotten_text_takes_no_memory_and_counts_toward_no_bound() -> None:
    dictionary = loaded([DictionaryValue(Kind.ROUTE, 1, 1, "/made", derived=True), *CLIENTS])
    dictionary.forget(numbers_of(DictionaryValue(Kind.ROUTE, 1, 1, "", derived=True), *CLIENTS[:2]))

    use = dictionary.use(1)
    assert (use.counts[Kind.CLIENT], use.derived, use.most, use.memory) == (1, 0, 1, MEMORY_OF_ONE)
    assert dictionary.memory == MEMORY_OF_ONE
    assert dictionary.find_all(Kind.CLIENT, 1, ["c-1", "c-4"]) == [None, 4]


def test_of_two_ids_of_a_text_the_older_one_is_forgotten_alone() -> None:
    """As after a crash between forgetting and deleting, when the text came again."""
    twice = [DictionaryValue(Kind.CLIENT, 1, number, "c-1") for number in (1, 2)]
    dictionary = loaded(twice)

    dictionary.forget(numbers_of(twice[0]))

    assert dictionary.find(Kind.CLIENT, 1, "c-1") == 2
    assert (dictionary.use(1).counts[Kind.CLIENT], dictionary.memory) == (1, MEMORY_OF_ONE)
