"""Corrections over HTTP: done as a whole, told to whom they concern, refused in words that help."""

import gzip
import json
from datetime import date, timedelta
from typing import Any

import pytest

from tests.support.doors import MOST_BODY_BYTES, Doors, faults
from tests.support.metering import NOON, Metering, a_call

DEEP = b"[" * 40_000 + b"]" * 40_000
THE_DAY: dict[str, Any] = {"action": "replace", "from": "2026-03-15", "to": "2026-03-16"}


async def test_a_call_is_cancelled_by_its_id(meter: Metering, doors: Doors) -> None:
    await meter.send(a_call("1"), a_call("2"))

    done = await doors.corrected(action="cancel", ids=["1"], why="sent by a test")

    assert done == {
        "received": "2026-03-15T12:00:00.000Z",
        "who": "acme-books",
        "why": "sent by a test",
        "action": "cancel",
        "withdrawn": 1,
        "restated": 0,
        "added": 0,
    }
    assert await doors.rows("/v1/usage") == [{"calls": 1}]


async def test_a_call_with_an_origin_is_named_with_it(meter: Metering, doors: Doors) -> None:
    await meter.send(a_call("1"), a_call("1", origin="eu"), a_call("1", origin="us"))

    await doors.corrected(action="cancel", ids=[{"origin": "eu", "id": "1"}])

    assert await meter.calls() == 2
    assert (await meter.send(a_call("1", origin="eu"))).duplicate == 1


async def test_a_call_is_said_anew(meter: Metering, doors: Doors) -> None:
    await meter.send(a_call("1", client_id="shop"), a_call("2", client_id="shop"))

    done = await doors.corrected(action="amend", calls=[a_call("1", client_id="desk")])

    assert (done["withdrawn"], done["restated"], done["added"]) == (1, 1, 0)
    assert await doors.rows("/v1/usage", group_by="client_id") == [
        {"client_id": "desk", "calls": 1},
        {"client_id": "shop", "calls": 1},
    ]


async def test_the_calls_of_a_window_are_replaced_where_filters_hold(meter: Metering, doors: Doors) -> None:
    await meter.send(
        a_call("1", client_id="shop", status=200),
        a_call("2", client_id="shop", status=500),
        a_call("3", client_id="desk", status=500),
        a_call("4", client_id="shop", status=502),
    )

    done = await doors.corrected(
        **THE_DAY, client_id="shop", status=[500, 502], calls=[a_call("5", client_id="shop", status=500)]
    )

    assert (done["withdrawn"], done["restated"], done["added"]) == (2, 0, 1)
    assert await doors.rows("/v1/usage", group_by="client_id,status") == [
        {"client_id": "desk", "status": 500, "calls": 1},
        {"client_id": "shop", "status": 200, "calls": 1},
        {"client_id": "shop", "status": 500, "calls": 1},
    ]


async def test_the_calls_of_a_window_are_replaced_by_none(meter: Metering, doors: Doors) -> None:
    await meter.send(a_call("1"), a_call("2"))

    assert (await doors.corrected(**THE_DAY, calls=[]))["withdrawn"] == 2
    assert await meter.calls() == 0


async def test_corrections_are_listed_newest_first_with_who_and_why(meter: Metering, doors: Doors) -> None:
    await meter.send(a_call("1"), a_call("2"))
    await doors.corrected(action="cancel", ids=["1"], why="a test")
    meter.clock.move_to(NOON + timedelta(minutes=1))
    await doors.corrected(action="amend", calls=[a_call("2", status=204)], why="wrong status")

    rows = await doors.rows("/v1/corrections", caller="acme-reader")

    told = [(row["who"], row["why"], row["action"], row["received"]) for row in rows]
    assert told == [
        ("acme-books", "wrong status", "amend", "2026-03-15T12:01:00.000Z"),
        ("acme-books", "a test", "cancel", "2026-03-15T12:00:00.000Z"),
    ]
    assert rows[0]["position"] > rows[1]["position"]
    assert rows[1]["subject"]["ids"] == [{"origin": "", "id": "1"}]


