"""When the store or the disk cannot keep up, senders are told to wait, and nothing is half taken."""

import asyncio
import time
from pathlib import Path

import pytest

from calltally.errors import BusyError, DiskShortError
from calltally.journal.journal import Journal
from calltally.store.memory.memory_store import MemoryUsageStore
from calltally.wiring import MeterOptions
from tests.support.metering import Metering, a_call

MEBIBYTE = 2**20


class StuckStore(MemoryUsageStore):
    """Cannot make anything safe while it is stuck."""

    stuck = True

    def checkpoint(self) -> int:
        return 0 if self.stuck else super().checkpoint()


def heavy_calls(prefix: str) -> list[dict[str, str]]:
    """About 2 MiB in the journal."""
    return [a_call(f"{prefix}-{number}", path=f"/{prefix}{number}/" + "x" * 2000) for number in range(1000)]


async def test_calls_are_refused_while_too_much_of_the_journal_is_not_safe(tmp_path: Path) -> None:
    store = StuckStore()
    meter = Metering(tmp_path, store, MeterOptions(max_journal=MEBIBYTE))
    await meter.up()
    await meter.send(*heavy_calls("a"))

    with pytest.raises(BusyError, match="too far behind") as refused:
        await meter.send(a_call("later"))
    assert 1 <= refused.value.retry_after <= 60
    assert meter.meter.problems() == ["the store lags too far behind the received calls"]
    assert await meter.calls() == 1000

    store.stuck = False
    await meter.settled()
    await asyncio.to_thread(meter.meter.applier.checkpoint)
    assert (await meter.send(a_call("later"))).accepted == 1
    assert meter.meter.problems() == []
    await meter.down()


async def test_what_was_not_safe_before_a_restart_is_not_safe_after_it(tmp_path: Path) -> None:
    store = StuckStore()
    meter = Metering(tmp_path, store, MeterOptions(max_journal=MEBIBYTE))
    await meter.up()
    await meter.send(*heavy_calls("a"))
    await meter.restart()

    with pytest.raises(BusyError):
        await meter.send(a_call("later"))
    await meter.down()


async def test_a_request_that_has_begun_is_taken_as_a_whole(tmp_path: Path) -> None:
    meter = Metering(tmp_path, StuckStore(), MeterOptions(max_journal=MEBIBYTE))
    await meter.up()

    receipt = await meter.send(*heavy_calls("a"), *heavy_calls("b"), *heavy_calls("c"))

    assert receipt.accepted == 3000
    await meter.down()


async def test_a_short_disk_is_a_reason_of_its_own(tmp_path: Path) -> None:
    meter = Metering(tmp_path, options=MeterOptions(minimum_free_disk=2**62))
    await meter.up()

    with pytest.raises(DiskShortError, match="bytes are free"):
        await meter.send(a_call())

    assert await meter.books() == {}
    await meter.down()


async def test_rejected_calls_alone_do_not_fill_the_journal_for_ever(meter: Metering) -> None:
    await meter.send(*(a_call(str(number), status=99) for number in range(100)))
    await meter.settled()
    assert meter.meter.journal.unsafe_bytes > 0

    meter.meter.applier._checkpoint_seconds = 0
    await meter.send(a_call("", status=99))
    await meter.settled()
    await asyncio.to_thread(wait_until_safe, meter.meter.journal)


def wait_until_safe(journal: Journal) -> None:
    while journal.unsafe_bytes:
        time.sleep(0.01)


async def test_the_lag_is_told_in_calls_and_seconds(meter: Metering) -> None:
    assert meter.meter.behind == (0, 0.0)
    await meter.send(*(a_call(str(number)) for number in range(100)))
    await meter.settled()

    assert meter.meter.behind == (0, 0.0)
