"""Calls that were counted and turned out to be wrong can be taken back, said anew and replaced."""

import asyncio
import json
from datetime import UTC, date, datetime

import pytest

from calltally.call import CallName
from calltally.errors import InvalidInputError, NotFoundError, PrunedError
from calltally.usage_query import Dimension
from calltally.window import Granularity
from tests.support.metering import Metering, a_call

DAY = ("2026-03-15T00:00:00+00:00", "2026-03-16T00:00:00+00:00")


async def clients(meter: Metering) -> dict[str, int]:
    return {row[0]: row[1] for row in await meter.table(Dimension.CLIENT_ID)}


async def test_a_cancelled_call_counts_no_more(any_meter: Metering) -> None:
    await any_meter.send(a_call("1", client_id="shop"), a_call("2", client_id="desk"))

    correction = await any_meter.cancel("1")

    assert (correction.withdrawn, correction.restated, correction.added) == (1, 0, 0)
    assert await clients(any_meter) == {"desk": 1}
    assert await any_meter.calls() == 1


async def test_the_id_of_a_cancelled_call_stays_taken(any_meter: Metering) -> None:
    await any_meter.send(a_call(status=200))
    await any_meter.cancel("c-1")

    again = await any_meter.send(a_call(status=200))
    other = await any_meter.send(a_call(status=500))

    assert (again.duplicate, other.conflict) == (1, 1)
    assert await any_meter.calls() == 0


async def test_cancelling_twice_takes_back_once(any_meter: Metering) -> None:
    await any_meter.send(a_call("1"), a_call("2"))
    await any_meter.cancel("1")

    again = await any_meter.cancel("1")

    assert again.withdrawn == 0
    assert await any_meter.calls() == 1


async def test_a_call_that_is_named_twice_is_cancelled_once(any_meter: Metering) -> None:
    await any_meter.send(a_call())

    assert (await any_meter.cancel("c-1", "c-1")).withdrawn == 1
    assert await any_meter.calls() == 0


async def test_an_unknown_call_keeps_the_others_from_being_cancelled(any_meter: Metering) -> None:
    await any_meter.send(a_call("1"))

    with pytest.raises(NotFoundError, match="no call 'x' of origin '' and 1 more was counted"):
        await any_meter.cancel("1", "x", "y")

    assert await any_meter.calls() == 1


async def test_a_call_is_named_with_its_origin(any_meter: Metering) -> None:
    await any_meter.send(a_call("1", origin="a", client_id="a"), a_call("1", origin="b", client_id="b"))

    await any_meter.cancel(CallName("b", "1"))

    assert await clients(any_meter) == {"a": 1}


async def test_another_organizations_call_cannot_be_corrected(any_meter: Metering) -> None:
    await any_meter.send(a_call(), organization="acme")

    with pytest.raises(NotFoundError):
        await any_meter.cancel("c-1", organization="globex")
    with pytest.raises(NotFoundError):
        await any_meter.amend(a_call(), organization="globex")

    assert await any_meter.calls() == 1


async def test_an_amended_call_is_what_it_is_said_to_be_now(any_meter: Metering) -> None:
    await any_meter.send(a_call(client_id="shop", status=500, path="/users/1"), a_call("2", client_id="shop"))

    correction = await any_meter.amend(a_call(client_id="desk", status=200, time="2026-03-14T08:00:00Z"))

    assert (correction.withdrawn, correction.restated, correction.added) == (1, 1, 0)
    assert await clients(any_meter) == {"desk": 1, "shop": 1}
    days = await any_meter.table(granularity=Granularity.DAY)
    assert [(row[0].day, row[1], row[2]) for row in days] == [(14, 1, 1), (15, 1, 0)]


async def test_an_amended_call_can_be_amended_and_cancelled(any_meter: Metering) -> None:
    await any_meter.send(a_call(client_id="a"))
    await any_meter.amend(a_call(client_id="b"))
    await any_meter.amend(a_call(client_id="c"))
    assert await clients(any_meter) == {"c": 1}

    await any_meter.cancel("c-1")
    assert await clients(any_meter) == {}

    restated = await any_meter.amend(a_call(client_id="d"))
    assert (restated.withdrawn, restated.restated) == (0, 1)
    assert await clients(any_meter) == {"d": 1}


