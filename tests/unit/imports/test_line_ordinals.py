from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.line_ordinals import DIGEST_BYTES, LineOrdinals
from tests.support.seeds import numpy_luck


def digest(number: int) -> bytes:
    return number.to_bytes(DIGEST_BYTES, "big")


def naive_ordinals(digests: Iterable[bytes]) -> list[int]:
    counts: Counter[bytes] = Counter()
    ordinals = []
    for each in digests:
        ordinals.append(counts[each])
        counts[each] += 1
    return ordinals


def test_identical_lines_are_numbered_in_order() -> None:
    ordinals = LineOrdinals().take([digest(1), digest(2), digest(1), digest(1)])

    assert ordinals == [0, 0, 1, 2]


def test_the_numbering_goes_on_in_the_next_slice() -> None:
    ordinals = LineOrdinals()
    ordinals.take([digest(1), digest(2), digest(1)])

    assert ordinals.take([digest(3), digest(1), digest(2)]) == [0, 2, 1]


def test_a_slice_without_lines_has_no_ordinals() -> None:
    assert LineOrdinals().take([]) == []


@pytest.mark.parametrize("half", [0, 1])
def test_lines_that_share_half_of_their_digest_are_told_apart(half: int) -> None:
    halves = [b"\x00" * 8, b"\x07" * 8]
    digests = [b"".join([halves[half], other]) for other in (b"a" * 8, b"b" * 8)]
    swapped = [each[8:] + each[:8] for each in digests]

    assert LineOrdinals().take(digests + swapped + digests) == [0, 0, 0, 0, 1, 1]


def test_ordinals_stay_exact_while_the_table_grows_many_times() -> None:
    rng = numpy_luck(7)
    numbers = rng.integers(0, 150_000, 200_000).tolist()
    digests = [digest(number * 0x9E3779B97F4A7C15F39CC0605CEDC834 % 2**128) for number in numbers]
    ordinals = LineOrdinals()

    found = [each for start in range(0, len(digests), 997) for each in ordinals.take(digests[start:][:997])]

    assert found == naive_ordinals(digests)


def test_one_slice_may_be_larger_than_the_whole_table() -> None:
    digests = [digest(number) for number in range(60_000)] * 2

    assert LineOrdinals().take(digests) == [0] * 60_000 + [1] * 60_000


@given(st.lists(st.lists(st.integers(0, 40).map(digest), max_size=30), max_size=20))
def test_ordinals_equal_a_naive_count(slices: list[list[bytes]]) -> None:
    ordinals = LineOrdinals()

    found = [each for digests in slices for each in ordinals.take(digests)]

    assert found == naive_ordinals(each for digests in slices for each in digests)
