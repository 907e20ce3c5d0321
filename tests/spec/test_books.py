"""What came in and what became of it can be read in the books, by day, reason and example."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from calltally.api.problems import REASONS
from calltally.ingest.call_rules import CODES
from tests.support.kept import as_it_came
from tests.support.metering import NOON, Metering, a_call

TODAY = (NOON - datetime(1970, 1, 1, tzinfo=UTC)).days


async def rejections(meter: Metering, organization: str = "acme") -> dict[int, dict[str, int]]:
    await meter.settled()
    return meter.meter.store.rejections(organization)


async def samples(meter: Metering, organization: str = "acme") -> list[tuple[str, str, bytes]]:
    await meter.settled()
    return [(one.code, one.field, one.content) for one in as_it_came(meter.meter.store.samples(organization))]


async def test_rejected_calls_are_counted_by_reason(meter: Metering) -> None:
    await meter.send(
        a_call("1"),
        a_call("2", status=99),
        a_call("3", status=600),
        a_call("4", time="2026-01-01T00:00:00Z"),
        a_call("5", time="2026-03-16T00:00:00Z"),
        a_call("6", time="noon"),
        a_call(""),
        a_call("7" * 257),
        a_call("8\0"),
        a_call("9", organization="globex"),
        a_call("10", duration_ms=-1),
        a_call("11", colour="red"),
        {"id": "12"},
        a_call("13", status="200"),
        b"[]",
        b"{",
        b'{"id": "\xff"}',
        b"[" * 100_000,
        b"{" + b" " * 70_000 + b"}",
    )

    assert set((await rejections(meter))[TODAY]) <= CODES
    assert await rejections(meter) == {
        TODAY: {
            "status.out_of_range": 2,
            "time.too_late": 1,
            "time.in_future": 1,
            "time.unreadable": 1,
            "id.missing": 1,
            "id.too_long": 1,
            "id.nul": 1,
            "organization.foreign": 1,
            "duration_ms.out_of_range": 1,
            "unknown_field": 1,
            "time.missing": 1,
            "wrong_type": 2,
            "unreadable": 1,
            "not_utf8": 1,
            "too_large": 2,
        }
    }
    assert (await meter.books())[TODAY] == (19, 1, 0, 0, 18)


def test_every_code_and_reason_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    written = [code for code in CODES if f"`{code}`" in page or f"`FIELD.{code.partition('.')[2]}`" in page]

    assert sorted(written) == sorted(CODES)
    assert [reason for reason in REASONS if f"`{reason}`" not in page] == []


async def test_reasons_are_booked_by_the_day_of_receipt(meter: Metering) -> None:
    await meter.send(a_call(status=99))
    meter.clock.move_to(NOON + timedelta(days=1))
    await meter.send(a_call(status=99), a_call(""))

    assert await rejections(meter) == {
        TODAY: {"status.out_of_range": 1},
        TODAY + 1: {"status.out_of_range": 1, "id.missing": 1},
    }


async def test_a_rejected_call_is_kept_as_it_came(meter: Metering) -> None:
    sent = b'{"id":  "1", "time": 17}'
    await meter.send(a_call("2", status=99, client_id="shop"), sent)

    (unreadable, wrong) = sorted(await samples(meter), reverse=True)

    assert unreadable == ("wrong_type", "time", sent)
    assert wrong[:2] == ("status.out_of_range", "status")
    assert json.loads(wrong[2]) == a_call("2", status=99, client_id="shop")


async def test_of_each_reason_twenty_calls_a_day_are_kept(meter: Metering) -> None:
    for _ in range(3):
        await meter.send(*(a_call(str(number), status=99) for number in range(15)), a_call(""))
    meter.clock.move_to(NOON + timedelta(days=1))
    await meter.send(*(a_call(str(number), status=99) for number in range(30)))

    codes = [code for code, _, _ in await samples(meter)]

    assert codes.count("status.out_of_range") == 40
    assert codes.count("id.missing") == 3


async def test_a_kept_call_is_cut_to_four_kibibytes(meter: Metering) -> None:
    await meter.send(a_call("1", route="x" * 8000, status=99), b'{"id": "' + b"y" * 10_000 + b'"}')

    assert [len(content) for _, _, content in await samples(meter)] == [4096, 4096]


async def test_half_a_surrogate_pair_is_rejected_and_kept(meter: Metering) -> None:
    receipt = await meter.send(b'{"id": "\\ud800", "time": "2026-03-15T11:59:00Z"}')

    assert receipt.rejected == 1
    assert len(await samples(meter)) == 1


async def test_an_organization_sees_only_its_own_books(meter: Metering) -> None:
    await meter.send(a_call(status=99), organization="acme")

    assert await rejections(meter, "globex") == {}
    assert await samples(meter, "globex") == []


async def test_refused_requests_are_counted_by_reason(meter: Metering) -> None:
    for reason in ("busy", "busy", "too_large"):
        meter.meter.intake.refused("acme", reason)
    await meter.send(a_call())
    await meter.settled()

    assert meter.meter.store.refusals("acme") == {TODAY: {"busy": 2, "too_large": 1}}
    assert meter.meter.store.refusals("globex") == {}


async def test_a_refusal_is_on_disk_within_a_second_though_no_call_comes(meter: Metering) -> None:
    meter.meter.intake.refused("acme", "busy")

    await meter.meter.journal.durable.reached(1)
    await meter.restart()

    assert meter.meter.store.refusals("acme") == {TODAY: {"busy": 1}}


async def test_an_orderly_end_loses_no_refusal(meter: Metering) -> None:
    meter.meter.intake.refused("acme", "busy")
    await meter.restart()

    assert meter.meter.store.refusals("acme") == {TODAY: {"busy": 1}}


async def test_the_books_are_kept_by_a_clock_that_jumps(meter: Metering) -> None:
    days = (0, 40, -3, 0)
    for number, day in enumerate(days):
        now = NOON + timedelta(days=day)
        meter.clock.move_to(now)
        call: dict[str, Any] = {"id": f"{number}", "time": now.isoformat()}
        receipt = await meter.send(call, call, {"id": f"{number}", "time": now.isoformat(), "status": 99})
        assert (receipt.accepted, receipt.duplicate, receipt.rejected) == (1, 1, 1)

    assert await meter.books() == {
        TODAY: (6, 2, 2, 0, 2),
        TODAY + 40: (3, 1, 1, 0, 1),
        TODAY - 3: (3, 1, 1, 0, 1),
    }
    assert await meter.calls() == 4
    assert await meter.differences() == []


async def test_a_call_is_counted_once_though_the_clock_jumps_and_the_server_restarts(meter: Metering) -> None:
    call = a_call()
    await meter.send(call)
    for days in (40, 0, -30, 0):
        meter.clock.move_to(NOON + timedelta(days=days))
        await meter.restart()
        receipt = await meter.send(call, backfill=True)
        assert receipt.accepted == 0

    assert await meter.calls() == 1
