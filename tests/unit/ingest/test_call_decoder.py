"""Calls as senders may write them: what is taken, and what code, field and reason the others get."""

import msgspec
import pytest

from calltally.call import Call
from calltally.ingest.call_slices import RejectedCall
from calltally.ingest.json_calls import decode_lines
from calltally.ingest.line_slices import LineSlice

TIME = "2026-03-15T11:59:00Z"


def call(fields: bytes) -> bytes:
    return b'{"id":"1","time":"%s",%s}' % (TIME.encode(), fields)


def decoded(written: bytes) -> Call:
    found = decode_lines(written, LineSlice(0, len(written), 1), 0, max_call_bytes=65_536)
    assert found.unreadable == []
    (taken,) = found.calls
    return taken


def rejected(written: bytes) -> RejectedCall:
    """What is told of a call between two others, which are taken."""
    lines = b"\n".join([call(b'"status":200'), written, call(b'"status":200')])
    found = decode_lines(lines, LineSlice(0, len(lines), 3), 0, max_call_bytes=65_536)
    assert found.indexes == [0, 2]
    (fault,) = found.unreadable
    assert (fault.place, fault.sent) == (1, written)
    return fault


@pytest.mark.parametrize(
    "field", [field.name for field in msgspec.structs.fields(Call) if field.name not in ("id", "time")]
)
def test_null_in_an_optional_field_is_as_absent(field: str) -> None:
    assert decoded(call(b'"%s":null' % field.encode())) == Call(id="1", time=TIME)


@pytest.mark.parametrize("field", ["id", "time"])
def test_null_in_a_required_field_is_a_wrong_type(field: str) -> None:
    fault = rejected(call(b'"%s":null' % field.encode())).fault

    assert fault == ("wrong_type", field, "is null; accepted is a text")


@pytest.mark.parametrize(
    ("written", "milliseconds"),
    [("12.5", 12), ("12.999", 12), ("0.4", 0), ("1e3", 1000), ("12.0", 12), ("-0.5", -1)],
)
def test_a_duration_is_cut_to_whole_milliseconds(written: str, milliseconds: int) -> None:
    """One below zero stays below it, and is rejected by the rules."""
    assert decoded(call(b'"duration_ms":%s' % written.encode())).duration_ms == milliseconds


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        (rb'"status":404,"status":200', "status", 200),
        (rb'"status":"x","status":200', "status", 200),
        (rb'"status":[1,{"a":2}],"status":200', "status", 200),
        (rb'"status":200,"status":null', "status", 0),
        (rb'"user_id":"a","user_id":null', "user_id", ""),
        (rb'"user_id":7,"duration_ms":1.5,"user_id":"b"', "user_id", "b"),
        (rb'"user_id":"\ud83d","user_id":"b"', "user_id", "b"),
        (rb'"user_id":"\ud83d","duration_ms":1.5,"user_id":null', "duration_ms", 1),
        (rb'"id":[],"id":"2"', "id", "2"),
        (rb'"duration_ms":1e400,"duration_ms":2', "duration_ms", 2),
    ],
)
def test_of_a_field_given_twice_the_last_counts_whatever_the_types(
    fields: bytes, name: str, value: object
) -> None:
    assert getattr(decoded(call(fields)), name) == value


@pytest.mark.parametrize(
    ("fields", "code", "field", "reason"),
    [
        (rb'"status":200,"status":"x"', "wrong_type", "status", 'is "x"; accepted is a whole number or null'),
        (rb'"user_id":"\ud83d","user_id":7', "wrong_type", "user_id", "accepted is a text or null"),
        (rb'"user_id":"\ud83d"', "user_id.not_unicode", "user_id", r'is not valid Unicode: "\ud83d"'),
        (rb'"user_id":"\ud83d","status":200', "user_id.not_unicode", "user_id", "is not valid Unicode"),
        (rb'"user_id":"a\uDC00b"', "user_id.not_unicode", "user_id", r'is not valid Unicode: "a\udc00b"'),
        (rb'"user_id":"\ud83d\u0041"', "user_id.not_unicode", "user_id", "is not valid Unicode"),
        (rb'"user_id":"\ud83d\ud83d\ude00"', "user_id.not_unicode", "user_id", "is not valid Unicode"),
        (rb'"path":"/\ud83d","user_id":"\\ud83d"', "path.not_unicode", "path", "is not valid Unicode"),
        (rb'"status":200,"time":"\ud83d"', "not_unicode", "time", "is not valid Unicode"),
        (rb'"\ud83d":1', "not_unicode", "", "the name of a field is not valid Unicode"),
        (rb'"user_id":"\ud83d","colour":1', "unknown_field", "colour", 'unknown field "colour"'),
        (rb'"user_id":"\ud83d","status":NaN', "unreadable", "", "the call is not valid JSON"),
        (rb'"user_id":"\ud83d","duration_ms":1e400', "unreadable", "", "the call is not valid JSON"),
        (b'"user_id":"\xff"', "not_utf8", "", "the call is not valid UTF-8: invalid start byte at byte 51"),
        (b'"user_id":"\xff","user_id":"a"', "not_utf8", "", "the call is not valid UTF-8"),
        (b'"user_id":"\xff\\ud83d"', "not_utf8", "", "the call is not valid UTF-8"),
        (b'"user_id":"\xed\xa0\xbd"', "not_utf8", "", "the call is not valid UTF-8"),
        (b'"us\xffer_id":"a"', "not_utf8", "", "the call is not valid UTF-8"),
        (b'"colour":"\xff"', "not_utf8", "", "the call is not valid UTF-8"),
        (b'"user_id":"a\tb"', "unreadable", "", "the call is not valid JSON"),
        (rb'"status":NaN', "unreadable", "", "the call is not valid JSON"),
        (rb'"duration_ms":Infinity', "unreadable", "", "the call is not valid JSON"),
        (rb'"status":0200', "unreadable", "", "the call is not valid JSON"),
        (rb'"user_id":"\U0001f600"', "unreadable", "", "the call is not valid JSON"),
        (rb'"duration_ms":1e400', "wrong_type", "duration_ms", "is 1e400"),
        (rb'"user_id":"\ud83d","path":' + b"[" * 4000, "unreadable", "", "the call is not valid JSON"),
    ],
)
def test_a_call_that_cannot_be_read_is_rejected_alone_and_kept_as_it_came(
    fields: bytes, code: str, field: str, reason: str
) -> None:
    fault = rejected(call(fields)).fault

    assert (fault.code, fault.field) == (code, field)
    assert reason in fault.reason
