import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.imports.log_import import PartBounds
from calltally.imports.log_part import LineNumbers, LogPart


def numbers_of(*lines: int) -> LineNumbers:
    numbers = LineNumbers()
    for line in lines:
        numbers.add(line)
    return numbers


@given(st.lists(st.integers(1, 9)), st.lists(st.tuples(st.integers(1, 9), st.integers(0, 3))))
def test_the_number_of_each_line_is_found_by_its_place(
    single: list[int], runs: list[tuple[int, int]]
) -> None:
    numbers, others = numbers_of(*single), LineNumbers()
    for first, count in runs:
        others.add(first, count)
    numbers.extend(others)

    expected = single + [first + more for first, count in runs for more in range(count)]
    assert [numbers[place] for place in range(len(numbers))] == expected
    assert list(numbers) == expected


def test_neighbouring_lines_are_one_run() -> None:
    numbers = numbers_of(3, 4, 5, 7)

    assert list(numbers.runs()) == [(3, 3), (7, 1)]


@pytest.mark.parametrize("place", [-1, 2])
def test_a_place_without_a_line_is_an_error(place: int) -> None:
    with pytest.raises(IndexError):
        numbers_of(1, 2)[place]


def test_parts_grow_by_what_follows() -> None:
    part = LogPart([b"a\n"], numbers_of(1))

    part.add(LogPart([b"b\n", b"c\n"], numbers_of(2, 3)))

    assert (part.body, list(part.line_numbers), part.size) == ([b"a\n", b"b\n", b"c\n"], [1, 2, 3], 6)


@pytest.mark.parametrize("bounds", [PartBounds(), PartBounds(1, 2**20), PartBounds(100_000, 512)])
def test_a_block_never_brings_more_than_a_part_may_have(bounds: PartBounds) -> None:
    assert bounds.block_bytes > 0
    assert bounds.block_bytes // 40 <= bounds.calls
    assert bounds.block_bytes * 8 <= bounds.size
