"""What came in and was not counted can be read over HTTP: by day and reason, and as it came."""

import json
from datetime import timedelta

import pytest

from calltally.call_batch import Conflict
from calltally.store.kept import KeptPage
from tests.support.doors import Doors, faults, open_doors
from tests.support.metering import NOON, Metering, a_call


async def test_outcomes_tell_by_day_why_calls_were_rejected_and_requests_refused(
    meter: Metering, doors: Doors
) -> None:
    await meter.send(a_call("1"), a_call("1"), a_call("1", status=500))
    await meter.send(a_call("2", status=99), a_call("3", status=600), a_call("4", colour="red"))
    meter.clock.move_to(NOON + timedelta(days=1))
    meter.meter.intake.refused("acme", "too_large")
    await meter.send(a_call("5", time="2026-03-16T12:00:00Z"))

    answer = await doors.answer("/v1/outcomes", caller="acme-reader")

    assert answer == {
        "complete_up_to": "2026-03-16T12:00:00.000Z",
        "days": [
            {
                "day": "2026-03-15",
                "received": 6,
                "accepted": 1,
                "duplicate": 1,
                "conflict": 1,
                "rejected": 3,
                "rejected_by": {"status.out_of_range": 2, "unknown_field": 1},
                "refused": {},
            },
            {
                "day": "2026-03-16",
                "received": 1,
                "accepted": 1,
                "duplicate": 0,
                "conflict": 0,
                "rejected": 0,
                "rejected_by": {},
                "refused": {"too_large": 1},
            },
        ],
    }


async def test_a_call_in_conflict_is_shown_as_it_came(meter: Metering, doors: Doors) -> None:
    await meter.send(a_call("1", status=200), a_call("1", origin="eu"))
    await meter.send(a_call("1", status=500, path="/users/17"))

    (row,) = await doors.rows("/v1/conflicts", caller="acme-reader")

    assert row["received"] == "2026-03-15T12:00:00.000Z"
    assert {"id": "1", "status": 500, "path": "/users/17"}.items() <= row["call"].items()


async def test_rejected_calls_are_shown_with_the_rule_they_broke(meter: Metering, doors: Doors) -> None:
    await meter.send(a_call("1", status=99), a_call("2", time="noon"))

    rows = await doors.rows("/v1/rejects")

    assert [(row["code"], row["field"], row["call"]["id"]) for row in rows] == [
        ("time.unreadable", "time", "2"),
        ("status.out_of_range", "status", "1"),
    ]
    assert rows[0]["reason"].startswith('is "noon"')


async def test_rejected_calls_can_be_asked_by_rule(meter: Metering, doors: Doors) -> None:
    await meter.send(a_call("1", status=99), a_call("2", time="noon"), a_call("3", status=1))

    rows = await doors.rows("/v1/rejects", code="status.out_of_range")

    assert [row["call"]["id"] for row in rows] == ["3", "1"]
    assert await doors.rows("/v1/rejects", code="nothing") == []


async def test_what_is_no_whole_json_is_shown_as_text(meter: Metering, doors: Doors) -> None:
    sent = [
        b'{"id":"1"',
        b'{"id":"\xff"}',
        b"[" * 3000,
        b'{"id":"x","time":"' + b"9" * 9000 + b'"}',
        b'"\\ud800"',
    ]
    await meter.send(*sent)

    rows = await doors.rows("/v1/rejects")

    assert all("call" not in row for row in rows)
    cut = '{"id":"x","time":"' + "9" * 4078
    assert {row["text"] for row in rows} == {'{"id":"1"', '{"id":"\ufffd"}', "[" * 3000, cut, '"\\ud800"'}


async def test_what_came_is_shown_exactly_as_it_came(meter: Metering, doors: Doors) -> None:
    odd = b'{"id": "1", "id": "2", "time": 1.50, "big": 18446744073709551615}'
    await meter.send(odd)

    response = await doors.get("/v1/rejects")

    assert b'"call":' + odd in response.content
    assert json.loads(response.content)["rows"][0]["call"]["id"] == "2"