async def test_only_what_was_sent_first_is_a_duplicate_after_an_amendment(any_meter: Metering) -> None:
    await any_meter.send(a_call(client_id="a"))
    await any_meter.amend(a_call(client_id="b"))

    first = await any_meter.send(a_call(client_id="a"))
    amended = await any_meter.send(a_call(client_id="b"))

    assert (first.duplicate, amended.conflict) == (1, 1)
    assert await clients(any_meter) == {"b": 1}


async def test_only_a_call_that_was_counted_can_be_amended(any_meter: Metering) -> None:
    await any_meter.send(a_call("1"))

    with pytest.raises(NotFoundError, match="no call '2'"):
        await any_meter.amend(a_call("1", status=500), a_call("2"))

    assert await any_meter.table() == [(1, 0, 0, 0, 0, 0, 1)]


async def test_an_amendment_names_the_call_and_the_field_that_are_wrong(any_meter: Metering) -> None:
    await any_meter.send(a_call("1"), a_call("2"))

    with pytest.raises(InvalidInputError) as refused:
        await any_meter.amend(a_call("1"), a_call("2", status=99))

    assert (refused.value.field, refused.value.received) == ("calls[1].status", 99)
    assert "status of call 1 is 99" in str(refused.value)


async def test_an_amendment_says_each_call_once(any_meter: Metering) -> None:
    await any_meter.send(a_call())

    with pytest.raises(InvalidInputError, match="call 1 has the id of call 0"):
        await any_meter.amend(a_call(status=200), a_call(status=500))


async def test_a_correction_has_a_reason(any_meter: Metering) -> None:
    await any_meter.send(a_call())

    with pytest.raises(InvalidInputError) as refused:
        await any_meter.cancel("c-1", why=" ")

    assert refused.value.field == "why"
    assert await any_meter.calls() == 1


async def test_a_correction_names_at_least_one_call(any_meter: Metering) -> None:
    with pytest.raises(InvalidInputError, match="0 calls were given"):
        await any_meter.cancel()


async def test_what_is_counted_in_a_range_is_replaced(any_meter: Metering) -> None:
    await any_meter.send(
        a_call("before", time="2026-03-14T23:59:59.999Z", client_id="shop"),
        a_call("1", time="2026-03-15T00:00:00Z", client_id="shop"),
        a_call("2", time="2026-03-15T11:00:00Z", client_id="shop"),
        a_call("other", client_id="desk"),
    )

    correction = await any_meter.replace(
        *DAY, a_call("2", client_id="shop", status=200), a_call("3", client_id="shop"), client_id="shop"
    )

    assert (correction.withdrawn, correction.restated, correction.added) == (2, 1, 1)
    assert await clients(any_meter) == {"shop": 3, "desk": 1}
    added_again = await any_meter.send(a_call("3", client_id="shop"))
    assert added_again.duplicate == 1


async def test_a_range_can_be_replaced_by_nothing(any_meter: Metering) -> None:
    await any_meter.send(a_call("1"), a_call("2"))

    correction = await any_meter.replace(*DAY)

    assert (correction.withdrawn, correction.added) == (2, 0)
    assert await any_meter.calls() == 0


async def test_replacing_twice_gives_what_replacing_once_does(any_meter: Metering) -> None:
    await any_meter.send(a_call("1"), a_call("2"))
    for _ in range(2):
        await any_meter.replace(*DAY, a_call("2", status=404), a_call("3"))

    assert await any_meter.table() == [(2, 0, 0, 1, 0, 0, 1)]


async def test_a_cancelled_call_can_come_back_by_replacing(any_meter: Metering) -> None:
    await any_meter.send(a_call("1"))
    await any_meter.cancel("1")

    correction = await any_meter.replace(*DAY, a_call("1"))

    assert (correction.restated, correction.added) == (1, 0)
    assert await any_meter.calls() == 1


