"""What senders' libraries write that is not plainly a call, sent to a running server."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import pytest

from tests.end_to_end.server_process import ServerProcess

NOW = datetime.now(UTC)
JSON, LINES = "application/json", "application/x-ndjson"
NUMBERS = count()


@pytest.fixture(scope="module")
def visitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    directory = tmp_path_factory.mktemp("odd") / "data"
    with ServerProcess(directory) as server, server.visitor(server.token()) as visitor:
        yield visitor


def call(fields: bytes = b'"status":200', **changed: str) -> bytes:
    """A call with an id of its own."""
    plain = {"id": f"c-{next(NUMBERS)}", "time": NOW.isoformat(timespec="milliseconds")} | changed
    return json.dumps(plain).encode()[:-1] + b"," + fields + b"}"


def body(content_type: str, *calls: bytes) -> bytes:
    return b"\n".join(calls) if content_type == LINES else b"[%b]" % b",".join(calls)


def post(visitor: httpx.Client, content_type: str, content: bytes, query: str = "") -> httpx.Response:
    return visitor.post(f"/v1/calls{query}", content=content, headers={"Content-Type": content_type})


def refusal(reply: httpx.Response) -> str:
    assert reply.status_code == 400
    assert reply.headers["content-type"] == "application/problem+json"
    detail: str = reply.json()["detail"]
    return detail


def latest_reject(visitor: httpx.Client) -> dict[str, Any]:
    (row,) = visitor.get("/v1/rejects", params={"limit": 1}).json()["rows"]
    return {name: row.get(name, "") for name in ("code", "field", "reason")}


@pytest.mark.parametrize("content_type", [JSON, LINES])
@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        (rb'"user_id":"\ud83d"', "user_id.not_unicode", "user_id"),
        (rb'"user_id":"\ud83d","status":200', "user_id.not_unicode", "user_id"),
        (rb'"time":"\ud83d"', "not_unicode", "time"),
        (b'"user_id":"\xff"', "not_utf8", ""),
        (b'"user_id":"a\tb"', "unreadable", ""),
        (rb'"status":NaN', "unreadable", ""),
        (rb'"status":0200', "unreadable", ""),
        (rb'"user_id":"\U0001f600"', "unreadable", ""),
        (rb'"status":200,"status":"x"', "wrong_type", "status"),
        (rb'"id":null', "wrong_type", "id"),
    ],
)
def test_of_three_calls_the_one_that_cannot_be_read_is_rejected_alone(
    visitor: httpx.Client, content_type: str, fields: bytes, code: str, field: str
) -> None:
    reply = post(visitor, content_type, body(content_type, call(), call(fields), call()))

    told = reply.json()
    (verdict,) = told["verdicts"]
    assert reply.status_code == 200
    assert [told[kind] for kind in ("accepted", "duplicate", "conflict", "rejected")] == [2, 0, 0, 1]
    assert (verdict["index"], verdict["verdict"], verdict.get("field", "")) == (1, "rejected", field)
    assert latest_reject(visitor) == {"code": code, "field": field, "reason": verdict["reason"]}


@pytest.mark.parametrize("content_type", [JSON, LINES])
@pytest.mark.parametrize(
    ("odd", "plain"),
    [
        (b'"user_id":null,"status":null,"path":null', b'"user_id":""'),
        (b'"duration_ms":12.5', b'"duration_ms":12'),
        (b'"status":"x","status":200', b'"status":200'),
        (b'"user_id":[7],"user_id":null', b'"user_id":""'),
    ],
)
def test_what_is_read_as_something_plainer_is_the_same_call(
    visitor: httpx.Client, content_type: str, odd: bytes, plain: bytes
) -> None:
    same = f"same-{next(NUMBERS)}"

    first = post(visitor, content_type, body(content_type, call(odd, id=same)))
    second = post(visitor, content_type, body(content_type, call(plain, id=same)))

    assert (first.json()["accepted"], second.json()["duplicate"]) == (1, 1)


@pytest.mark.parametrize("content_type", [JSON, LINES])
@pytest.mark.parametrize(
    ("odd", "plain"),
    [
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999Z"),
        ("2016-12-31T23:59:60.5Z", "2016-12-31T23:59:59.999Z"),
        ("2017-01-01T00:59:60+01:00", "2016-12-31T23:59:59.999Z"),
        ("2016-11-30T12:00Z", "2016-11-30T12:00:00Z"),
        ("2016-11-30T13:00+01:00", "2016-11-30T12:00:00.000Z"),
    ],
)
def test_seconds_may_be_left_out_and_a_leap_second_is_the_millisecond_before_its_end(
    visitor: httpx.Client, content_type: str, odd: str, plain: str
) -> None:
    same = f"same-{next(NUMBERS)}"

    first = post(visitor, content_type, body(content_type, call(id=same, time=odd)), "?backfill=true")
    second = post(visitor, content_type, body(content_type, call(id=same, time=plain)), "?backfill=true")

    assert (first.json()["accepted"], second.json()["duplicate"]) == (1, 1)


def test_a_live_call_may_leave_its_seconds_out(visitor: httpx.Client) -> None:
    reply = post(visitor, LINES, call(time=NOW.strftime("%Y-%m-%dT%H:%MZ")))

    assert reply.json()["accepted"] == 1


@pytest.mark.parametrize(
    "time", ["2016-12-31T23:59:61Z", "2016-12-31T22:59:60Z", "2016-12-31T23:59:60+01:00"]
)
def test_no_other_second_is_a_leap_second(visitor: httpx.Client, time: str) -> None:
    reply = post(visitor, JSON, body(JSON, call(), call(time=time)), "?backfill=true")

    (verdict,) = reply.json()["verdicts"]
    assert verdict["field"] == "time"
    assert f'is "{time}": an impossible ' in verdict["reason"]
    assert latest_reject(visitor)["code"] == "time.unreadable"


def test_instants_of_questions_are_read_like_those_of_calls(visitor: httpx.Client) -> None:
    minute = (NOW - timedelta(days=3)).replace(second=0, microsecond=0)
    written = minute.strftime("%Y-%m-%dT%H:%MZ")
    post(visitor, LINES, call(client_id="asked", time=written))

    def calls(start: str, end: str) -> int:
        window = {"from": start, "to": end, "client_id": "asked"}
        (row,) = visitor.get("/v1/usage", params=window).raise_for_status().json()["rows"]
        number: int = row["calls"]
        return number

    later = (minute + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%MZ")
    assert (calls(written, later), calls(later, NOW.isoformat()), calls("2016-12-31T23:59:60Z", written)) == (
        *(1, 0),
        0,
    )


def test_objects_without_line_ends_are_told_how_calls_are_sent(visitor: httpx.Client) -> None:
    reply = post(visitor, LINES, body(LINES, call(), call() + call() + call()))

    (verdict,) = reply.json()["verdicts"]
    assert verdict["index"] == 1
    assert verdict["reason"].endswith(
        "calls are sent one per line as application/x-ndjson, or as an array as application/json"
    )


@pytest.mark.parametrize("between", [b"\n", b""])
def test_calls_behind_each_other_as_json_are_told_the_type_to_use(
    visitor: httpx.Client, between: bytes
) -> None:
    detail = refusal(post(visitor, JSON, between.join([call(), call(), call()])))

    assert "are sent as application/x-ndjson, an array of calls as application/json" in detail


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b'[{"id":"a"},{"id":"b', "it ends at byte 20, within call 1 of the array"),
        (b'[{"id":"a"},,{"id":"b"}]', "call 1 of the array is missing before byte 12"),
        (b'[{"id":"a"}]]', "unexpected data after the array, at byte 12"),
    ],
)
def test_an_array_whose_calls_cannot_be_told_apart_is_refused_by_call_and_place(
    visitor: httpx.Client, content: bytes, where: str
) -> None:
    assert where in refusal(post(visitor, JSON, content))


GOOD, BAD = b'"status":200', b'"status":99'


@pytest.mark.parametrize("content_type", [JSON, LINES])
@pytest.mark.parametrize(
    ("before", "sent", "status", "verdicts"),
    [
        ("", "a", 200, (1, 0, 0, 0)),
        ("", "aX", 200, (1, 0, 0, 1)),
        ("a", "aXX", 200, (0, 1, 0, 2)),
        ("a", "a", 200, (0, 1, 0, 0)),
        ("a", "A", 200, (0, 0, 1, 0)),
        ("", "X", 422, (0, 0, 0, 1)),
        ("", "XX", 422, (0, 0, 0, 2)),
        ("a", "AX", 422, (0, 0, 1, 1)),
    ],
)
def test_an_answer_is_no_success_where_calls_were_rejected_and_none_is_counted(
    visitor: httpx.Client,
    content_type: str,
    before: str,
    sent: str,
    status: int,
    verdicts: tuple[int, ...],
) -> None:
    """``a`` is a call, ``A`` one with its id and other content, and ``X`` one that breaks a rule."""
    same = f"same-{next(NUMBERS)}"
    calls = {"a": call(GOOD, id=same), "A": call(b'"status":500', id=same), "X": call(BAD)}
    if before:
        post(visitor, content_type, body(content_type, *map(calls.__getitem__, before)))

    reply = post(visitor, content_type, body(content_type, *map(calls.__getitem__, sent)))

    told = reply.json()
    assert reply.status_code == status
    assert tuple(told[kind] for kind in ("accepted", "duplicate", "conflict", "rejected")) == verdicts
    assert reply.headers.get("calltally-rejected") == (str(verdicts[3]) if verdicts[3] else None)
    assert len(told["verdicts"]) == sum(verdicts[1:])
    assert (told.get("status"), told.get("detail")) == (
        (None, None)
        if status == 200
        else (422, f"no call was counted, and {verdicts[3]} were rejected; verdicts says why")
    )
    assert reply.headers["content-type"] == (JSON if status == 200 else "application/problem+json")


def test_a_request_without_calls_is_a_success(visitor: httpx.Client) -> None:
    replies = [post(visitor, JSON, b"[]"), post(visitor, LINES, b"\n\n")]

    assert [(reply.status_code, reply.json()["rejected"]) for reply in replies] == [(200, 0), (200, 0)]


def test_a_batch_of_rejected_calls_is_in_the_books_of_calls_and_not_of_refused_requests(
    visitor: httpx.Client,
) -> None:
    def books() -> dict[str, Any]:
        day = {"from": f"{NOW:%Y-%m-%d}", "to": f"{NOW + timedelta(days=2):%Y-%m-%d}"}
        days: list[dict[str, Any]] = visitor.get("/v1/outcomes", params=day).json()["days"]
        return {
            "rejected": sum(day["rejected"] for day in days),
            "refused": [day["refused"] for day in days],
        }

    earlier = books()
    post(visitor, LINES, body(LINES, call(BAD), call(BAD)))

    assert books() == {**earlier, "rejected": earlier["rejected"] + 2}
