"""What a sender is promised."""

import asyncio
from typing import Any

import pytest

from calltally.errors import InvalidInputError
from calltally.ingest.json_form import JsonForm
from calltally.ingest.receipt import CallVerdict, Receipt, Verdict
from calltally.usage_query import Dimension
from tests.support.metering import Metering, a_call


@pytest.fixture(params=[False, True], ids=["native", "reference"])
def by_reference(request: pytest.FixtureRequest) -> bool:
    """Every promise here is kept whichever decoder reads the calls."""
    chosen: bool = request.param
    return chosen


def the_fault(receipt: Receipt) -> CallVerdict:
    (verdict,) = receipt.verdicts
    assert verdict.verdict is Verdict.REJECTED
    return verdict


async def test_a_call_is_counted(meter: Metering) -> None:
    receipt = await meter.send(a_call())

    assert (receipt.accepted, receipt.verdicts) == (1, [])
    assert await meter.calls() == 1


async def test_only_id_and_time_are_required(meter: Metering) -> None:
    receipt = await meter.send({"id": "x", "time": "2026-03-15T11:59:00Z"})

    assert receipt.accepted == 1


async def test_a_call_sent_twice_is_counted_once_and_called_a_duplicate(meter: Metering) -> None:
    await meter.send(a_call())

    receipt = await meter.send(a_call())

    assert (receipt.accepted, receipt.duplicate) == (0, 1)
    assert receipt.verdicts[0].verdict is Verdict.DUPLICATE
    assert await meter.calls() == 1


async def test_the_second_of_two_equal_calls_within_one_request_is_a_duplicate(meter: Metering) -> None:
    receipt = await meter.send(a_call("a"), a_call("b"), a_call("a"))

    assert (receipt.accepted, receipt.duplicate) == (2, 1)
    assert receipt.verdicts[0].index == 2
    assert await meter.calls() == 2


async def test_the_same_instant_written_otherwise_is_a_duplicate(meter: Metering) -> None:
    await meter.send(a_call(time="2026-03-15T11:59:00Z"))

    receipt = await meter.send(
        a_call(time="2026-03-15T11:59:00.0009Z"), a_call(time="2026-03-15t13:59:00+02:00")
    )

    assert receipt.duplicate == 2


async def test_the_same_id_with_other_content_is_a_conflict_and_the_first_stays(meter: Metering) -> None:
    await meter.send(a_call(status=200))

    receipt = await meter.send(a_call(status=500))

    assert receipt.conflict == 1
    assert await meter.calls(status="200") == 1
    assert await meter.calls(status="500") == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "x"},
        {"user_id": "x"},
        {"source_id": "x"},
        {"account_id": "x"},
        {"method": "x"},
        {"route": "x"},
        {"path": "/x"},
        {"status": 201},
        {"duration_ms": 0},
        {"request_bytes": 0},
        {"response_bytes": 0},
        {"time": "2026-03-15T11:59:00.001Z"},
    ],
    ids=lambda changed: next(iter(changed)),
)
async def test_every_field_is_part_of_the_content(meter: Metering, changed: dict[str, Any]) -> None:
    await meter.send(a_call())

    receipt = await meter.send(a_call(**changed))

    assert receipt.conflict == 1


async def test_names_are_no_part_of_the_content(meter: Metering) -> None:
    await meter.send(a_call(client_id="c", client_name="Old"))

    receipt = await meter.send(a_call(client_id="c", client_name="New"))

    assert receipt.duplicate == 1


async def test_the_same_id_from_another_origin_is_another_call(meter: Metering) -> None:
    receipt = await meter.send(a_call(origin="a"), a_call(origin="b"), a_call())

    assert receipt.accepted == 3


async def test_the_same_id_in_another_organization_is_another_call(meter: Metering) -> None:
    await meter.send(a_call(), organization="acme")

    receipt = await meter.send(a_call(), organization="globex")

    assert receipt.accepted == 1
    assert (await meter.calls("acme"), await meter.calls("globex")) == (1, 1)