async def test_pages_of_corrections_hold_each_once_whatever_comes_in_between(
    meter: Metering, doors: Doors
) -> None:
    await meter.send(*(a_call(str(number)) for number in range(6)))
    for number in range(5):
        await doors.corrected(action="cancel", ids=[str(number)], why=f"reason {number}")

    first = await doors.answer("/v1/corrections", limit="2")
    await doors.corrected(action="cancel", ids=["5"], why="came in between")
    second = await doors.answer("/v1/corrections", limit="2", cursor=first["next"])
    third = await doors.answer("/v1/corrections", limit="2", cursor=second["next"])

    pages = [[row["why"] for row in page["rows"]] for page in (first, second, third)]
    assert pages == [["reason 4", "reason 3"], ["reason 2", "reason 1"], ["reason 0"]]
    assert third["next"] is None


async def test_corrections_are_listed_by_the_day_they_came(meter: Metering, doors: Doors) -> None:
    await meter.send(a_call("1"), a_call("2"))
    await doors.corrected(action="cancel", ids=["1"], why="on Sunday")
    meter.clock.move_to(NOON + timedelta(days=1))
    await doors.corrected(action="cancel", ids=["2"], why="on Monday")

    sunday = await doors.rows("/v1/corrections", **{"from": "2026-03-15", "to": "2026-03-16"})
    monday = await doors.rows("/v1/corrections", **{"from": "2026-03-16"})

    assert [row["why"] for row in sunday] == ["on Sunday"]
    assert [row["why"] for row in monday] == ["on Monday"]


async def test_the_answer_of_before_can_still_be_asked(meter: Metering, doors: Doors) -> None:
    await meter.send(a_call("1"), a_call("2"))
    meter.clock.move_to(NOON + timedelta(hours=1))
    await doors.corrected(action="cancel", ids=["1"])
    meter.clock.move_to(NOON + timedelta(hours=2))

    before = await doors.answer("/v1/usage", as_of="2026-03-15T12:30:00Z")
    now = await doors.answer("/v1/usage")

    assert (before["rows"], before["complete_up_to"]) == ([{"calls": 2}], "2026-03-15T12:30:00.000Z")
    assert (now["rows"], now["complete_up_to"]) == ([{"calls": 1}], "2026-03-15T14:00:00.000Z")


@pytest.mark.parametrize("as_of", ["2026-03-15T12:00:00.001Z", "2026-03-16", "9999-12-31"])
async def test_nobody_can_ask_for_the_answer_of_tomorrow(doors: Doors, as_of: str) -> None:
    refused = await doors.get("/v1/usage", as_of=as_of)

    assert faults(refused) == [("as_of", as_of)]
    assert refused.json()["errors"][0]["accepted"] == "an instant up to 2026-03-15T12:00:00.000+00:00"


# Whose calls


async def test_nobody_corrects_or_sees_corrections_of_another_organization(
    meter: Metering, doors: Doors
) -> None:
    await meter.send(a_call("1"), a_call("2"))
    await doors.corrected(action="cancel", ids=["2"], why="a secret of acme's")

    cancelled = await doors.correct(caller="globex", action="cancel", ids=["1"])
    amended = await doors.correct(caller="globex", action="amend", calls=[a_call("1", status=500)])
    replaced = await doors.corrected(caller="globex", **THE_DAY, calls=[])
    named = await doors.correct(action="amend", calls=[a_call("1", organization="globex")])

    assert (cancelled.status_code, amended.status_code, replaced["withdrawn"]) == (404, 404, 0)
    assert faults(named) == [("calls[0].organization", "globex")]
    assert [row["action"] for row in await doors.rows("/v1/corrections", caller="globex")] == ["replace"]
    assert await meter.calls() == 1


async def test_a_cursor_of_one_organization_or_list_opens_no_other(meter: Metering, doors: Doors) -> None:
    await meter.send(*(a_call(str(number)) for number in range(3)))
    for number in range(3):
        await doors.corrected(action="cancel", ids=[str(number)])
    cursor = (await doors.answer("/v1/corrections", limit="1"))["next"]

    foreign = await doors.get("/v1/corrections", caller="globex", cursor=cursor)
    other_list = await doors.get("/v1/rejects", cursor=cursor)
    other_days = await doors.get("/v1/corrections", cursor=cursor, to="2026-03-20")

    assert [faults(one)[0][0] for one in (foreign, other_list, other_days)] == ["cursor"] * 3


