"""Which route, which day, which organization a call counts for."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from calltally.ingest.body_decoder import TimeLimits
from calltally.usage_query import Dimension
from calltally.window import Granularity
from calltally.wiring import MeterOptions
from tests.support.metering import Metering, a_call


@pytest.fixture(params=[False, True], ids=["native", "reference"])
def by_reference(request: pytest.FixtureRequest) -> bool:
    """Every promise here is kept whichever decoder reads the calls."""
    chosen: bool = request.param
    return chosen


async def routes(meter: Metering) -> dict[str, int]:
    return {row[0]: row[1] for row in await meter.table(Dimension.ROUTE)}


async def test_a_route_that_is_sent_is_kept(meter: Metering) -> None:
    await meter.send(a_call(route="/users/{user}", path="/users/17"))

    assert await routes(meter) == {"/users/{user}": 1}


async def test_a_path_without_a_route_gets_one(meter: Metering) -> None:
    await meter.send(
        a_call("1", path="/users/17"),
        a_call("2", path="/users/18?secret=1"),
        a_call("3", path="/users/3b241101-e2bb-4255-8caf-4136c566a962/keys"),
        a_call("4", path="/blobs/507f1f77bcf86cd799439011"),
        a_call("5", path="/blobs/507f1f77bcf86cd79943901"),
        a_call("6", path="/v2/me#top"),
        a_call("7"),
    )

    assert await routes(meter) == {
        "": 1,
        "/blobs/507f1f77bcf86cd79943901": 1,
        "/blobs/{id}": 1,
        "/users/{id}": 2,
        "/users/{id}/keys": 1,
        "/v2/me": 1,
    }


async def test_beyond_their_bound_new_derived_routes_become_other(tmp_path: Path, by_reference: bool) -> None:
    meter = Metering(tmp_path, options=MeterOptions(max_derived_routes=2), by_reference=by_reference)
    await meter.up()
    await meter.send(*(a_call(f"{name}", path=f"/{name}") for name in "abcd"), a_call("e", route="/own"))
    await meter.restart()

    await meter.send(a_call("a2", path="/a"), a_call("f", path="/f"))
    resent = await meter.send(a_call("d", path="/d"))

    assert await routes(meter) == {"/a": 2, "/b": 1, "/own": 1, "{other}": 3}
    assert resent.duplicate == 1
    await meter.down()


async def test_more_rules_for_routes_can_be_configured(tmp_path: Path, by_reference: bool) -> None:
    meter = Metering(
        tmp_path, options=MeterOptions(route_patterns=("[A-Z]{2}-[0-9]+",)), by_reference=by_reference
    )
    await meter.up()

    await meter.send(a_call(path="/orders/DE-100"))

    assert await routes(meter) == {"/orders/{id}": 1}
    await meter.down()


async def test_the_calls_own_time_decides_its_day(meter: Metering) -> None:
    await meter.send(
        a_call("1", time="2026-03-01T23:59:59.999Z"),
        a_call("2", time="2026-03-02T00:00:00Z"),
        a_call("3", time="2026-03-02T01:00:00+02:00"),
    )

    rows = await meter.table(granularity=Granularity.DAY)

    assert [(row[0].isoformat(), row[1]) for row in rows] == [
        ("2026-03-01T00:00:00+00:00", 2),
        ("2026-03-02T00:00:00+00:00", 1),
    ]


async def test_digits_behind_the_millisecond_are_cut_not_rounded(meter: Metering) -> None:
    await meter.send(a_call(time="2026-03-01T23:59:59.9999999Z"))

    rows = await meter.table(granularity=Granularity.DAY)

    assert rows[0][0].isoformat() == "2026-03-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("time", "accepted"),
    [
        ("2026-03-15T12:05:00Z", 1),
        ("2026-03-15T12:05:00.001Z", 0),
        ("2026-02-08T12:00:00Z", 1),
        ("2026-02-08T11:59:59.999Z", 0),
    ],
    ids=["five minutes ahead", "more", "35 days late", "later"],
)
async def test_live_calls_lie_between_35_days_ago_and_five_minutes_ahead(
    meter: Metering, time: str, accepted: int
) -> None:
    receipt = await meter.send(a_call(time=time))

    assert receipt.accepted == accepted
    assert await meter.calls() == accepted


async def test_older_calls_come_as_a_declared_backfill(meter: Metering) -> None:
    refused = await meter.send(a_call(time="2019-01-01T00:00:00Z"))
    taken = await meter.send(a_call(time="2019-01-01T00:00:00Z"), backfill=True)

    assert "send older calls as a declared backfill (?backfill=true)" in refused.verdicts[0].reason
    assert taken.accepted == 1


async def test_a_backfill_may_not_lie_in_the_future_either(meter: Metering) -> None:
    receipt = await meter.send(a_call(time="2026-03-15T12:06:00Z"), backfill=True)

    assert "too far in the future; accepted is up to 2026-03-15T12:05:00+00:00" in receipt.verdicts[0].reason


async def test_the_bounds_of_time_are_settings(tmp_path: Path, by_reference: bool) -> None:
    limits = TimeLimits(future_ms=0, late_ms=60_000)
    meter = Metering(tmp_path, options=MeterOptions(times=limits), by_reference=by_reference)
    await meter.up()

    receipt = await meter.send(a_call(time="2026-03-15T11:58:59Z"), a_call(time="2026-03-15T12:00:00.001Z"))

    assert receipt.rejected == 2
    await meter.down()


async def test_an_identity_counts_once_however_often_the_server_restarts(meter: Metering) -> None:
    await meter.send(a_call())
    for _ in range(3):
        await meter.restart()
        receipt = await meter.send(a_call())
        assert receipt.duplicate == 1

    assert await meter.calls() == 1


async def test_a_status_of_0_or_1xx_counts_in_the_total_and_in_no_class(meter: Metering) -> None:
    await meter.send(*(a_call(str(status), status=status) for status in (0, 101, 204, 302, 404, 429, 503)))

    (row,) = await meter.table()

    assert row == (7, 1, 1, 2, 1, 1, 1)


async def test_a_call_of_a_day_long_ago_is_known_after_memory_has_let_it_go(meter: Metering) -> None:
    old = a_call("old", time="2020-05-05T00:00:00Z")
    await meter.send(old, backfill=True)
    meter.clock.move_to(datetime(2026, 6, 1, tzinfo=UTC))
    await meter.restart()

    again = await meter.send(old, backfill=True)
    other_content = await meter.send(old | {"status": 500}, backfill=True)
    other_day = await meter.send(a_call("old", time="2020-05-06T00:00:00Z"), backfill=True)

    assert (again.duplicate, other_content.conflict, other_day.accepted) == (1, 1, 1)