async def test_one_bad_call_never_spoils_its_batch(meter: Metering) -> None:
    receipt = await meter.send(a_call("a"), b'{"id": 7}', a_call("b"), b"not json", a_call("c", status=99))

    assert (receipt.accepted, receipt.rejected) == (2, 3)
    assert [(v.index, v.field) for v in receipt.verdicts] == [(1, "id"), (3, ""), (4, "status")]
    assert await meter.calls() == 2


async def test_an_unknown_field_is_rejected_by_name(meter: Metering) -> None:
    fault = the_fault(await meter.send(a_call(colour="red")))

    assert fault.field == "colour"
    assert 'unknown field "colour"; accepted are id, time,' in fault.reason


async def test_of_a_key_given_twice_the_last_counts(meter: Metering) -> None:
    await meter.send(b'{"id":"a","time":"2026-03-15T11:59:00Z","method":"GET","method":"PUT"}')

    assert await meter.calls(method="PUT") == 1


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"id": ""}, "id", "must not be empty"),
        ({"id": "x" * 257}, "id", "has 257 bytes; accepted are at most 256"),
        ({"id": "ä" * 129}, "id", "has 258 bytes; accepted are at most 256"),
        ({"id": "a\0b"}, "id", "contains a NUL character"),
        ({"client_id": "a\0b"}, "client_id", "contains a NUL character"),
        ({"route": "/x" * 5000}, "route", "has 10000 bytes; accepted are at most 8192"),
        ({"time": "yesterday"}, "time", 'is "yesterday": not an RFC 3339 instant'),
        ({"time": "2026-02-29T00:00:00Z"}, "time", "day is out of range for month"),
        ({"time": "2026-03-15T24:00:00Z"}, "time", "hour must be in 0..23"),
        ({"time": "2026-03-15T11:59:00"}, "time", "not an RFC 3339 instant"),
        ({"time": "2026-03-15T11:59:00+25:00"}, "time", "the offset from UTC is impossible"),
        ({"status": 99}, "status", "is 99; accepted is 0 (no answer) or 100 to 599"),
        ({"status": 600}, "status", "is 600;"),
        ({"status": -1}, "status", "is -1;"),
        ({"status": "200"}, "status", 'is "200"; accepted is a whole number'),
        ({"status": 200.5}, "status", "is 200.5; accepted is a whole number"),
        ({"status": True}, "status", "is true; accepted is a whole number"),
        ({"duration_ms": -1}, "duration_ms", "is -1; accepted is a whole number from 0"),
        ({"request_bytes": 2**63}, "request_bytes", "is 9223372036854775808; accepted is a whole number"),
        ({"response_bytes": 2**200}, "response_bytes", "accepted is a whole number"),
        ({"organization": "globex"}, "organization", 'this token speaks for "acme"'),
        ({"id": None}, "id", "is null; accepted is a text"),
    ],
)
async def test_a_rejection_names_the_field_what_came_and_what_would_be_accepted(
    meter: Metering, fields: dict[str, object], field: str, reason: str
) -> None:
    fault = the_fault(await meter.send(a_call() | fields))

    assert fault.field == field
    assert reason in fault.reason


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "the call is not valid JSON"),
        (b"[]", "accepted is an object"),
        (b"7", "accepted is an object"),
        (b'{"id":"\xff","time":"x"}', "not valid UTF-8"),
        (b'{"id":"\\ud800","time":"x"}', 'is not valid Unicode: "\\ud800"'),
        (b'{"id":' + b"[" * 50_000, "is of type array; accepted is a text"),
        (b'{"id":"' + b"x" * 70_000 + b'"}', "accepted are at most 65536"),
        (b'{"id":"a","time":"2026-03-15T11:59:00Z"},{"id":"b"}', "the call is not valid JSON"),
        (b"{" + b",".join(b'"f%d":1' % i for i in range(5000)) + b"}", "unknown field"),
    ],
    ids=["cut off", "array", "number", "not UTF-8", "lone surrogate", "deep", "huge", "two", "many fields"],
)
async def test_a_line_that_is_no_call_is_rejected_and_its_neighbours_count(
    meter: Metering, line: bytes, reason: str
) -> None:
    receipt = await meter.send(a_call("a"), line, a_call("b"))

    assert (receipt.accepted, receipt.rejected) == (2, 1)
    assert reason in receipt.verdicts[0].reason


