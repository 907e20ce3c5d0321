"""Old calls can be let go of; what was counted of them stays, and nothing is counted for them again."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from calltally.errors import DamagedDataError, InvalidInputError, PrunedError
from calltally.store.audit import AuditStep, Difference
from calltally.store.memory.memory_store import MemoryUsageStore
from calltally.window import Granularity
from calltally.wiring import MeterOptions
from tests.support.metering import NOON, Metering, a_call

OLD = "2026-03-10T12:00:00Z"


async def test_pruned_calls_stay_counted(any_meter: Metering) -> None:
    await any_meter.send(a_call("1", time=OLD, client_id="shop"), a_call("2", client_id="shop"))

    report = await any_meter.meter.maintenance.prune(date(2026, 3, 12), None)

    assert (report.calls, report.calls_from, report.counts_from) == (1, date(2026, 3, 12), None)
    assert await any_meter.calls() == 2
    assert await any_meter.calls(client_id="shop") == 2
    assert await any_meter.differences() == []


async def test_a_pruned_day_is_sealed_also_for_known_calls(any_meter: Metering) -> None:
    known = a_call("1", time=OLD)
    await any_meter.send(known)
    await any_meter.meter.maintenance.prune(date(2026, 3, 12), None)

    receipt = await any_meter.send(known, a_call("2", time=OLD), a_call("3", time="2026-03-12T00:00:00Z"))

    assert (receipt.accepted, receipt.duplicate, receipt.rejected) == (1, 0, 2)
    assert [verdict.index for verdict in receipt.verdicts] == [0, 1]
    assert receipt.verdicts[0].field == "time"
    assert "accepted is from 2026-03-12T00:00:00+00:00 on" in receipt.verdicts[0].reason
    assert await any_meter.calls() == 2
    await any_meter.settled()
    (codes,) = any_meter.meter.store.rejections("acme").values()
    assert codes == {"day_sealed": 2}
    assert await any_meter.differences() == []


async def test_a_request_of_nothing_but_sealed_calls_is_booked(any_meter: Metering) -> None:
    await any_meter.meter.maintenance.prune(date(2026, 3, 12), None)

    receipt = await any_meter.send(a_call("1", time=OLD))

    assert receipt.rejected == 1
    assert list((await any_meter.books()).values()) == [(1, 0, 0, 0, 1)]


async def test_a_pruned_day_stays_sealed_after_a_restart(any_meter: Metering) -> None:
    await any_meter.meter.maintenance.prune(date(2026, 3, 12), None)
    await any_meter.restart()

    assert (await any_meter.send(a_call("1", time=OLD))).rejected == 1


async def test_what_only_calls_can_tell_is_refused_for_pruned_days(any_meter: Metering) -> None:
    await any_meter.send(a_call("1", time=OLD))
    await any_meter.meter.maintenance.prune(date(2026, 3, 12), None)

    with pytest.raises(PrunedError):
        await any_meter.table(granularity=Granularity.HOUR)


async def test_counts_can_be_pruned_after_their_calls(any_meter: Metering) -> None:
    await any_meter.send(a_call("1", time=OLD), a_call("2"))

    report = await any_meter.meter.maintenance.prune(date(2026, 3, 15), date(2026, 3, 12))

    assert (report.calls, report.counts) == (1, 1)
    assert (report.calls_from, report.counts_from) == (date(2026, 3, 15), date(2026, 3, 12))
    assert await any_meter.differences() == []


async def test_counts_are_kept_as_long_as_their_calls(any_meter: Metering) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await any_meter.meter.maintenance.prune(date(2026, 3, 10), date(2026, 3, 11))

    assert (refused.value.field, refused.value.accepted) == ("counts_before", "a date up to 2026-03-10")


async def test_a_day_that_is_not_over_cannot_be_pruned(any_meter: Metering) -> None:
    with pytest.raises(InvalidInputError, match="not over"):
        await any_meter.meter.maintenance.prune(date(2026, 3, 16), None)

    assert (await any_meter.meter.maintenance.prune(date(2026, 3, 15), None)).calls_from == date(2026, 3, 15)


async def test_pruning_again_prunes_nothing(any_meter: Metering) -> None:
    await any_meter.send(a_call("1", time=OLD))
    await any_meter.meter.maintenance.prune(date(2026, 3, 12), None)

    assert (await any_meter.meter.maintenance.prune(date(2026, 3, 12), None)).calls == 0
    assert (await any_meter.meter.maintenance.prune(date(2026, 3, 1), None)).calls_from == date(2026, 3, 12)


class _DifferingStore(MemoryUsageStore):
    """Finds a difference whenever it is recounted."""

    def audit(self) -> Iterator[AuditStep]:
        yield AuditStep("by_day", 1, 1, (Difference("by_day", "acme", date(2026, 3, 10), "", 2, 1),))


async def test_nothing_is_pruned_and_no_day_sealed_when_a_recount_differs(tmp_path: Path) -> None:
    meter = Metering(tmp_path, store=_DifferingStore())
    await meter.up()
    await meter.send(a_call("1", time=OLD))

    with pytest.raises(DamagedDataError, match="by_day of acme, 2026-03-10, : stored is 2, recounted 1"):
        await meter.meter.maintenance.prune(date(2026, 3, 12), None)

    assert (await meter.send(a_call("2", time=OLD))).accepted == 1
    assert await meter.calls() == 2
    await meter.down()


async def test_calls_and_counts_are_pruned_once_a_day_by_the_settings(tmp_path: Path) -> None:
    meter = Metering(tmp_path, options=MeterOptions(retain_calls_days=10, retain_counts_days=400))
    await meter.up()
    await meter.send(a_call("1", time="2026-03-04T12:00:00Z"), a_call("2", time="2026-03-05T00:00:00Z"))
    retention = meter.meter.retention
    await retention.prune_when_due()
    store = meter.meter.store
    first = store.calls_from, store.counts_from

    meter.clock.move_to(NOON + timedelta(hours=11))
    await retention.prune_when_due()
    same_day = store.calls_from
    meter.clock.move_to(NOON + timedelta(hours=12))
    await retention.prune_when_due()

    assert first == (date(2026, 3, 5), date(2025, 2, 8))
    assert same_day == date(2026, 3, 5)
    assert store.calls_from == date(2026, 3, 6)
    await meter.down()


async def test_without_settings_everything_is_kept_for_ever(any_meter: Metering) -> None:
    assert any_meter.meter.retention.days(date(2026, 3, 15)) == (None, None)