async def test_a_replacing_call_lies_in_the_range(any_meter: Metering) -> None:
    for call, field in [
        (a_call("1", time="2026-03-16T00:00:00Z", client_id="shop"), "calls[0].time"),
        (a_call("1", client_id="desk"), "calls[0].client_id"),
    ]:
        with pytest.raises(InvalidInputError) as refused:
            await any_meter.replace(*DAY, call, client_id="shop")
        assert refused.value.field == field


async def test_a_call_that_is_counted_elsewhere_does_not_move_by_replacing(any_meter: Metering) -> None:
    await any_meter.send(a_call("1", time="2026-03-14T12:00:00Z"))

    with pytest.raises(InvalidInputError, match="already counted outside the range"):
        await any_meter.replace(*DAY, a_call("1"))


async def test_calls_that_come_while_a_range_is_replaced_are_counted_once(any_meter: Metering) -> None:
    calls = [a_call(str(number), client_id=str(number)) for number in range(200)]
    sending = asyncio.gather(*(any_meter.send(call) for call in calls))

    receipts, correction = await asyncio.gather(sending, any_meter.replace(*DAY, *calls[:100]))

    counted = await clients(any_meter)
    assert set(counted.values()) == {1}
    assert {str(number) for number in range(100)} <= set(counted)
    assert sum(receipt.accepted for receipt in receipts) + correction.added == 200
    assert await any_meter.differences() == []


async def test_corrections_are_kept_with_who_and_why(any_meter: Metering) -> None:
    await any_meter.send(a_call("1"), a_call("2"))
    await any_meter.cancel("1", why="sent by a test")
    await any_meter.replace(*DAY, client_id="shop")
    await any_meter.settled()

    (second, replaced), (first, cancelled) = any_meter.meter.store.corrections("acme")

    assert (first, second) == (2, 3)
    assert (cancelled.who, cancelled.why, cancelled.action) == ("ann", "sent by a test", "cancel")
    assert json.loads(cancelled.subject) == {"calls": 1, "ids": [{"origin": "", "id": "1"}]}
    assert replaced.action == "replace"
    assert json.loads(replaced.subject) == {
        "from": DAY[0],
        "to": DAY[1],
        "client_id": ["shop"],
        "calls": 0,
    }


async def test_corrections_survive_a_restart(any_meter: Metering) -> None:
    await any_meter.send(a_call("1", client_id="a"), a_call("2", client_id="a"))
    await any_meter.amend(a_call("1", client_id="b"))
    await any_meter.replace(*DAY, a_call("3", client_id="a"), client_id="a")
    await any_meter.restart()

    assert await clients(any_meter) == {"a": 1, "b": 1}
    resent = await any_meter.send(*(a_call(id_, client_id="a") for id_ in "123"))
    assert resent.duplicate == 3
    assert await any_meter.differences() == []


async def test_an_added_call_is_known_before_the_store_has_it(any_meter: Metering) -> None:
    added, sent = await asyncio.gather(any_meter.replace(*DAY, a_call("1")), any_meter.send(a_call("1")))

    assert added.added + added.restated == 1
    assert sent.accepted + sent.duplicate == 1
    assert await any_meter.calls() == 1


async def test_books_of_ingest_know_nothing_of_corrections(any_meter: Metering) -> None:
    await any_meter.send(a_call("1"))
    await any_meter.cancel("1")
    await any_meter.replace(*DAY, a_call("2"))

    assert list((await any_meter.books()).values()) == [(1, 1, 0, 0, 0)]


async def test_calls_of_pruned_days_cannot_be_corrected(any_meter: Metering) -> None:
    await any_meter.send(a_call("1", time="2026-03-10T12:00:00Z"), a_call("2"))
    await any_meter.meter.maintenance.prune(date(2026, 3, 12), None)

    with pytest.raises(NotFoundError, match="or its day was pruned"):
        await any_meter.cancel("1")
    with pytest.raises(PrunedError) as amended:
        await any_meter.amend(a_call("2", time="2026-03-11T23:59:59Z"))
    with pytest.raises(PrunedError):
        await any_meter.replace("2026-03-11T12:00:00+00:00", DAY[1])

    assert amended.value.earliest == datetime(2026, 3, 12, tzinfo=UTC)
    assert await any_meter.calls() == 2