async def test_pieces_of_one_call_on_several_lines_are_not_glued_together(meter: Metering) -> None:
    receipt = await meter.send_body(
        b'{"id":"a"\n"time":"2026-03-15T11:59:00Z"}\n{"id":"b","time":"2026-03-15T11:59:00Z"},{"id":"c","time":"2026-03-15T11:59:00Z"}'
    )

    assert (receipt.accepted, receipt.rejected) == (0, 3)


async def test_blank_lines_are_no_calls(meter: Metering) -> None:
    receipt = await meter.send_body(b'\n{"id":"a","time":"2026-03-15T11:59:00Z"}\r\n\n  \n{"id":7}\n')

    assert (receipt.accepted, receipt.rejected) == (1, 1)
    assert receipt.verdicts[0].index == 1


async def test_an_empty_body_of_lines_counts_nothing(meter: Metering) -> None:
    receipt = await meter.send_body(b"")

    assert (receipt.accepted, receipt.rejected) == (0, 0)


async def test_an_array_and_a_single_object_are_taken(meter: Metering) -> None:
    one = b'{"id":"a",\n "time":"2026-03-15T11:59:00Z"}'
    two = b'[{"id":"b","time":"2026-03-15T11:59:00Z"}, {"id":"c","time":"2026-03-15T11:59:00Z"}]'

    receipts = [await meter.send_body(body, JsonForm.OBJECT_OR_ARRAY) for body in (one, two, b"[]")]

    assert [receipt.accepted for receipt in receipts] == [1, 2, 0]


@pytest.mark.parametrize(
    "body", [b"[", b'[{"id":"a"}', b"", b"7", b"[" * 100_000, b'[{"id":"\xff"}', b"[1,]"]
)
async def test_an_array_that_cannot_be_read_as_a_whole_is_refused_and_nothing_is_stored(
    meter: Metering, body: bytes
) -> None:
    with pytest.raises(InvalidInputError):
        await meter.send_body(body, JsonForm.OBJECT_OR_ARRAY)

    assert await meter.books() == {}


async def test_more_calls_than_a_request_may_hold_are_refused_as_a_whole(meter: Metering) -> None:
    with pytest.raises(InvalidInputError, match="the body holds more than 100000 calls"):
        await meter.send_body(b"{}\n" * 100_001)

    assert await meter.books() == {}


@pytest.mark.parametrize(
    ("line", "most_between"),
    [
        (b'{"id":[[],[[]],[0,0,0]],"time":1}', 1000),
        (b'{"id":"%d","time":"2026-03-15T11:59:00Z","status":99}', 1000),
        (b'{"id":"%d","time":"2026-03-15T11:59:00Z","path":"/x","user_id":"%d","source_id":"%d"}', 2000),
    ],
    ids=["wrong types", "broken rules", "new texts"],
)
async def test_others_get_their_turn_while_a_large_request_is_judged(
    meter: Metering, line: bytes, most_between: int
) -> None:
    count = 20_000
    body = b"\n".join(line.replace(b"%d", b"%d" % number) for number in range(count))
    sending = asyncio.create_task(meter.send_body(body))
    turns = 0
    while not sending.done():
        await asyncio.sleep(0)
        turns += 1

    assert (await sending).accepted in (0, count)
    assert turns >= count / most_between


async def test_verdicts_are_cut_after_ten_thousand_and_totals_are_whole(meter: Metering) -> None:
    receipt = await meter.send_body(b"{}\n" * 12_000)

    assert receipt.rejected == 12_000
    assert len(receipt.verdicts) == 10_000
    assert receipt.truncated


