"""Calls that were counted more often than once can be counted once again, each by name and for good."""

from pathlib import Path
from typing import Any

import pytest

from calltally.errors import InvalidInputError
from calltally.ingest.identities.seen_ids import SeenIds
from calltally.maintenance.repairer import RepairedCall
from calltally.usage_query import Dimension
from tests.support.metering import LastingMetering, Metering, a_call


def forget_identities(meter: Metering) -> None:
    """Has the ordered step take every identity for new, as a fault of ours once did."""
    meter.meter.step._seen_ids = SeenIds(1_000_000)


async def twice(meter: Metering, *calls: dict[str, Any], organization: str = "acme") -> None:
    await meter.send(*calls, organization=organization)
    forget_identities(meter)
    assert (await meter.send(*calls, organization=organization)).accepted == len(calls)


async def repaired(meter: Metering) -> list[RepairedCall]:
    return [call async for step in meter.meter.maintenance.repair("ann", "a fault") for call in step.calls]


async def test_calls_that_were_counted_twice_count_once_after_a_repair(any_meter: Metering) -> None:
    calls = [a_call(str(number), client_id=f"c{number % 2}", status=200) for number in range(5)]
    await twice(any_meter, *calls)
    await any_meter.send(a_call("only once", client_id="c1", status=200))
    assert await any_meter.calls() == 11

    mended = await repaired(any_meter)

    assert await any_meter.calls() == 6
    assert await any_meter.calls(client_id="c0") == 3
    assert {(one.organization, one.counted, one.counts, len(one.received)) for one in mended} == {
        ("acme", 2, 1, 2)
    }
    assert len(mended) == 5
    assert await any_meter.differences() == []


async def test_a_repair_stands_in_the_list_of_corrections_with_who_and_why(any_meter: Metering) -> None:
    await twice(any_meter, a_call("1"), a_call("2"))

    await repaired(any_meter)

    corrections = (await any_meter.meter.engine.corrections("acme")).value
    assert [(c.action, c.who, c.why, c.withdrawn, c.restated, c.added) for _, c in corrections] == [
        ("repair", "ann", "a fault", 4, 2, 0)
    ]


async def test_a_second_repair_finds_nothing(any_meter: Metering) -> None:
    await twice(any_meter, a_call("1"))
    await repaired(any_meter)

    assert await repaired(any_meter) == []
    assert await any_meter.calls() == 1


async def test_a_call_that_was_taken_three_times_with_other_content_keeps_what_came_first(
    any_meter: Metering,
) -> None:
    await any_meter.send(a_call("1", status=200, path="/first"))
    for status in (404, 500):
        forget_identities(any_meter)
        await any_meter.send(a_call("1", status=status))

    (mended,) = await repaired(any_meter)

    assert (mended.status, mended.counted, mended.counts) == (200, 3, 1)
    assert await any_meter.table(Dimension.STATUS) == [(200, 1, 1, 0, 0, 0, 0, 1)]
    assert await any_meter.differences() == []


async def test_a_doubled_call_that_was_cancelled_counts_no_more(any_meter: Metering) -> None:
    await twice(any_meter, a_call("1"), a_call("2"))
    await any_meter.cancel("1")
    assert await any_meter.calls() == 3

    mended = await repaired(any_meter)

    assert sorted((one.counted, one.counts) for one in mended) == [(1, 0), (2, 1)]
    assert await any_meter.calls() == 1
    assert await any_meter.differences() == []


async def test_a_doubled_call_that_was_amended_says_what_the_amendment_said(any_meter: Metering) -> None:
    await twice(any_meter, a_call("1", client_id="a"), a_call("2", client_id="a"))
    await any_meter.amend(a_call("1", client_id="b"), a_call("2", client_id="b", time="2026-03-14T10:00:00Z"))

    await repaired(any_meter)

    assert await any_meter.calls(client_id="b") == 2
    assert await any_meter.calls() == 2
    assert await any_meter.differences() == []


async def test_a_repaired_call_can_be_cancelled_and_stays_a_duplicate(any_meter: Metering) -> None:
    await twice(any_meter, a_call("1"), a_call("2"))
    await repaired(any_meter)

    await any_meter.cancel("1")

    assert await any_meter.calls() == 1
    assert (await any_meter.send(a_call("1"), a_call("2"))).duplicate == 2
    assert await any_meter.differences() == []


async def test_organizations_are_repaired_each_by_corrections_of_their_own(any_meter: Metering) -> None:
    await twice(any_meter, a_call("1"))
    await twice(any_meter, a_call("1"), a_call("2"), organization="globex")

    mended = await repaired(any_meter)

    assert sorted(one.organization for one in mended) == ["acme", "globex", "globex"]
    assert (await any_meter.calls(), await any_meter.calls("globex")) == (1, 2)


async def test_calls_of_many_days_are_repaired_some_at_a_time(
    any_meter: Metering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calltally.maintenance.repairer.CALLS_AT_ONCE", 3)
    await twice(any_meter, *(a_call(str(n), time=f"2026-03-{1 + n % 14:02}T10:00:00Z") for n in range(40)))

    mended = await repaired(any_meter)

    assert len(mended) == 40
    assert len((await any_meter.meter.engine.corrections("acme")).value) == 14
    assert await any_meter.calls() == 40
    assert await any_meter.differences() == []


async def test_a_repair_without_a_reason_is_refused_and_changes_nothing(any_meter: Metering) -> None:
    await twice(any_meter, a_call("1"))

    with pytest.raises(InvalidInputError):
        await anext(any_meter.meter.maintenance.repair("ann", " "))

    assert await any_meter.calls() == 2


async def test_what_was_repaired_stays_so_after_a_restart(tmp_path: Path) -> None:
    meter = LastingMetering(tmp_path)
    await meter.up()
    await twice(meter, a_call("1"), a_call("2"))
    await repaired(meter)
    await meter.restart()

    assert await meter.calls() == 2
    assert (await meter.send(a_call("1"))).duplicate == 1
    assert await meter.differences() == []
    await meter.down()
