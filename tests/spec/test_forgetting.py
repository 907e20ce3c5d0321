"""Identities outlast memory, restarts and clocks, for as long as they are promised to."""

import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from calltally.ingest.identities.identity_run import IdentityRun
from calltally.ingest.identities.run_file import DamagedRunError, filter_lines_for, write_run
from calltally.ingest.receipt import Receipt
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from calltally.wiring import MeterOptions
from tests.reference.sorted_identities import SortedIdentities
from tests.support.metering import NOON, LastingMetering, Metering, a_call
from tests.support.spilling import spill, tables_of_six

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _tables_of_six() -> Iterator[None]:
    with tables_of_six():
        yield


@pytest_asyncio.fixture(params=[False, True], ids=["native", "reference"])
async def meter(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Metering]:
    """A meter whose memory has no room for a full table, nor for a filter."""
    options = MeterOptions(seen_ids_memory=1)
    metering = LastingMetering(tmp_path / "data", options=options, by_reference=request.param)
    (tmp_path / "data").mkdir()
    await metering.up()
    yield metering
    await metering.down()


def some_calls(first: int = 0, **fields: Any) -> list[dict[str, Any]]:
    """As many calls as fill four tables and begin another."""
    return [a_call(f"c-{number}", **fields) for number in range(first, first + 25)]


def told(receipt: Receipt) -> tuple[int, int, int]:
    return receipt.accepted, receipt.duplicate, receipt.conflict


def runs_of(meter: Metering) -> list[Path]:
    return sorted((meter._folder / "seen").iterdir())


async def test_calls_are_known_when_memory_has_no_room_for_them(meter: Metering) -> None:
    await meter.send(*some_calls())
    await spill(meter)

    again = await meter.send(*some_calls(), *some_calls(status=500), *some_calls(25), *some_calls(25))

    assert meter.meter.seen_ids.spilled == 24
    assert told(again) == (25, 50, 25)
    assert await meter.calls() == 50


async def test_nothing_is_looked_up_in_the_store_while_runs_know(
    meter: Metering, monkeypatch: pytest.MonkeyPatch
) -> None:
    await meter.send(*some_calls())
    await spill(meter)
    monkeypatch.setattr(DuckDBUsageStore, "find_identities", None)

    assert told(await meter.send(*some_calls())) == (0, 25, 0)


async def test_live_calls_are_not_looked_up_when_only_old_ones_were_let_go(
    meter: Metering, monkeypatch: pytest.MonkeyPatch
) -> None:
    await meter.send(*some_calls())
    await spill(meter)
    meter.clock.move_to(NOON + 36 * DAY)
    await spill(meter)
    monkeypatch.setattr(DuckDBUsageStore, "find_identities", None)

    assert meter.meter.seen_ids.forgotten.position > 0
    assert told(await meter.send(*some_calls(100, time="2026-03-17T00:00:00Z"))) == (25, 0, 0)


@pytest.mark.parametrize("restart", [False, True])
async def test_a_call_of_its_own_day_is_known_however_long_ago_it_came(
    meter: Metering, restart: bool
) -> None:
    await meter.send(*some_calls())
    await spill(meter)
    meter.clock.move_to(NOON + 36 * DAY)
    await spill(meter)
    if restart:
        await meter.restart()

    again = await meter.send(*some_calls(), *some_calls(status=500), backfill=True)

    assert runs_of(meter) == []
    assert told(again) == (0, 25, 25)


async def test_calls_within_the_horizon_are_known_when_the_clock_was_wrong_meanwhile(meter: Metering) -> None:
    await meter.send(*some_calls())
    await spill(meter)
    meter.clock.move_to(NOON + 36 * DAY)
    await spill(meter)
    meter.clock.move_to(NOON + 2 * DAY)

    again = await meter.send(*some_calls(time="2026-03-17T00:00:00Z"))

    assert told(again) == (0, 0, 25)


async def test_what_a_wrong_clock_left_out_of_runs_is_read_once_it_is_right(meter: Metering) -> None:
    await meter.send(*some_calls())
    meter.clock.move_to(NOON + 10 * DAY)
    await meter.send(*some_calls(25))
    await meter.down()
    meter.clock.move_to(NOON + 36 * DAY)
    await meter.up()
    await spill(meter)
    await meter.down()
    meter.clock.move_to(NOON + 12 * DAY)
    await meter.up()

    again = await meter.send(*some_calls(time="2026-03-27T00:00:00Z"))

    assert told(again) == (0, 0, 25)


