"""The lag tells how many calls, and how long, counting is behind."""

from calltally.apply.lag import Lag


class HandClock:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_is_not_rolled_is_behind_since_it_was_noted() -> None:
    clock = HandClock()
    lag = Lag(clock)
    lag.note(3, 30)
    clock.now += 2
    lag.note(5, 50)
    clock.now += 1

    assert lag.behind(0, 50) == (50, 3.0)
    assert lag.behind(4, 60) == (30, 1.0)
    assert lag.behind(5, 60) == (0, 0.0)


def test_a_position_that_stands_still_is_noted_once() -> None:
    clock = HandClock()
    lag = Lag(clock)
    lag.note(1, 10)
    clock.now += 5
    lag.note(1, 10)

    assert lag.behind(0, 10) == (10, 5.0)
    assert lag.behind(1, 10) == (0, 0.0)
