from random import Random

from calltally.shares import Shares


def greedily(shares: Shares, holder: str) -> int:
    """How much the holder has once it has taken all it can get."""
    while shares.take(holder, 1):
        pass
    return shares.held_by(holder)


def test_a_holder_gets_as_much_as_it_leaves_free() -> None:
    shares = Shares(1200)

    assert greedily(shares, "first") == 600
    assert greedily(shares, "second") == 300
    assert greedily(shares, "third") == 150


def test_holders_that_came_together_get_as_much_each() -> None:
    shares = Shares(1200)
    for _ in range(1200):
        shares.take("first", 1)
        shares.take("second", 1)

    assert [shares.held_by("first"), shares.held_by("second")] == [400, 400]


def test_the_room_told_is_what_can_be_taken_at_once() -> None:
    shares, luck = Shares(1000), Random(1)  # noqa: S311 - no secret
    for _ in range(2000):
        holder = luck.choice("abcdef")
        room = shares.room_for(holder)
        assert not shares.take(holder, room + 1)
        amount = luck.randint(0, room)
        assert shares.take(holder, amount) or amount == 0
        if luck.random() < 0.7 and (held := shares.held_by(holder)):
            shares.give_back(holder, luck.randint(0, held))

    assert shares.held == sum(shares.held_by(holder) for holder in "abcdef") <= 1000


def test_a_single_unit_can_be_taken_by_whoever_has_none() -> None:
    shares = Shares(1)

    assert shares.take("first", 1)
    assert not shares.take("second", 1)
    shares.give_back("first", 1)
    assert shares.take("second", 1)