async def test_calls_of_all_lives_before_are_known_when_a_life_between_took_none(meter: Metering) -> None:
    await meter.send(*some_calls())
    await meter.restart()
    await spill(meter)
    await meter.restart()
    await meter.send(*some_calls(25))
    await spill(meter)
    await meter.restart()

    again = await meter.send(*some_calls(), *some_calls(25))

    assert told(again) == (0, 50, 0)
    assert await meter.calls() == 50


@pytest.mark.parametrize("number", range(4))
async def test_a_lost_run_is_read_from_the_store_by_the_next_start(
    meter: Metering, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for call in some_calls():
        await meter.send(call)
    await spill(meter)
    await meter.down()
    runs_of(meter)[number].unlink()

    await meter.up()
    await spill(meter)

    assert told(await meter.send(*some_calls())) == (0, 25, 0)
    await meter.down()
    monkeypatch.setattr(DuckDBUsageStore, "identities", lambda *_: iter([]))
    await meter.up()
    assert told(await meter.send(*some_calls())) == (0, 25, 0)


async def test_a_restart_reads_only_what_is_in_no_run(
    meter: Metering, monkeypatch: pytest.MonkeyPatch
) -> None:
    await meter.send(*some_calls())
    await meter.restart()
    await spill(meter)
    await meter.down()
    monkeypatch.setattr(DuckDBUsageStore, "identities", None)

    await meter.up()

    assert told(await meter.send(*some_calls())) == (0, 25, 0)


async def test_runs_that_a_wrong_one_lies_beside_are_read_or_proven_and_never_replaced_by_it(
    meter: Metering,
) -> None:
    await meter.send(*some_calls())
    await spill(meter)
    await meter.send(*some_calls(25))
    await spill(meter)
    await meter.down()
    of_all = runs_of(meter)
    heads = [IdentityRun(run).head for run in of_all]
    wrong = heads[-1]._replace(since=heads[0].since)
    identities = SortedIdentities(*(np.arange(1, 7, dtype=np.uint64) for _ in range(3)))
    write_run(of_all[0].parent, wrong, [(identities, filter_lines_for(6))])

    await meter.up()

    assert told(await meter.send(*some_calls(), *some_calls(25))) == (0, 50, 0)


async def test_a_damaged_run_stops_ingest_and_the_next_start_knows_everything(meter: Metering) -> None:
    await meter.send(*some_calls())
    await spill(meter)
    for run in runs_of(meter):
        content = bytearray(run.read_bytes())
        content[5000] ^= 1
        run.write_bytes(content)

    with pytest.raises(DamagedRunError):
        await meter.send(*some_calls())
    assert "the journal cannot be written" in meter.meter.problems()

    await meter.restart()
    assert told(await meter.send(*some_calls(), *some_calls(25))) == (25, 25, 0)


async def test_a_restored_backup_knows_its_calls_and_none_that_came_later(
    meter: Metering, tmp_path: Path
) -> None:
    await meter.send(*some_calls())
    await spill(meter)
    await meter.meter.maintenance.backup(tmp_path / "backup")
    await meter.send(*some_calls(25))
    await spill(meter)
    await meter.down()
    kept = tmp_path / "kept"
    meter._folder.rename(kept)
    shutil.copytree(tmp_path / "backup", meter._folder)
    shutil.copytree(kept / "seen", meter._folder / "seen")

    await meter.up()

    assert not (tmp_path / "backup" / "seen").exists()
    assert told(await meter.send(*some_calls(), *some_calls(25))) == (25, 25, 0)


async def test_runs_of_a_life_that_went_on_elsewhere_are_not_believed(
    meter: Metering, tmp_path: Path
) -> None:
    await meter.send(*some_calls())
    await meter.down()
    twin = tmp_path / "twin"
    shutil.copytree(meter._folder, twin)
    await meter.up()
    await meter.send(*some_calls(25))
    await spill(meter)
    await meter.down()
    others = tmp_path / "others"
    shutil.copytree(meter._folder / "seen", others)
    shutil.rmtree(meter._folder)
    twin.rename(meter._folder)
    await meter.up()
    await meter.send(*some_calls(100), *some_calls(200))
    await meter.down()
    shutil.rmtree(meter._folder / "seen")
    shutil.copytree(others, meter._folder / "seen")

    await meter.up()

    assert told(await meter.send(*some_calls(), *some_calls(25), *some_calls(100))) == (25, 50, 0)


async def test_where_runs_cannot_be_written_the_store_is_asked(
    meter: Metering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calltally.ingest.identities.spiller._RETRY_SECONDS", 0)
    (meter._folder / "seen").rmdir()
    await meter.send(*some_calls())

    await spill(meter)
    again = await meter.send(*some_calls(time="2026-03-14T00:00:00Z"))

    assert meter.meter.seen_ids.count < 6
    assert meter.meter.seen_ids.spilled == 0
    assert told(again) == (0, 0, 25)
