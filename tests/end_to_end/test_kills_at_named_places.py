"""A server that is ended at any step, or whose disk fails or loses power at it, keeps what it acknowledged.

`python -m soak` does the same for as long as one likes, at every place there is.
"""

import os
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from soak.breakage import BREAKAGES, BROKEN
from soak.kills import RANDOM_INSTANT, Kills
from soak.power_cuts import Lives, PowerCuts
from soak.town import Town, WrongCountError, verified
from soak.watched_disk import DISK_BROKEN, DISK_FULL, Place
from soak.watched_server import WatchedServer

from calltally.errors import DamagedDataError
from tests.end_to_end.server_process import post, total
from tests.support.seeds import luck, seed, seeds

PLACES = [
    "after write .frames",
    "before sync /journal",
    "after unlink .frames",
    "before sync calls.duckdb",
    "after sync calls.duckdb",
    "after sync calls.duckdb.wal",
    "before unlink calls.duckdb.wal",
    "after store.apply",
    "after store.merge",
    "before sync .ids.partial",
    "after sync /seen",
]
"""One of each kind of step that a server does while calls come in."""

APPLIED, WRITTEN = Place("after", "store.apply"), Place("after", "write", ".frames")
ENDS_OF_BROKEN = {
    "acknowledge_before_the_sync": [(WRITTEN, 8)],
    "drop_the_journal_before_a_checkpoint": [(Place("after", "unlink", ".frames"), 4)],
    "apply_twice": [(APPLIED, 3), (WRITTEN, 5)],
}
"""How long a broken server lives, so that what it does wrong is seen."""


def test_kills_at_named_places_lose_no_acknowledged_call_and_count_none_twice(tmp_path: Path) -> None:
    with Kills(tmp_path / "data", seed=seed(5), patience=30) as kills:
        for number, text in enumerate(PLACES):
            assert kills.at(Place.named(text), 1 + number % 3), text
        assert kills.while_opening(Place("after", "truncate", ".frames"))
        kills.at(RANDOM_INSTANT)
        kills.stop()
        kills.finish()

        assert kills.survived.total() == 14
        assert len(kills.town.again) >= 8  # of 14; some end before anything was acknowledged
        assert kills.town.book.lost_answers > 0
        assert kills.town.book.corrected > 0


def test_a_power_cut_at_any_moment_takes_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    lives = Lives.recorded(tmp_path, [(WRITTEN, 12), (Place("after", "unlink", ".frames"), 4)], seed=seed(8))
    cuts = PowerCuts(tmp_path, seed=seed(8))

    cuts.through(lives, 8)

    assert cuts.survived.total() > 24
    assert lives.acknowledged(lives.done[-1].end).total() > 1000


def test_every_way_to_break_the_product_is_tried() -> None:
    assert ENDS_OF_BROKEN.keys() == BREAKAGES.keys()


@pytest.mark.parametrize("broken", ENDS_OF_BROKEN)
def test_a_product_that_breaks_its_promise_is_caught(
    tmp_path: Path, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BROKEN, broken)

    with pytest.raises((WrongCountError, DamagedDataError)):
        cut_the_power_of_several_lives(tmp_path, ENDS_OF_BROKEN[broken])


def cut_the_power_of_several_lives(folder: Path, ends: Sequence[tuple[Place, int]]) -> None:
    """Where the power goes is chance, so that one life alone may hide what is wrong."""
    for one in seeds(6):
        of_seed = folder / str(one)
        of_seed.mkdir()
        PowerCuts(of_seed, seed=one).through(Lives.recorded(of_seed, ends, seed=one), 40)


def test_a_store_that_cannot_be_synced_ends_the_server_and_costs_no_acknowledged_call(
    tmp_path: Path,
) -> None:
    with failing_store(tmp_path / "data", "sync", DISK_BROKEN) as (server, town):
        with town.at_work():
            server.pull_the_trigger()
            assert server.has_died(30)
        assert server.wait() == os.EX_SOFTWARE
        (ending,) = (event for event in server.events() if event["level"] == "critical")
        assert "the store cannot go on" in ending["reason"]

        server.let_go_of_the_trigger()
        server.start()
        town.settle()


def test_a_store_whose_disk_is_full_counts_again_once_there_is_room(tmp_path: Path) -> None:
    with failing_store(tmp_path / "data", "write", DISK_FULL) as (server, town):
        with town.at_work():
            server.pull_the_trigger()
            server.has_died(3)
            server.let_go_of_the_trigger()
        if not server.is_running:  # where the disk was full amid a checkpoint the store cannot go on
            assert server.wait() == os.EX_SOFTWARE
            server.start()

        town.settle()


@contextmanager
def failing_store(directory: Path, what: str, error: int) -> Iterator[tuple[WatchedServer, Town]]:
    """A server with senders, whose store's log cannot be written or synced while the trigger is pulled."""
    server = WatchedServer(directory, answer_timeout_seconds=3)
    with server:
        town = Town(server, seed=seed(3))
        server.stop()
        server.prepare_to_die(Place("fail", what, "calls.duckdb.wal"), 5, error=error)
        server.start()
        yield server, town


def test_a_clock_that_jumps_back_and_forth_changes_no_count(tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    clock.write_text("0")
    hours = luck("hours")
    with WatchedServer(tmp_path / "data", clock=clock) as server:
        client = server.new_client()
        sent: list[dict[str, object]] = []
        for jump in (0, 6, -6, 30, -20, 0):
            clock.write_text(str(jump * 3600))
            with server.visitor(server.token(client)) as visitor:
                new = [a_call(len(sent) + number, hours) for number in range(200)]
                told = post(visitor, [*new, *sent[-50:]])
                assert (told["accepted"], told["duplicate"]) == (200, min(len(sent), 50))
            sent += new
            if jump in (-6, 30):
                server.kill()
                server.start()
        with server.visitor(server.token(client)) as visitor:
            assert total(visitor) == len(sent)
            assert post(visitor, sent)["duplicate"] == len(sent)
        assert verified(server) == []


def a_call(number: int, hours: random.Random) -> dict[str, object]:
    """A call of some hour between three and ten days ago."""
    at = datetime.now(UTC) - timedelta(hours=hours.randrange(72, 240))
    return {"id": f"c-{number}", "time": at.isoformat(), "status": 200}
