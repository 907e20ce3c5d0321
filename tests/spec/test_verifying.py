"""Everything that was counted can be recounted, at any time, and what differs is told."""

import asyncio
from pathlib import Path

from calltally.store.audit import AuditStep
from tests.support.metering import LastingMetering, Metering, a_call


async def steps(meter: Metering) -> list[AuditStep]:
    return [step async for step in meter.meter.maintenance.verify()]


async def test_a_recount_of_what_was_counted_finds_nothing(any_meter: Metering) -> None:
    await any_meter.send(
        *(a_call(str(number), client_id=f"c{number % 3}", status=200) for number in range(50)),
        a_call("0", status=500),
        a_call("x", status=99),
    )
    await any_meter.cancel("1", "2")
    await any_meter.amend(a_call("3", client_id="else", time="2026-03-01T12:00:00Z"))

    told = await steps(any_meter)

    assert [difference for step in told for difference in step.differences] == []
    assert len({step.what for step in told}) > 3
    assert told[-1].what == "the journal's files"


async def test_a_recount_covers_what_was_acknowledged_before_it(any_meter: Metering) -> None:
    await any_meter.send(*(a_call(str(number)) for number in range(10)))
    await steps(any_meter)

    assert any_meter.meter.store.position == 1


async def test_calls_that_keep_coming_make_no_difference(tmp_path: Path) -> None:
    meter = LastingMetering(tmp_path)
    await meter.up()

    async def keep_sending() -> None:
        for number in range(100):
            await meter.send(a_call(str(number)), a_call(str(number)), a_call("", status=99))

    sending = asyncio.create_task(keep_sending())
    found = []
    while not sending.done():
        found += await meter.differences()
    await sending
    assert found == []
    await meter.down()


async def test_a_journal_file_that_was_damaged_is_told(tmp_path: Path) -> None:
    meter = LastingMetering(tmp_path)
    await meter.up()
    await meter.send(a_call("1"))
    await meter.send(a_call("2"))
    await meter.settled()
    (file,) = (tmp_path / "journal").glob("*.frames")
    content = file.read_bytes()
    file.write_bytes(content[:-30] + b"\xff" * 10 + content[-20:])

    (difference,) = await meter.differences()

    assert difference.what == "the journal's files"
    assert difference.key == f"{file.name}: position 2 cannot be read"
    file.write_bytes(content)
    assert await meter.differences() == []
    await meter.down()


async def test_a_recount_can_be_broken_off(any_meter: Metering) -> None:
    await any_meter.send(a_call())

    async for _ in any_meter.meter.maintenance.verify():
        break

    assert (await any_meter.send(a_call("2"))).accepted == 1
    assert await any_meter.differences() == []
