"""Rows of days times sources, and pages of them."""

from datetime import date

import pytest

from calltally.dialects.segment.contract import Operation
from calltally.dialects.segment.cursor import Cursor
from calltally.dialects.segment.page import Page
from calltally.dialects.segment.usage_grid import WORKSPACE, UsageGrid

SOURCES = Operation.GET_DAILY_PER_SOURCE_API_CALLS_USAGE
D1, D2, D3, D4 = (date(2026, 3, day) for day in (1, 2, 3, 4))
GRID = UsageGrid((D1, D2, D3), ("a", "b"))


def at(day: date, source_id: str) -> Cursor:
    return Cursor(SOURCES, day, source_id)


def test_rows_go_by_day_and_then_by_source() -> None:
    assert [GRID[index] for index in range(len(GRID))] == [
        (D1, "a"),
        (D1, "b"),
        (D2, "a"),
        (D2, "b"),
        (D3, "a"),
        (D3, "b"),
    ]


@pytest.mark.parametrize(
    ("day", "source_id", "index"),
    [(D1, "", 0), (D1, "a", 0), (D1, "aa", 1), (D1, "z", 2), (D2, "b", 3), (D3, "z", 6), (D4, "", 6)],
)
def test_a_place_without_a_row_is_that_of_the_next_row(day: date, source_id: str, index: int) -> None:
    assert GRID.index_of(day, source_id) == index


def test_a_workspace_has_one_row_a_day() -> None:
    grid = UsageGrid((D1, D2), WORKSPACE)

    assert [grid[index] for index in range(len(grid))] == [(D1, ""), (D2, "")]


def test_the_first_page_has_no_previous_one() -> None:
    page = Page(GRID, at(D1, ""), 4)

    assert page.cells == [(D1, "a"), (D1, "b"), (D2, "a"), (D2, "b")]
    pagination = page.pagination()
    assert pagination.current == at(D1, "").text()
    assert pagination.next == at(D3, "a").text()
    assert pagination.previous is None
    assert pagination.total_entries == 6


def test_the_last_page_has_no_next_one() -> None:
    page = Page(GRID, at(D3, "a"), 4)

    assert page.cells == [(D3, "a"), (D3, "b")]
    assert page.pagination().next is None
    assert page.pagination().previous == at(D1, "a").text()


def test_a_page_that_ends_with_the_last_row_is_the_last() -> None:
    assert Page(GRID, at(D1, "a"), 6).pagination().next is None
    assert Page(GRID, at(D1, "a"), 5).pagination().next == at(D3, "b").text()


def test_a_previous_page_never_begins_before_the_first_row() -> None:
    assert Page(GRID, at(D1, "b"), 4).pagination().previous == at(D1, "a").text()


def test_a_page_past_the_end_is_empty_and_leads_back() -> None:
    page = Page(GRID, at(D4, ""), 4)

    assert (page.cells, page.days, page.sources) == ([], [], set())
    assert page.pagination().current == at(D4, "").text()
    assert page.pagination().next is None
    assert page.pagination().previous == at(D2, "a").text()


@pytest.mark.parametrize("grid", [UsageGrid((), ()), UsageGrid((D1,), ()), UsageGrid((), WORKSPACE)])
def test_without_rows_there_is_one_empty_page(grid: UsageGrid) -> None:
    page = Page(grid, at(D2, "a"), 4)

    assert page.cells == []
    assert (page.pagination().next, page.pagination().previous) == (None, None)
    assert page.pagination().total_entries == 0


def test_a_page_knows_the_days_and_sources_of_its_rows() -> None:
    page = Page(GRID, at(D1, "b"), 2)

    assert page.days == [D1, D2]
    assert page.sources == {"a", "b"}


def test_a_new_source_neither_repeats_nor_hides_a_row_of_the_next_page() -> None:
    cursor = Cursor.from_text(Page(GRID, at(D1, ""), 3).pagination().next or "")

    page = Page(UsageGrid(GRID.days, ("a", "aa", "b")), cursor, 3)

    assert page.cells == [(D2, "b"), (D3, "a"), (D3, "aa")]


def test_a_page_with_at_most_half_of_the_sources_needs_no_others() -> None:
    grid = UsageGrid((D1, D2), ("a", "b", "c", "d"))

    assert Page(grid, at(D1, "b"), 2).some_sources == frozenset({"b", "c"})
    assert Page(grid, at(D1, "d"), 2).some_sources == frozenset({"d", "a"})
    assert Page(grid, at(D1, "b"), 3).some_sources is None
    assert Page(UsageGrid((D1, D2), WORKSPACE), at(D1, ""), 1).some_sources is None
