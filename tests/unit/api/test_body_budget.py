import pytest

from calltally.api.body_budget import BodyBudget
from calltally.errors import BusyError


def test_shares_are_given_back_at_their_end_whatever_ends_them() -> None:
    budget = BodyBudget(100)

    with budget.share("acme") as one, budget.share("globex") as other:
        one.grow_to(50)
        other.grow_to(20)
        assert budget.held == 70
        with pytest.raises(BusyError, match="100 bytes"):
            other.grow_to(26)
        assert (budget.held, other.size) == (70, 20)

    assert budget.held == 0


def test_a_share_grows_only_by_what_it_does_not_hold_yet() -> None:
    budget = BodyBudget(100)

    with budget.share("acme") as share:
        for size in (10, 30, 50, 40):
            share.grow_to(size)

        assert budget.held == 50


def test_checking_takes_nothing() -> None:
    budget = BodyBudget(100)

    with budget.share("acme") as share:
        share.check(50)
        with pytest.raises(BusyError):
            share.check(51)

        assert budget.held == 0