async def test_to_correct_takes_a_permission_of_its_own(doors: Doors) -> None:
    reader = await doors.correct(caller="acme-reader", action="cancel", ids=["1"])
    sender = await doors.get("/v1/corrections", caller="acme-sender")
    stranger = await doors.correct(caller="nobody", action="cancel", ids=["1"])

    assert [one.status_code for one in (reader, sender, stranger)] == [403, 403, 401]
    assert 'scope="calls:correct"' in reader.headers["www-authenticate"]
    assert 'scope="usage:read"' in sender.headers["www-authenticate"]


# What is refused changes nothing


async def test_an_unknown_call_is_not_found_and_nothing_is_corrected(meter: Metering, doors: Doors) -> None:
    await meter.send(a_call("1"))

    refused = await doors.correct(action="cancel", ids=["1", "2"])

    assert refused.status_code == 404
    assert refused.headers["content-type"] == "application/problem+json"
    assert "'2'" in refused.json()["detail"]
    assert await meter.calls() == 1


@pytest.mark.parametrize(
    ("body", "field", "received"),
    [
        ({}, "action", None),
        ({"action": "delete"}, "action", "delete"),
        ({"action": 7}, "action", 7),
        ({"action": "cancel"}, "ids", None),
        ({"action": "cancel", "ids": []}, "ids", 0),
        ({"action": "cancel", "ids": "1"}, "ids", "1"),
        ({"action": "cancel", "ids": ["1", 2]}, "ids[1]", 2),
        ({"action": "cancel", "ids": [{"id": "1", "time": "now"}]}, "ids[0]", "an object with id, time"),
        ({"action": "cancel", "ids": ["1"], "calls": []}, "calls", None),
        ({"action": "cancel", "ids": ["1"], "organization": "globex"}, "organization", None),
        ({"action": "cancel", "ids": ["1"], "why": None}, "why", "null"),
        ({"action": "cancel", "ids": ["1"], "why": " "}, "why", " "),
        ({"action": "cancel", "ids": ["1"], "why": "x" * 1025}, "why", "x" * 80),
        ({"action": "cancel", "ids": ["1"], "why": "a\0b"}, "why", "a\0b"),
        ({"action": "amend", "calls": {"id": "1"}}, "calls", '{"id":"1"}'),
        ({"action": "amend", "calls": [a_call("1", colour="red")]}, "calls[0].colour", None),
        ({"action": "amend", "calls": [a_call("1"), a_call("1")]}, "calls[1].id", "1"),
        ({"action": "amend", "calls": [a_call("1", status=7)]}, "calls[0].status", 7),
        ({"action": "amend", "calls": [a_call("1", time="2026-02-30T00:00:00Z")]}, "calls[0].time", None),
        ({"action": "amend", "calls": [a_call("1", path="/" * 2000)]}, "calls[0]", None),
        ({"action": "replace", "to": "2026-03-16", "calls": []}, "from", None),
        ({**THE_DAY, "from": "", "calls": []}, "from", ""),
        ({**THE_DAY, "from": "2026-03-17", "calls": []}, "from", None),
        ({**THE_DAY, "to": "2026-02-30", "calls": []}, "to", "2026-02-30"),
        (THE_DAY, "calls", None),
        ({**THE_DAY, "calls": [], "status": "500"}, "status", "500"),
        ({**THE_DAY, "calls": [], "status": [99]}, "status", 99),
        ({**THE_DAY, "calls": [], "status_class": "6xx"}, "status_class", "6xx"),
        ({**THE_DAY, "calls": [], "client_id": []}, "client_id", "a list of 0"),
        ({**THE_DAY, "calls": [], "client_id": 5}, "client_id", 5),
        ({**THE_DAY, "calls": [a_call("9", time="2026-03-14T00:00:00Z")]}, "calls[0].time", None),
        ({**THE_DAY, "calls": [a_call("9")], "client_id": "shop"}, "calls[0].client_id", ""),
    ],
)
async def test_a_fault_in_a_body_is_named_and_nothing_is_corrected(
    meter: Metering, doors: Doors, body: dict[str, Any], field: str, received: object
) -> None:
    await meter.send(a_call("1"), a_call("2"))

    refused = await doors.correct(**body)

    ((told, value),) = faults(refused)
    assert told == field
    assert received is None or value == received
    assert await meter.calls() == 2