async def test_duplicates_are_in_the_totals_for_who_does_not_want_them_listed(meter: Metering) -> None:
    await meter.send(a_call("a"), a_call("b"))

    receipt = await meter.send(
        *[a_call("a")] * 12_000, a_call("b", status=500), a_call("c", status=99), list_duplicates=False
    )

    assert (receipt.duplicate, receipt.conflict, receipt.rejected) == (12_000, 1, 1)
    assert [verdict.index for verdict in receipt.verdicts] == [12_000, 12_001]
    assert not receipt.truncated


async def test_a_gateway_may_send_for_any_organization(meter: Metering) -> None:
    theirs = b'{"id":"a","time":"2026-03-15T11:59:00Z","organization":"globex"}'
    own = b'{"id":"a","time":"2026-03-15T11:59:00Z"}'

    receipt = await meter.send_body(theirs + b"\n" + own, organization="acme", gateway=True)

    assert receipt.accepted == 2
    assert (await meter.calls("acme"), await meter.calls("globex")) == (1, 1)


async def test_every_call_received_is_in_the_books_with_its_verdict(meter: Metering) -> None:
    await meter.send(a_call("a"), a_call("b"), a_call("a"), a_call("b", status=500), b"{}")

    (day,) = await meter.books()

    assert day == 20_527
    assert (await meter.books())[day] == (5, 2, 1, 1, 1)


async def test_two_senders_at_once_with_the_same_calls_are_counted_once(meter: Metering) -> None:
    calls = [a_call(f"c-{number}") for number in range(3000)]

    receipts = await asyncio.gather(*(meter.send(*calls) for _ in range(4)))

    assert sum(receipt.accepted for receipt in receipts) == 3000
    assert sum(receipt.duplicate for receipt in receipts) == 9000
    assert await meter.calls() == 3000


async def test_requests_that_are_judged_together_get_verdicts_of_their_own(meter: Metering) -> None:
    await meter.send(a_call("old"))
    before = meter.meter.journal.appended

    first, second, third, other = await asyncio.gather(
        meter.send(a_call("a"), a_call("old"), a_call("b")),
        meter.send(a_call("c")),
        meter.send(a_call("d"), a_call("old", status=500), a_call("d")),
        meter.send(a_call("old"), organization="globex"),
    )

    assert (first.accepted, first.duplicate, [v.index for v in first.verdicts]) == (2, 1, [1])
    assert (second.accepted, second.verdicts) == (1, [])
    assert (third.accepted, third.conflict, third.duplicate) == (1, 1, 1)
    assert [v.index for v in third.verdicts] == [1, 2]
    assert (other.accepted, other.verdicts) == (1, [])
    assert meter.meter.journal.appended == before + 1


async def test_a_request_that_breaks_a_rule_spoils_none_that_is_judged_with_it(meter: Metering) -> None:
    good, bad, unreadable = await asyncio.gather(
        meter.send(a_call("a")), meter.send(a_call("b", status=99)), meter.send(b"{")
    )

    assert (good.accepted, good.verdicts) == (1, [])
    assert the_fault(bad).field == "status"
    assert the_fault(unreadable).index == 0
    assert await meter.calls() == 1


async def test_a_large_request_is_one_frame_of_the_journal(meter: Metering) -> None:
    before = meter.meter.journal.appended

    receipt = await meter.send(
        *(a_call(f"{n}", path=f"/{'abcdefg'[n % 7]}") for n in range(2500)), a_call("2499")
    )

    assert (receipt.accepted, receipt.conflict, receipt.verdicts[0].index) == (2500, 1, 2500)
    assert meter.meter.journal.appended == before + 1
    assert [row[1] for row in await meter.table(Dimension.ROUTE)] == [358, 357, 357, 357, 357, 357, 357]


async def test_it_is_known_what_decoded_the_calls(meter: Metering, by_reference: bool) -> None:
    await meter.send(a_call("a"), a_call("b"))
    await meter.send(a_call("c"), a_call("d", status=99))

    decoder = meter.meter.decoder
    assert (decoder.by_native_code, decoder.by_reference) == ((0, 4) if by_reference else (2, 2))
