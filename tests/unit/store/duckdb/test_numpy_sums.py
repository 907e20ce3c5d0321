"""Few rows are added up as SQL would add them up."""

import numpy as np

from calltally.store.duckdb.usage.numpy_sums import NumericColumns, added_months, numpy_sums

# Route 7: on day 1 three calls, one of them withdrawn; on day 2 one, withdrawn too. Route 8: nothing left.
ROWS: NumericColumns = {
    "route": np.array([8, 7, 7, 7, 8, 7]),
    "day": np.array([1, 1, 2, 1, 1, 2]),
    "calls": np.array([2, 3, 1, -1, -2, -1]),
    "status_400": np.array([0, 1, 0, -1, 0, 0]),
}
NONE: NumericColumns = {name: numbers[:0] for name, numbers in ROWS.items()}


def listed(groups: NumericColumns) -> dict[str, list[int]]:
    return {str(name): numbers.tolist() for name, numbers in groups.items()}


def test_rows_of_one_group_are_added_up_and_groups_without_calls_are_left_out() -> None:
    groups = numpy_sums(ROWS, ["route"], ["calls", "status_400"], by_day=False)

    assert listed(groups) == {"route": [7], "calls": [2], "status_400": [0]}


def test_only_days_with_calls_left_are_active() -> None:
    groups = numpy_sums(ROWS, ["route"], ["calls"], by_day=True)

    assert listed(groups) == {"route": [7], "calls": [2], "active_days": [1]}


def test_without_keys_there_is_one_group_even_of_no_rows() -> None:
    assert listed(numpy_sums(ROWS, [], ["calls"], by_day=True)) == {"calls": [2], "active_days": [1]}
    assert listed(numpy_sums(NONE, [], ["calls"], by_day=True)) == {"calls": [0], "active_days": [0]}
    assert listed(numpy_sums(NONE, [], ["calls"], by_day=False)) == {"calls": [0]}


def test_no_rows_have_no_groups() -> None:
    assert listed(numpy_sums(NONE, ["route"], ["calls"], by_day=True)) == {
        "route": [],
        "calls": [],
        "active_days": [],
    }


# Account 7 in month 24314: days 1 and 2 settled with three calls; since then one more on day 2, one on day 3,
# and on day 4 one that was withdrawn again. Account 8: one settled call on day 1, withdrawn since.
MONTHS: NumericColumns = {
    "account": np.array([7, 8, 7, 7, 7, 7, 8]),
    "month": np.array([24314] * 7),
    "bit": np.array([0, 0, 2, 4, 8, 8, 1]),
    "days": np.array([3, 1, 0, 0, 0, 0, 0]),
    "calls": np.array([3, 1, 1, 1, 1, -1, -1]),
}


def test_days_of_a_month_are_those_settled_and_those_with_calls_since() -> None:
    of_seven = {name: numbers[MONTHS["account"] == 7] for name, numbers in MONTHS.items()}

    groups = added_months(of_seven, ["account"], ["calls"])

    assert listed(groups) == {"account": [7], "calls": [5], "active_days": [3], "withdrawn": [0]}


def test_a_group_says_that_a_settled_day_lost_calls_unless_no_calls_are_left_anyway() -> None:
    assert listed(added_months(MONTHS, [], ["calls"]))["withdrawn"] == [1]
    assert listed(added_months(MONTHS, ["account"], ["calls"])) == {
        "account": [7],
        "calls": [5],
        "active_days": [3],
        "withdrawn": [0],
    }

    with_another = {name: np.append(numbers, numbers[1:2]) for name, numbers in MONTHS.items()}
    assert listed(added_months(with_another, ["account"], ["calls"])) == {
        "account": [7, 8],
        "calls": [5, 1],
        "active_days": [3, 1],
        "withdrawn": [0, 1],
    }