async def test_pages_hold_each_row_once_and_the_newest_first(meter: Metering, doors: Doors) -> None:
    await meter.send(a_call("1"))
    for status in range(500, 507):
        await meter.send(a_call("1", status=status))

    seen: list[list[int]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await doors.answer("/v1/conflicts", limit="3", **cursor)
        seen.append([row["call"]["status"] for row in page["rows"]])
        await meter.send(a_call("1", status=599))
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}

    assert seen == [[506, 505, 504], [503, 502, 501], [500]]


async def test_of_a_hundred_thousand_conflicts_a_page_reads_its_own_and_says_how_many_are_not_kept(
    any_meter: Metering, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    store = any_meter.meter.store
    conflicts = store.conflicts

    def counted(organization: str, page: KeptPage) -> tuple[tuple[int, Conflict], ...]:
        found = conflicts(organization, page)
        read.append(len(found))
        return found

    monkeypatch.setattr(store, "conflicts", counted)
    await any_meter.send(a_call("1"))
    line = b'{"id":"1","time":"2026-03-15T11:59:00Z","status":%d}'
    receipt = await any_meter.send_body(b"\n".join(line % (100 + number % 500) for number in range(100_000)))

    async with open_doors(any_meter) as doors:
        first = await doors.answer("/v1/conflicts")
        second = await doors.answer("/v1/conflicts", limit="1000", cursor=first["next"])

    assert receipt.conflict == 100_000
    assert [len(first["rows"]), len(second["rows"])] == [100, 900]
    assert [first["not_kept"], second["not_kept"]] == [99_000, 99_000]
    assert second["next"] is None
    assert read == [101, 900]


async def test_a_page_of_large_rows_ends_early_and_loses_none(meter: Metering, doors: Doors) -> None:
    await meter.send(a_call("1"))
    large = "/" + "x" * 8000
    await meter.send(*(a_call("1", path=large, route=large, status=200 + number) for number in range(300)))

    first = await doors.answer("/v1/conflicts", limit="1000")
    second = await doors.answer("/v1/conflicts", limit="1000", cursor=first["next"])

    assert 200 < len(first["rows"]) < 300
    statuses = [row["call"]["status"] for page in (first, second) for row in page["rows"]]
    assert statuses == list(range(499, 199, -1))
    assert second["next"] is None


async def test_the_days_of_receipt_decide(meter: Metering, doors: Doors) -> None:
    await meter.send(a_call("1", status=99))
    meter.clock.move_to(NOON + timedelta(days=1))
    await meter.send(a_call("2", status=99))

    sunday = await doors.rows("/v1/rejects", **{"from": "2026-03-15", "to": "2026-03-16"})
    none = await doors.rows("/v1/rejects", **{"from": "2026-03-15", "to": "2026-03-15"})

    assert [row["call"]["id"] for row in sunday] == ["1"]
    assert none == []


async def test_nothing_of_another_organization_is_shown(meter: Metering, doors: Doors) -> None:
    await meter.send(a_call("1"))
    await meter.send(a_call("1", status=500), a_call("2", status=99))

    assert await doors.rows("/v1/conflicts", caller="globex") == []
    assert await doors.rows("/v1/rejects", caller="globex") == []
    assert (await doors.answer("/v1/outcomes", caller="globex"))["days"] == []


async def test_books_are_for_those_who_may_read_usage(doors: Doors) -> None:
    for path in ("/v1/conflicts", "/v1/rejects", "/v1/corrections", "/v1/outcomes"):
        assert (await doors.get(path, caller="acme-sender")).status_code == 403
        assert (await doors.get(path, caller="nobody")).status_code == 401


async def test_bad_questions_are_refused_with_all_their_faults(doors: Doors) -> None:
    asked = {"from": "yesterday", "to": "2026-02-30", "limit": "0", "cursor": "x", "code": "a", "x": "1"}

    conflicts = await doors.get("/v1/conflicts", **asked)
    rejects = await doors.get("/v1/rejects", **{"from": "2026-03-02", "to": "2026-03-01"})

    assert sorted(field for field, _ in faults(conflicts)) == ["code", "cursor", "from", "limit", "to", "x"]
    assert faults(rejects) == [("from", "2026-03-02")]
    assert faults(await doors.get("/v1/rejects", code="a\0b")) == [("code", "a\0b")]
