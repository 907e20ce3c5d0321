"""Native code says what the reference says, or nothing.

Bodies are bytes that senders could send: plain calls, calls with one odd field, and lines that are broken in
ways that JSON knows and in ways that it does not.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calltally import _native as native
from calltally.clock import instant_ms
from calltally.identity_key import IdentityKey
from calltally.ingest.call_rules import MEASURES, TEXT_LIMITS, Admission
from calltally.ingest.json_form import JsonForm
from calltally.ingest.line_slices import LineSlice
from calltally.ingest.native_calls import NativeCalls, decode_slice
from calltally.ingest.prepared_calls import PreparedCalls, prepare
from calltally.ingest.routes import RouteNamer
from calltally.ingest.text_bounds import TextLimits
from tests.reference.json_bodies import decode_calls
from tests.support.identity_keys import FORMER_KEY, KEY
from tests.support.ingest_chains import (
    MAX_CALL_BYTES,
    NativeChain,
    ReferenceChain,
    slices_of,
)
from tests.support.seeds import examples, numpy_luck

THOROUGH = settings(max_examples=examples(250, deep=10_000))
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
NOW_MS = instant_ms(NOW)
ADMISSION = Admission(
    organization="äcme",
    any_organization=False,
    earliest_ms=instant_ms(NOW - timedelta(days=35)),
    latest_ms=instant_ms(NOW + timedelta(minutes=5)),
    backfill=False,
)
BACKFILL = replace(ADMISSION, earliest_ms=0, latest_ms=2**62, backfill=True)


TIMES = [
    "2026-03-15T11:59:00Z",
    "2026-03-15T11:59:00.1Z",
    "2026-03-15T11:59:00.123456789Z",
    "2026-03-15t11:59:00z",
    "2026-03-15 11:59:00Z",
    "2026-03-15T13:59:00+02:00",
    "2026-03-15T11:59:00-00:00",
    "2026-03-14T11:59:00-23:59",
    "2026-03-15T11:59:00+24:00",
    "2026-03-15T11:59:00+00:60",
    "2026-03-15T11:59:00",
    "2026-03-15T11:59:00.Z",
    "2026-03-15T11:59:60Z",
    "2026-03-15T11:59Z",
    "2026-03-15 13:59+02:00",
    "2026-03-15T11:59",
    "2026-03-15T11:59.5Z",
    "2026-03-15T11:59:Z",
    "2026-03-15T11:59:0Z",
    "2026-03-14T23:59:60Z",
    "2026-03-14T23:59:60.5Z",
    "2026-03-15T00:59:60+01:00",
    "2026-03-14T23:59:60+01:00",
    "2026-03-14T23:59:61Z",
    "2026-03-14T23:58:60Z",
    "2026-03-15T24:00:00Z",
    "2026-03-00T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "2024-02-29T00:00:00Z",
    "2000-02-29T23:59:59.999Z",
    "2100-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-12-31T23:59:59Z",
    "1969-12-31T23:59:59.999Z",
    "1970-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+01:00",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999Z",
    "9999-12-31T23:59:59-01:00",
    "2026-03-15T11:59:00Z ",
    "2026-03-15T11:59:00Z\n",
    "2026-03-15T11:59:0\uff11Z",
    "",
    "2026-03-15T12:05:00.000Z",
    "2026-03-15T12:05:00.001Z",
    "2026-02-08T12:00:00Z",
    "2026-02-08T11:59:59.999Z",
    "2026-03-15T11:59:00." + "9" * 300 + "Z",
]
NUMBERS = [
    *("0", "1", "200", "599", "600", "99", "100", "-0", "-1", "00", "007", "1.0", "1e2", "1E0", "0x1", "+1"),
    *("null", "true", '"200"', "NaN", "Infinity", "1_0", "1.", ".5", "[]", "{}", "2147483648"),
    *("9223372036854775807", "9223372036854775808", "18446744073709551616", "9" * 400, "1 2", "nul", "nullx"),
]
ESCAPES = [
    *(
        r"\/",
        r"\"",
        r"\\",
        r"\b\f\n\r\t",
        r"\u0041",
        r"\u00e4",
        r"\u20AC",
        r"\ud83e\udd86",
        r"\u0000",
        r"\u001f",
    ),
    *(
        r"\ud83e",
        r"\udd86",
        r"\ud83e\u0041",
        r"\ud83ex",
        r"\uD83E\uDD86",
        r"\u00",
        r"\u00zz",
        r"\x41",
        r"\U0041",
    ),
    *("\\", "\t", "\x00", "\x1f", "\x7f", "ä", "🦆", "\u2028", "\ufeff"),
]
ENDS = [
    "}}",
    ",}",
    "} ",
    "}\r",
    "},",
    "} x",
    "}\x0b",
    "}{}",
    "",
    ', "path": {"a": 1}}',
    "]",
    ', "path": ' + "[" * 2000,
]

plain_times = st.builds(
    lambda ms: (NOW + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds")[:-6] + "Z",
    st.integers(-34 * 86_400_000, 0),
)
short_texts = st.one_of(
    st.sampled_from(["", "a", "b", "ü", "x" * 17, "client-1"]),
    st.text(max_size=40),
    st.from_regex("[a-z]{0,40}"),
)
paths = st.one_of(
    st.sampled_from(["", "?", "/", "/a?b=1", "/a?b=2", "/a#c", "#", "/users/17", "/users/18", "/{other}"]),
    st.lists(
        st.sampled_from(
            ["users", "17", "", "0" * 24, "f" * 23, "6fd2a8a0-9b5b-4a5c-8f5a-6d2f7a3c9b10", "1-7", "٣", "a?b"]
        ),
        max_size=5,
    ).map("/".join),
)
plain_fields: dict[str, st.SearchStrategy[object]] = {
    "id": st.one_of(st.sampled_from(["1", "2", "3"]), st.uuids().map(str), st.text(min_size=1, max_size=30)),
    "time": plain_times,
    "origin": st.sampled_from(["", "web-1", "wéb"]),
    "organization": st.sampled_from(["", "äcme"]),
    **dict.fromkeys(["client_id", "user_id", "source_id", "account_id", "route"], short_texts),
    "method": st.sampled_from(["", "GET", "POST"]),
    "path": paths,
    "status": st.sampled_from([0, 200, 404]),
    **dict.fromkeys(MEASURES, st.sampled_from([None, 0, 7, 2**63 - 1])),
    **dict.fromkeys(["client_name", "source_name", "account_name"], st.sampled_from(["", "One", "Two"])),
}


@st.composite
def plain_calls(draw: st.DrawFn) -> dict[str, object]:
    """A call with some of the fields, in any order."""
    optional = draw(
        st.lists(st.sampled_from([f for f in plain_fields if f not in ("id", "time")]), unique=True)
    )
    fields = draw(st.permutations(["id", "time", *optional]))
    return {field: draw(plain_fields[field]) for field in fields}


@st.composite
def written(draw: st.DrawFn, calls: st.SearchStrategy[dict[str, object]]) -> bytes:
    """A call as JSON, as different senders write it."""
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " : ")]))
    return json.dumps(draw(calls), ensure_ascii=draw(st.booleans()), separators=separators).encode(
        errors="surrogatepass"
    )


plain_lines = written(plain_calls())


@st.composite
def with_odd_time(draw: st.DrawFn) -> bytes:
    return json.dumps(draw(plain_calls()) | {"time": draw(st.sampled_from(TIMES))}).encode()


@st.composite
def with_long_text(draw: st.DrawFn) -> bytes:
    field = draw(st.sampled_from(list(TEXT_LIMITS)))
    character, size = draw(st.sampled_from([("x", 1), ("ä", 2), ("🦆", 4)]))
    text = character * (TEXT_LIMITS[field] // size + draw(st.integers(-1, 1)))
    return json.dumps(draw(plain_calls()) | {field: text}, ensure_ascii=draw(st.booleans())).encode()


@st.composite
def with_odd_end(draw: st.DrawFn) -> bytes:
    """A call behind whose last field something stands: one more field, or what belongs to no call."""
    field = draw(st.sampled_from([*TEXT_LIMITS, "time", "status", *MEASURES]))
    text = draw(st.lists(st.sampled_from([*ESCAPES, "plain", ""]), max_size=4).map("".join))
    key = draw(st.sampled_from(["id", "ids", "", "Id", r"\u0069d", "client_id ", "status_", "x" * 30]))
    end = draw(
        st.sampled_from(
            [
                f', "{field}": {draw(st.sampled_from(NUMBERS))}}}',
                f', "{field}": "{text}"}}',
                f', "{key}": "1"}}',
                draw(st.sampled_from(ENDS)),
            ]
        )
    )
    call = json.dumps(draw(plain_calls()), ensure_ascii=False)
    return (call[:-1] + end).encode(errors="surrogatepass")


@st.composite
def with_odd_bytes(draw: st.DrawFn) -> bytes:
    call = json.dumps(draw(plain_calls()), ensure_ascii=False).encode(errors="surrogatepass")
    where = draw(st.integers(0, len(call) - 1))
    odd = draw(st.sampled_from([b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf", b"\0"]))
    flipped = bytes([call[where] ^ 1 << draw(st.integers(0, 7))])
    return draw(
        st.sampled_from(
            [
                call[:where],
                call[:where] + flipped + call[where + 1 :],
                call[:where] + odd + call[where:],
                b"\xef\xbb\xbf" + call,
            ]
        )
    )


odd_lines = st.one_of(with_odd_time(), with_long_text(), with_odd_end(), with_odd_bytes())
"""Calls in which one thing is unusual, right or wrong."""

line_breaks = st.sampled_from([b"\n", b"\r\n", b"\n\n", b"\n \n"])


@st.composite
def bodies(draw: st.DrawFn, lines: st.SearchStrategy[bytes]) -> bytes:
    line_break = draw(st.one_of(st.just(b"\n"), line_breaks))
    ends = draw(st.sampled_from([b"", b"", b"\n", b"\r\n"]))
    return line_break.join(draw(st.lists(lines, min_size=1, max_size=6))) + ends


any_lines = st.one_of(plain_lines, odd_lines, st.binary(max_size=40))
admissions = st.sampled_from([ADMISSION, ADMISSION, BACKFILL, replace(ADMISSION, any_organization=True)])

keys = st.sampled_from([KEY, KEY, FORMER_KEY])


def by_native_code(
    body: bytes, lines: LineSlice, admission: Admission, key: IdentityKey = KEY
) -> NativeCalls | None:
    return decode_slice(body, lines, admission, key, max_call_bytes=MAX_CALL_BYTES, derive_routes=True)


def by_reference(
    body: bytes, admission: Admission, key: IdentityKey = KEY
) -> tuple[list[PreparedCalls], int]:
    """What is sound in a body, and how many of its calls were rejected."""
    prepared, rejected = [], 0
    for slice_ in decode_calls(body, JsonForm.LINES, max_calls=100_000, max_call_bytes=MAX_CALL_BYTES):
        sound, faults = prepare(slice_.calls, slice_.indexes, admission, key)
        rejected += len(slice_.unreadable) + len(faults)
        prepared += [sound] if sound else []
    return prepared, rejected


def columns_of(calls: NativeCalls | PreparedCalls) -> list[list[int]]:
    columns = (calls.identity_high, calls.identity_low, calls.digest, calls.time_ms)
    return [column.tolist() for column in columns]


def line_with(field: str, value: str) -> bytes:
    """A call with one field written as given."""
    others = {"id": '"1"', "time": '"2026-03-15T11:59:00Z"', "path": '"/a"', "status": "200"} | {field: value}
    return f"{{{','.join(f'{json.dumps(name)}:{text}' for name, text in others.items())}}}".encode(
        errors="surrogatepass"
    )


ODD_LINES = [
    *(line_with("time", f'"{text}"') for text in TIMES),
    *(line_with(field, number) for number in NUMBERS for field in ("status", "duration_ms", "method")),
    *(
        line_with(field, f'"a{text}b"')
        for text in ESCAPES
        for field in ("id", "client_id", "time", "account_name")
    ),
    *(line_with("method", '"GET"')[:-1] + end.encode() for end in ENDS),
    *(
        line_with(field, f'"{character * (limit // size + more)}"')
        for field, limit in TEXT_LIMITS.items()
        if field != "organization"
        for character, size in (("x", 1), ("ä", 2), ("🦆", 4))
        for more in (0, 1)
    ),
    *(line_with("organization", f'"{text}"') for text in ("", "äcme", "acme", "äcme ", r"\u00e4cme")),
    *(
        line_with("route", '""') + end
        for end in (b"\xff", b"\xed\xa0\x80", b"\0", b"\r", b"\x0b", b"\xc2\xa0")
    ),
    *(start + line_with("route", '""') for start in (b"\xef\xbb\xbf", b" ", b"\t", b"\0", b"[", b",")),
    *(
        b"",
        b"{",
        b"{}",
        b"[]",
        b"null",
        b'"',
        b'{"id":"1"}',
        b'{"time":"2026-03-15T11:59:00Z"}',
        b"\xff",
        b" \r",
    ),
]


def agrees_with_the_reference(body: bytes, admission: Admission, key: IdentityKey = KEY) -> None:
    """What native code takes is without fault, and has the columns and texts that the reference gives."""
    for lines in slices_of(body):
        calls = by_native_code(body, lines, admission, key)
        if calls is not None:
            (prepared,), rejected = by_reference(body[lines.start : lines.end], admission, key)
            assert rejected == 0
            assert len(calls) == len(prepared) == lines.received
            assert columns_of(calls) == columns_of(prepared)
            assert [calls.call(row) for row in range(len(calls))] == prepared.calls


@THOROUGH
@given(bodies(any_lines), admissions, keys)
def test_what_native_code_takes_has_the_columns_that_the_reference_gives(
    body: bytes, admission: Admission, key: IdentityKey
) -> None:
    agrees_with_the_reference(body, admission, key)


@pytest.mark.parametrize("admission", [ADMISSION, BACKFILL])
@pytest.mark.parametrize("line", ODD_LINES, ids=lambda line: ascii(line[-40:])[2:-1])
def test_native_code_takes_an_odd_line_as_the_reference_does_or_not_at_all(
    line: bytes, admission: Admission
) -> None:
    agrees_with_the_reference(line, admission)


@THOROUGH
@given(bodies(plain_lines))
def test_native_code_takes_plain_calls(body: bytes) -> None:
    slices = slices_of(body)

    _, rejected = by_reference(body, ADMISSION)
    taken = [by_native_code(body, lines, ADMISSION) for lines in slices]

    assert rejected > 0 or None not in taken


@THOROUGH
@given(bodies(any_lines))
def test_slices_hold_every_line_that_is_a_call_for_the_reference(body: bytes) -> None:
    slices = slices_of(body)

    received = sum(
        slice_.received
        for slice_ in decode_calls(body, JsonForm.LINES, max_calls=100_000, max_call_bytes=MAX_CALL_BYTES)
    )

    assert sum(lines.received for lines in slices) == received


@settings(max_examples=examples(250))
@given(
    st.lists(bodies(st.one_of(plain_lines, plain_lines, plain_lines, any_lines)), min_size=1, max_size=5),
    admissions,
)
def test_both_chains_write_the_same_frames(given_bodies: list[bytes], admission: Admission) -> None:
    reference = ReferenceChain(KEY, RouteNamer(max_derived=3))
    chain = NativeChain(KEY, RouteNamer(max_derived=3))

    for body in given_bodies:
        reference.take(body, admission, NOW_MS)
        chain.take(body, admission, NOW_MS)

    assert chain.frames == reference.frames


limits = st.builds(
    TextLimits,
    of_kind=st.integers(1, 4),
    methods=st.integers(1, 3),
    memory=st.sampled_from([900, 3000, 10**6]),
)


@settings(max_examples=examples(250))
@given(st.lists(bodies(plain_lines), min_size=1, max_size=5), limits)
def test_both_chains_write_the_same_frames_where_there_is_no_room_for_texts(
    given_bodies: list[bytes], text_limits: TextLimits
) -> None:
    reference = ReferenceChain(KEY, RouteNamer(max_derived=3), text_limits)
    chain = NativeChain(KEY, RouteNamer(max_derived=3), text_limits)

    for body in given_bodies:
        reference.take(body, BACKFILL, NOW_MS)
        chain.take(body, BACKFILL, NOW_MS)

    assert chain.frames == reference.frames


steps = st.lists(
    st.lists(bodies(st.one_of(plain_lines, plain_lines, plain_lines, any_lines)), min_size=1, max_size=5),
    min_size=1,
    max_size=3,
)
"""Bodies that come at one time, again and again; of some a slice goes to the reference."""


@settings(max_examples=examples(250))
@given(steps, admissions)
def test_both_chains_write_the_same_frame_of_all_that_comes_at_one_time(
    at_once: list[list[bytes]], admission: Admission
) -> None:
    reference = ReferenceChain(KEY, RouteNamer(max_derived=3))
    chain = NativeChain(KEY, RouteNamer(max_derived=3))

    for given_bodies in at_once:
        reference.take_at_once(given_bodies, admission, NOW_MS)
        chain.take_at_once(given_bodies, admission, NOW_MS)

    assert chain.frames == reference.frames


@settings(max_examples=examples(100))
@given(st.lists(bodies(plain_lines), min_size=1, max_size=4))
def test_configured_patterns_for_routes_are_left_to_the_reference(given_bodies: list[bytes]) -> None:
    reference = ReferenceChain(KEY, RouteNamer(["us[a-z]+"]))
    chain = NativeChain(KEY, RouteNamer(["us[a-z]+"]))

    for body in given_bodies:
        reference.take(body, ADMISSION, NOW_MS)
        chain.take(body, ADMISSION, NOW_MS)

    assert chain.frames == reference.frames


def many_calls(count: int, chance: np.random.Generator) -> bytes:
    """Calls of a sender that repeats ids, paths and names, some of them with another content."""
    lines = [
        {
            "id": str(chance.integers(count)),
            "time": "2026-03-15T11:59:00Z",
            "client_id": f"client-{chance.integers(50)}",
            "client_name": f"Client {chance.integers(2)}",
            "source_id": f"source-{chance.integers(9)}",
            "route": str(chance.choice(["", "/things/{id}"])),
            "path": f"/things/{chance.integers(99)}/{chance.choice(['a', 'b'])}?{chance.integers(3)}",
        }
        for _ in range(count)
    ]
    return b"\n".join(json.dumps(line).encode() for line in lines)


def test_long_bodies_give_the_same_frames_and_native_code_takes_all_of_them() -> None:
    chance = numpy_luck(1)
    reference = ReferenceChain(KEY, RouteNamer(max_derived=1))
    chain = NativeChain(KEY, RouteNamer(max_derived=1))
    given_bodies = [many_calls(3500, chance) for _ in range(5)]

    for body in given_bodies:
        reference.take(body, ADMISSION, NOW_MS)
        chain.take(body, ADMISSION, NOW_MS)

    assert chain.frames == reference.frames
    assert chain.taken == 5 * 3500


def frames_of(chain: ReferenceChain, *given_bodies: list[dict[str, str]]) -> list[bytes]:
    """What a chain journals of bodies of calls, each with the fields given and a time."""
    for calls in given_bodies:
        lines = [json.dumps({"time": "2026-03-15T11:59:00Z"} | call).encode() for call in calls]
        chain.take(b"\n".join(lines), ADMISSION, NOW_MS)
    return chain.frames


@pytest.mark.parametrize(
    "calls",
    [
        pytest.param(
            [
                {"id": "1", "client_id": "of a conflict only"},
                {"id": "1", "client_id": "first seen in a conflict"},
                {"id": "2", "client_id": "second"},
                {"id": "3", "client_id": "first seen in a conflict"},
            ],
            id="texts that conflicts bring",
        ),
        pytest.param(
            [
                {"id": "1", "path": "/conflict/1"},
                {"id": "2", "path": "?a"},
                {"id": "3", "path": "?b"},
                {"id": "4", "path": ""},
                {"id": "5", "path": "/a?1"},
                {"id": "6", "path": "/a?2"},
                {"id": "7", "path": "/conflict/1"},
            ],
            id="paths that are alike or empty without their query",
        ),
        pytest.param(
            [
                {"id": "2", "path": "/b/17"},
                {"id": "3", "route": "/a/{id}"},
                {"id": "4", "path": "/a/17"},
                {"id": "5", "path": "/b/18"},
                {"id": "6", "path": "/c/17"},
                {"id": "7", "path": "/d/17"},
                {"id": "8", "route": "/d/{id}"},
                {"id": "9", "path": "/d/18"},
                {"id": "10", "path": "/e/1"},
                {"id": "11", "path": "/f/1"},
            ],
            id="more routes than may be made",
        ),
        pytest.param(
            [
                {"id": "2", "client_id": "a", "client_name": "One", "source_name": "of nothing"},
                {"id": "3", "client_id": "b", "client_name": "One"},
                {"id": "4", "client_id": "a", "client_name": "Two"},
                {"id": "1", "client_id": "c", "client_name": "of a conflict"},
            ],
            id="names that change",
        ),
    ],
)
def test_frames_are_the_same_where_order_decides(calls: list[dict[str, str]]) -> None:
    given_bodies = [[{"id": "1"}], calls, [call | {"id": f"{call['id']} again"} for call in calls[::-1]]]

    expected = frames_of(ReferenceChain(KEY, RouteNamer(max_derived=2)), *given_bodies)
    chain = NativeChain(KEY, RouteNamer(max_derived=2))

    assert frames_of(chain, *given_bodies) == expected
    assert chain.taken == 1 + 2 * len(calls)


def test_a_name_that_the_reference_told_meanwhile_is_told_anew() -> None:
    named = {"client_id": "a", "client_name": "One"}
    unusual = {"id": "2", "client_id": "a", "client_name": "Two", "status": "none"}
    given_bodies = [
        [{"id": "1"} | named],
        [{"id": "2"} | named | {"client_name": "Two"}, unusual],
        [{"id": "3"} | named],
    ]

    expected = frames_of(ReferenceChain(KEY, RouteNamer()), *given_bodies)
    chain = NativeChain(KEY, RouteNamer())

    assert frames_of(chain, *given_bodies) == expected
    assert chain.taken == 2


def test_a_line_may_be_as_long_as_allowed_and_no_longer() -> None:
    start = b'{"id":"1","time":"2026-03-15T11:59:00Z","path":"'
    fitting = start + b"x" * (MAX_CALL_BYTES - len(start) - 2) + b'"}'
    body = fitting + b"\n" + fitting.replace(b"xx", b"xxx", 1)

    taken = [
        by_native_code(body, LineSlice(0, len(fitting), 1), ADMISSION),
        by_native_code(body, LineSlice(len(fitting) + 1, len(body), 1), ADMISSION),
    ]

    assert taken[0] is not None
    assert taken[1] is None


def test_calls_that_are_hashed_together_have_the_identities_of_each_alone() -> None:
    chance = numpy_luck(1)
    calls = [
        {
            "id": "i" * int(chance.integers(1, 256)),
            "time": "2026-03-15T11:59:00Z",
            "origin": "o" * int(chance.choice([0, 0, 1, 40, 900])),
        }
        for _ in range(500)
    ]
    body = b"\n".join(json.dumps(call).encode() for call in calls)

    together = by_native_code(body, LineSlice(0, len(body), len(calls)), ADMISSION)

    assert together is not None
    alone = [KEY.hashing("äcme", call["origin"])(call["id"]) for call in calls]
    halves = zip(together.identity_high.tolist(), together.identity_low.tolist(), strict=True)
    assert [high.to_bytes(8) + low.to_bytes(8) for high, low in halves] == alone


@pytest.mark.parametrize("scheme_and_key", [("blake3", b"short"), ("xxh3", bytes(32)), ("none", bytes(32))])
def test_a_key_that_fits_no_scheme_is_refused(scheme_and_key: tuple[str, bytes]) -> None:
    scheme, key = scheme_and_key

    with pytest.raises(ValueError, match="no such key"):
        native.decode(
            b"",
            0,
            0,
            organization="acme",
            earliest_ms=0,
            latest_ms=0,
            max_call_bytes=1,
            scheme=scheme,
            key=key,
            derive_routes=True,
        )


@pytest.mark.parametrize("bounds", [(5, 3), (0, 10**9), (10**9, 10**10), (3, 20)])
def test_bounds_that_are_no_lines_are_declined(bounds: tuple[int, int]) -> None:
    body = b'{"id":"1","time":"2026-03-15T11:59:00Z"}'

    calls = by_native_code(body, LineSlice(*bounds, 1), ADMISSION)

    assert calls is None or len(calls) <= 1


@pytest.mark.parametrize(
    ("key", "identity"),
    [
        (KEY, (5438483116973120951, 5734407051208500855)),
        (FORMER_KEY, (3009054404487558152, 15382170608131264232)),
    ],
)
def test_identities_and_digests_are_the_same_for_ever(key: IdentityKey, identity: tuple[int, int]) -> None:
    body = (
        b'{"id":"c-1","time":"2026-03-15T11:59:00Z","origin":"web","client_id":"a","method":"GET",'
        b'"path":"/users/17?q=1","status":200,"duration_ms":5,"client_name":"A"}'
    )

    calls = by_native_code(body, LineSlice(0, len(body), 1), ADMISSION, key)

    assert calls is not None
    high, low = identity
    assert columns_of(calls) == [[high], [low], [12685027547149747467], [1773575940000]]
