"""The event loop's time is shared by organizations, and looks at the network are not far apart."""

import asyncio

from calltally.ingest.round_robin import RoundRobin


async def test_pieces_of_one_organization_are_spread_over_turns_of_the_loop() -> None:
    turns, done, looks = RoundRobin(), 0, []

    async def work() -> None:
        nonlocal done
        await turns.turn("acme")
        done += 1

    tasks = [asyncio.create_task(work()) for _ in range(40)]
    while not all(task.done() for task in tasks):
        await asyncio.sleep(0)
        looks.append(done)

    steps = [after - before for before, after in zip([0, *looks], looks, strict=False)]
    assert done == 40
    assert max(steps) <= 16


async def test_an_organization_with_little_to_do_comes_right_after_one_piece_of_another() -> None:
    turns, order = RoundRobin(), []

    async def work(organization: str, pieces: int) -> None:
        for _ in range(pieces):
            await turns.turn(organization)
            order.append(organization)

    flood = [asyncio.create_task(work("acme", 5)) for _ in range(50)]
    for _ in range(3):
        await asyncio.sleep(0)
    before = len(order)
    await work("globex", 1)
    await asyncio.gather(*flood)

    assert order.index("globex") - before <= 32
    assert len(order) == 251


async def test_one_piece_comes_at_a_time_where_some_take_long() -> None:
    now, looks = 0.0, []
    turns = RoundRobin(lambda: now)

    async def work(seconds: float) -> None:
        nonlocal now
        await turns.turn("acme")
        now += seconds

    tasks = [asyncio.create_task(work((0.03, 0.0001, 0.0001)[number % 3])) for number in range(60)]
    while not all(task.done() for task in tasks):
        await asyncio.sleep(0)
        looks.append(sum(task.done() for task in tasks))

    steps = [after - before for before, after in zip([0, *looks], looks, strict=False)]
    assert steps[0] == 16
    assert max(steps[2:]) == 1


async def test_who_goes_away_holds_up_nobody() -> None:
    turns = RoundRobin()
    tasks = [asyncio.create_task(turns.turn("acme")) for _ in range(48)]
    await asyncio.sleep(0)
    for task in tasks[20:24]:
        task.cancel()
    async with asyncio.timeout(60):
        await asyncio.gather(*tasks, return_exceptions=True)
        await turns.turn("acme")

    assert [task.cancelled() for task in tasks] == [False] * 20 + [True] * 4 + [False] * 24
