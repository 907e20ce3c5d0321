"""Calls come in as quickly as they can be counted, once counting is far behind."""

from calltally.ingest.intake_throttle import IntakeThrottle


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_calls_come_in_at_once_while_counting_is_near() -> None:
    clock = Clock()
    pace = IntakeThrottle(free=1000, most=3000, clock=clock)

    clock.now += 1
    pace.note(5000, 1000, awaited=False)

    assert pace.seconds("acme", 10_000) == 0


def test_as_many_calls_come_in_as_are_counted_when_counting_may_be_no_further_behind() -> None:
    clock = Clock()
    pace = IntakeThrottle(free=1_000_000, most=3_000_000, clock=clock)
    for second in range(1, 40):
        clock.now += 1
        pace.note(3_000_000 + second * 500_000, 3_000_000, awaited=False)

    waits = [pace.seconds("acme", 10_000) for _ in range(3)]

    assert [round(seconds, 4) for seconds in waits] == [0.02, 0.04, 0.06]


def test_counting_is_never_behind_by_more_than_it_may_be_but_for_what_comes_between_two_notes() -> None:
    clock = Clock()
    pace = IntakeThrottle(free=2_000_000, most=4_000_000, clock=clock)
    appended = counted = most_behind = 0.0
    free_at = clock.now

    for _ in range(4 * 120):
        until = clock.now + 0.25
        while max(clock.now, free_at) < until:
            free_at = max(clock.now, free_at) + 10_000 / 1_000_000
            free_at = max(free_at, clock.now + pace.seconds("acme", 10_000))
            appended += 10_000
        counted = min(appended, counted + 0.25 * 600_000)
        most_behind = max(most_behind, appended - counted)
        clock.now = until
        pace.note(int(appended), int(appended - counted), awaited=False)

    assert 2_000_000 < most_behind <= 4_250_000
    assert appended >= 120 * 600_000


def test_less_comes_in_while_somebody_waits_for_an_answer() -> None:
    clock = Clock()
    pace = IntakeThrottle(free=1000, most=3000, clock=clock)
    clock.now += 1

    pace.note(100_000, 500, awaited=True)

    assert pace.seconds("acme", 1000) > 0


def test_an_organization_that_sends_little_hardly_waits_for_one_that_sends_all_it_can() -> None:
    clock = Clock()
    pace = IntakeThrottle(free=1_000_000, most=3_000_000, clock=clock)
    for second in range(1, 40):
        clock.now += 1
        pace.note(3_000_000 + second * 500_000, 3_000_000, awaited=False)

    flood = [pace.seconds("acme", 10_000) for _ in range(100)]
    few = pace.seconds("globex", 100)

    assert round(flood[-1], 4) == 2.0
    assert round(few, 6) == 0.0004  # two organizations wait, each with half of the pace


def test_organizations_that_wait_come_in_equally() -> None:
    clock = Clock()
    pace = IntakeThrottle(free=1_000_000, most=3_000_000, clock=clock)
    for second in range(1, 40):
        clock.now += 1
        pace.note(3_000_000 + second * 500_000, 3_000_000, awaited=False)
    came_in = {"acme": 0, "globex": 0}
    free_at = dict.fromkeys(came_in, clock.now)

    for _ in range(1000):
        clock.now += 0.01
        for organization in came_in:
            while free_at[organization] <= clock.now:
                free_at[organization] = clock.now + pace.seconds(organization, 10_000)
                came_in[organization] += 10_000

    assert abs(came_in["acme"] - came_in["globex"]) <= 20_000
    assert 4_000_000 < sum(came_in.values()) < 5_400_000
