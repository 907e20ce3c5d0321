import pytest

from calltally.api.body_budget import BodyBudget
from calltally.errors import BusyError


def test_shares_are_given_back_at_their_end_whatever_ends_them() -> None:
    budget = BodyBudget(100)

    with budget.share() as one, budget.share() as other:
        one.grow_to(60)
        other.grow_to(40)
        assert budget.held == 100
        with pytest.raises(BusyError, match="100 bytes"):
            other.grow_to(41)
        assert (budget.held, other.size) == (100, 40)

    assert budget.held == 0


def test_a_share_grows_only_by_what_it_does_not_hold_yet() -> None:
    budget = BodyBudget(100)

    with budget.share() as share:
        for size in (10, 50, 100):
            share.grow_to(size)

        assert budget.held == 100