async def test_all_faults_of_a_body_are_told_together(doors: Doors) -> None:
    refused = await doors.send(
        json.dumps({"action": "replace", "from": "x", "colour": 1, "calls": [{}, {"id": 1}]}).encode()
    )

    assert [field for field, _ in faults(refused)] == [
        "colour", "why", "calls[0].id", "calls[1].id", "from", "to",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("promise", "content"),
    [
        ("nothing", b""),
        ("a half object", b'{"action":"cancel","ids":["1"],"why":"te'),
        ("a list", b'[{"action":"cancel"}]'),
        ("no JSON", b"action=cancel"),
        ("no UTF-8", b'{"action":"cancel","ids":["\xff"],"why":"x"}'),
        ("half a surrogate pair", b'{"action":"cancel","ids":["\\ud800"],"why":"x"}'),
        ("deep nesting", b'{"action":"cancel","why":"x","ids":%b}' % DEEP),
        ("deep nesting where nobody looks", b'{"x":%b}' % DEEP),
        (
            "deep nesting in a call",
            b'{"action":"amend","why":"x","calls":[{"id":%b}]}' % DEEP[39_600:-39_600],
        ),
        ("a number beyond 64 bits", b'{"action":"replace","why":"x","status":18446744073709551616}'),
        ("ten thousand digits", b'{"action":"replace","why":"x","status":%b}' % (b"9" * 10_000)),
        ("five thousand fields", b"{%b}" % b",".join(b'"f%d":1' % number for number in range(5000))),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(doors: Doors, promise: str, content: bytes) -> None:
    refused = await doors.send(content)

    assert refused.status_code == 400, promise
    assert faults(refused), promise
    assert len(refused.content) < 30_000, promise


async def test_of_a_field_given_twice_the_last_counts(meter: Metering, doors: Doors) -> None:
    await meter.send(a_call("1"), a_call("2"))

    await doors.send(b'{"action":"cancel","ids":["1"],"ids":["2"],"why":"x"}')

    assert (await meter.send(a_call("1"), a_call("2"))).duplicate == 2
    assert [row["subject"]["ids"] for row in await doors.rows("/v1/corrections")] == [
        [{"origin": "", "id": "2"}]
    ]


async def test_a_body_that_is_too_large_or_of_another_kind_is_refused(doors: Doors) -> None:
    large = await doors.send(b" " * (MOST_BODY_BYTES + 1))
    lines = await doors.send(b"{}", Content_Type="application/x-ndjson")
    packed = await doors.send(b"{}", Content_Encoding="br")
    damaged = await doors.send(b"{}", Content_Encoding="gzip")

    assert [one.status_code for one in (large, lines, packed, damaged)] == [413, 415, 415, 400]
    assert all(
        one.headers["content-type"] == "application/problem+json" for one in (large, lines, packed, damaged)
    )


async def test_what_a_body_unpacks_to_must_have_room_beside_all_others(doors: Doors) -> None:
    bomb = gzip.compress(b'{"action":"cancel","ids":[],"why":"' + b"x" * 95_000 + b'"}')

    refused = await doors.send(bomb, Content_Encoding="gzip")
    whole = await doors.send(gzip.compress(b'{"action":"cancel","ids":[]}'), Content_Encoding="gzip")

    assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
    assert faults(whole) == [("why", None)]


async def test_the_value_of_an_unknown_field_is_not_repeated(doors: Doors) -> None:
    refused = await doors.correct(action="cancel", ids=["1"], client_secret="s3cret")

    assert faults(refused) == [("client_secret", None)]
    assert "s3cret" not in refused.text


async def test_calls_of_pruned_days_are_refused_naming_the_earliest_instant(
    meter: Metering, doors: Doors
) -> None:
    await meter.send(a_call("1", time="2026-03-01T12:00:00Z"), a_call("2"))
    await meter.meter.maintenance.prune(date(2026, 3, 10), None)

    amended = await doors.correct(action="amend", calls=[a_call("2", time="2026-03-09T00:00:00Z")])
    replaced = await doors.correct(action="replace", **{"from": "2026-03-01", "to": "2026-03-16"}, calls=[])
    cancelled = await doors.correct(action="cancel", ids=["1"])

    assert faults(amended)[0] == ("calls", "2026-03-09T00:00:00Z")
    assert faults(replaced)[0] == ("from", "2026-03-01T00:00:00Z")
    for refused in (amended, replaced):
        assert refused.json()["errors"][0]["accepted"] == "an instant from 2026-03-10T00:00:00Z on"
    assert cancelled.status_code == 404
    assert await meter.calls() == 2
