"""Few rows are added up as SQL would add them up."""

import numpy as np

from calltally.store.duckdb.added_rows import Columns, added_rows

# Route 7: on day 1 three calls, one of them withdrawn; on day 2 one, withdrawn too. Route 8: nothing left.
ROWS: Columns = {
    "route": np.array([8, 7, 7, 7, 8, 7]),
    "day": np.array([1, 1, 2, 1, 1, 2]),
    "calls": np.array([2, 3, 1, -1, -2, -1]),
    "status_400": np.array([0, 1, 0, -1, 0, 0]),
}
NONE: Columns = {name: numbers[:0] for name, numbers in ROWS.items()}


def listed(groups: Columns) -> dict[str, list[int]]:
    return {str(name): numbers.tolist() for name, numbers in groups.items()}


def test_rows_of_one_group_are_added_up_and_groups_without_calls_are_left_out() -> None:
    groups = added_rows(ROWS, ["route"], ["calls", "status_400"], by_day=False)

    assert listed(groups) == {"route": [7], "calls": [2], "status_400": [0]}


def test_only_days_with_calls_left_are_active() -> None:
    groups = added_rows(ROWS, ["route"], ["calls"], by_day=True)

    assert listed(groups) == {"route": [7], "calls": [2], "active_days": [1]}


def test_without_keys_there_is_one_group_even_of_no_rows() -> None:
    assert listed(added_rows(ROWS, [], ["calls"], by_day=True)) == {"calls": [2], "active_days": [1]}
    assert listed(added_rows(NONE, [], ["calls"], by_day=True)) == {"calls": [0], "active_days": [0]}
    assert listed(added_rows(NONE, [], ["calls"], by_day=False)) == {"calls": [0]}


def test_no_rows_have_no_groups() -> None:
    assert listed(added_rows(NONE, ["route"], ["calls"], by_day=True)) == {
        "route": [],
        "calls": [],
        "active_days": [],
    }
