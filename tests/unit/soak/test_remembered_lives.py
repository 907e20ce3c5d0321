"""Of every life of a server some calls are remembered, however long ago it was."""

from soak.remembered_lives import RememberedLives

from tests.support.seeds import luck


def calls(life: int, count: int) -> list[dict[str, object]]:
    return [{"id": f"{life}-{number}", "life": life} for number in range(count)]


def test_calls_of_every_earlier_life_come_again_and_none_of_the_present_one() -> None:
    lives = RememberedLives(luck("lives"))
    for life in range(50):
        lives.begin()
        lives.keep(calls(life, 5_000 if life == 7 else 4))

    again, counted = lives.some(3)

    assert sorted(call["life"] for call in again) == [life for life in range(49) for _ in range(3)]
    assert sorted(counted.values()) == [3] * 49


def test_a_life_without_acknowledged_calls_is_counted_as_nothing() -> None:
    lives = RememberedLives(luck("lives"))
    lives.keep(calls(0, 1))
    lives.begin()
    lives.begin()

    assert lives.some(3) == (calls(0, 1), {0: 1})


def test_what_is_remembered_of_a_life_is_of_its_beginning_and_its_end() -> None:
    lives = RememberedLives(luck("lives"))
    lives.keep(calls(0, 1_000))
    lives.begin()

    again, _ = lives.some(1_000)

    numbers = [int(str(call["id"]).split("-")[1]) for call in again]
    assert len(numbers) == 20
    assert min(numbers) < 250 < 750 < max(numbers)
