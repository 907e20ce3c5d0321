import gzip
import io
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xxhash import xxh3_128_hexdigest

from calltally.call import Call
from calltally.imports import log_line
from calltally.imports.access_log import AccessLog
from calltally.imports.log_file import MAX_LINE_BYTES, LogFile
from calltally.imports.log_part import SkippedLine
from calltally.imports.logged_calls import LogField
from tests.reference.access_log import LogSlice
from tests.support.access_logs import read_blocks

COMMON = b'127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326'
COMBINED = COMMON + b' "http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)"'


def read(
    content: bytes,
    *,
    client_id: LogField | str = LogField.ADDRESS,
    user_id: LogField | str = LogField.USER,
    block_bytes: int = 1 << 20,
) -> LogSlice:
    log = AccessLog("web-1", client_id=client_id, user_id=user_id)
    return read_blocks(log, LogFile(io.BytesIO(content), block_bytes).blocks())


def call_of(line: bytes) -> Call:
    (call,) = read(line + b"\n").calls
    return call


def outcome(reader: Callable[[bytes], log_line.LoggedRequest], line: bytes) -> log_line.LoggedRequest | str:
    try:
        return reader(line)
    except log_line.UnreadableLineError as error:
        return str(error)


def line_with(
    *,
    address: bytes = b"10.0.0.1",
    user: bytes = b"-",
    time: bytes = b"10/Oct/2000:13:55:36 -0700",
    request: bytes = b"GET / HTTP/1.1",
    status: bytes = b"200",
    size: bytes = b"12",
    rest: bytes = b' "-" "curl/8.5.0"',
) -> bytes:
    return b'%s - %s [%s] "%s" %s %s%s' % (address, user, time, request, status, size, rest)


def test_a_line_of_the_combined_format_is_a_call() -> None:
    assert call_of(COMBINED) == Call(
        id=f"{xxh3_128_hexdigest(COMBINED)}-0",
        time="2000-10-10T20:55:36Z",
        origin="web-1",
        client_id="127.0.0.1",
        user_id="frank",
        method="GET",
        path="/apache_pb.gif",
        status=200,
        response_bytes=2326,
    )


@pytest.mark.parametrize("rest", [b"", b' "-" "curl"', b' "-" "curl" 0.003 0.001 .', b" \xff\x00"])
def test_what_follows_the_size_is_passed_over(rest: bytes) -> None:
    call = call_of(COMMON + rest)

    assert (call.path, call.status, call.response_bytes) == ("/apache_pb.gif", 200, 2326)


def test_line_numbers_and_reasons_point_into_the_file() -> None:
    found = read(COMMON + b"\n\nhello\n" + COMBINED + b"\n")

    assert found.line_numbers == [1, 4]
    assert found.skipped == [
        SkippedLine(2, "empty line"),
        SkippedLine(3, "not in the common or combined log format"),
    ]


@pytest.mark.parametrize(
    ("logged", "time"),
    [
        (b"10/Oct/2000:13:55:36 -0700", "2000-10-10T20:55:36Z"),
        (b"01/Jan/2026:00:10:59 +0530", "2025-12-31T18:40:59Z"),
        (b"29/Feb/2024:23:59:59 +0000", "2024-02-29T23:59:59Z"),
        (b"31/Dec/2025:22:00:00 -0330", "2026-01-01T01:30:00Z"),
        (b"31/Dec/2016:15:59:60 -0800", "2016-12-31T23:59:60Z"),
    ],
)
def test_times_become_utc(logged: bytes, time: str) -> None:
    assert call_of(line_with(time=logged)).time == time


@pytest.mark.parametrize(
    "logged",
    [
        b"31/Feb/2026:00:00:00 +0000",
        b"00/Jan/2026:00:00:00 +0000",
        b"10/Okt/2026:00:00:00 +0000",
        b"10/Oct/2026:24:00:00 +0000",
        b"10/Oct/2026:00:60:00 +0000",
        b"31/Dec/2016:23:59:61 +0000",
        b"31/Dec/2016:23:59:60 +0100",
        b"10/Oct/2026:00:00:00 +2400",
        b"10/Oct/2026:00:00:00 +0060",
        b"10/Oct/0000:00:00:00 +0000",
        b"01/Jan/0001:00:00:00 +0100",
        b"31/Dec/9999:23:00:00 -0100",
    ],
)
def test_an_impossible_time_is_skipped_with_the_time_as_the_reason(logged: bytes) -> None:
    found = read(line_with(time=logged) + b"\n")

    assert found.calls == []
    assert found.skipped == [SkippedLine(1, f"impossible time {logged.decode()}")]


@pytest.mark.parametrize(
    ("request_line", "method", "path"),
    [
        (b"GET /users/17?token=secret HTTP/1.1", "GET", "/users/17"),
        (b"POST /caf\\xC3\\xA9/\\x22a\\x22\\x5C HTTP/2.0", "POST", '/café/"a"\\'),
        (b'GET /a\\"b\\\\c HTTP/1.1', "GET", '/a"b\\c'),
        (b"GET /caf\xc3\xa9 HTTP/1.1", "GET", "/café"),
        (b"GET /\\xFF\xfe HTTP/1.1", "GET", "/\ufffd\ufffd"),
        (b"GET /a\\x00b HTTP/1.1", "GET", "/a\ufffdb"),
        (b"GET /a b HTTP/1.1", "GET", "/a b"),
        (b'GET /a"b HTTP/1.1', "GET", '/a"b'),
        (b"GET /http-0.9", "GET", "/http-0.9"),
        (b"OPTIONS * HTTP/1.1", "OPTIONS", "*"),
        (b"GET http://example.com:80/users?x HTTP/1.1", "GET", "/users"),
        (b"GET http://example.com HTTP/1.1", "GET", "/"),
        (b"CONNECT example.com:443 HTTP/1.1", "CONNECT", "example.com:443"),
        (b"PROPFIND / HTTP/1.1", "PROPFIND", "/"),
    ],
)
def test_method_and_path_come_from_the_request_line(request_line: bytes, method: str, path: str) -> None:
    call = call_of(line_with(request=request_line))

    assert (call.method, call.path) == (method, path)


@pytest.mark.parametrize(
    "request_line",
    [b"", b"-", b"\\x16\\x03\\x01\\x02\\x00", b"GET", b"hello world", b"GET / HTTP/x", b" ", b"\\"],
)
def test_a_call_counts_though_its_request_is_garbage(request_line: bytes) -> None:
    call = call_of(line_with(request=request_line, status=b"400"))

    assert (call.method, call.path, call.status, call.time) == ("", "", 400, "2000-10-10T20:55:36Z")


@pytest.mark.parametrize(
    ("address", "client"),
    [
        (b"2001:db8::17", "2001:db8::17"),
        (b"::1", "::1"),
        (b"crawler.example.com", "crawler.example.com"),
        (b"unix:", "unix:"),
        (b"-", ""),
        (b"www.example.com:443 10.0.0.9", "10.0.0.9"),
        (b"caf\xe9.example", "caf\ufffd.example"),
    ],
)
def test_the_client_is_the_remote_address(address: bytes, client: str) -> None:
    assert call_of(line_with(address=address)).client_id == client


@pytest.mark.parametrize(
    ("logged", "user"),
    [
        (b"-", ""),
        (b'""', ""),
        (b"anna", "anna"),
        (b"Anna Berg", "Anna Berg"),
        (b"an\\x22na\\x5C", 'an"na\\'),
        (b'an"na', 'an"na'),
        (b"a [b] c", "a [b] c"),
        (b"x [01/Jan/1999:00:00:00 +0000] \\x22GET /\\x22 5", 'x [01/Jan/1999:00:00:00 +0000] "GET /" 5'),
        (b"\xff", "\ufffd"),
    ],
)
def test_the_user_is_the_remote_user(logged: bytes, user: str) -> None:
    call = call_of(line_with(user=logged))

    assert (call.user_id, call.time, call.status) == (user, "2000-10-10T20:55:36Z", 200)


def test_an_identity_of_the_client_host_is_passed_over() -> None:
    call = call_of(COMMON.replace(b" - frank", b" ident frank"))

    assert (call.client_id, call.user_id) == ("127.0.0.1", "frank")


def test_who_called_can_be_told_otherwise() -> None:
    (call,) = read(COMBINED + b"\n", client_id=LogField.USER, user_id="").calls
    (other,) = read(COMBINED + b"\n", client_id="web shop", user_id=LogField.ADDRESS).calls

    assert (call.client_id, call.user_id) == ("frank", "")
    assert (other.client_id, other.user_id) == ("web shop", "127.0.0.1")
    assert call.id == other.id


@pytest.mark.parametrize(
    ("logged", "status"), [(b"000", 0), (b"0", 0), (b"009", 0), (b"101", 101), (b"599", 599)]
)
def test_statuses_are_kept_and_none_is_0(logged: bytes, status: int) -> None:
    assert call_of(line_with(status=logged)).status == status


@pytest.mark.parametrize("logged", [b"600", b"999", b"42", b"2000", b"9" * 5000])
def test_a_status_that_no_call_can_have_is_skipped(logged: bytes) -> None:
    (skipped,) = read(line_with(status=logged) + b"\n").skipped

    assert skipped.reason == f"status {logged[:20].decode()} is neither 0 nor 100 to 599"


@pytest.mark.parametrize(
    ("logged", "size"),
    [(b"-", None), (b"0", 0), (b"%d" % (2**63 - 1), 2**63 - 1), (b"%d" % 2**63, None), (b"9" * 5000, None)],
)
def test_sizes_are_kept_where_a_call_can_hold_them(logged: bytes, size: int | None) -> None:
    assert call_of(line_with(size=logged)).response_bytes == size


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "empty line"),
        (b" \t", "empty line"),
        (b"\0" * 40, "not in the common or combined log format"),
        (b"\0\0" + COMMON, "damaged: NUL bytes before the time"),
        (line_with(rest=b" " + b"x" * MAX_LINE_BYTES), "longer than 65536 bytes"),
        (COMMON.removesuffix(b" 2326"), "not in the common or combined log format"),
        (COMMON[:60], "not in the common or combined log format"),
        (line_with(status=b"-"), "not in the common or combined log format"),
        (b'{"time": "2026-03-01T10:15:00Z"}', "not in the common or combined log format"),
        (b"2026/03/01 10:15:00 [error] 7#7: *1 open() failed", "not in the common or combined log format"),
        (
            b'[2026-03-01T10:15:00.000Z] "GET / HTTP/1.1" 200 - 0 1',
            "not in the common or combined log format",
        ),
    ],
)
def test_a_line_that_tells_no_call_is_skipped_with_the_reason(line: bytes, reason: str) -> None:
    found = read(line + b"\n")

    assert found.calls == []
    assert found.skipped == [SkippedLine(1, reason)]


def test_text_longer_than_a_call_may_hold_is_cut_between_characters() -> None:
    call = call_of(line_with(user=b"a" + b"\xc3\xa9" * 200, request=b"GET /" + b"p" * 9000 + b" HTTP/1.1"))

    assert call.user_id == "a" + "é" * 127
    assert call.path == "/" + "p" * 8191


def test_identical_lines_are_different_calls() -> None:
    found = read((COMBINED + b"\n") * 3 + COMMON + b"\n")

    assert [call.id[-2:] for call in found.calls] == ["-0", "-1", "-2", "-0"]
    assert len({call.id for call in found.calls}) == 4


def test_a_line_has_the_same_id_with_either_line_ending() -> None:
    assert read(COMBINED + b"\r\n").calls == read(COMBINED + b"\n").calls


def test_a_compressed_copy_has_the_same_calls() -> None:
    content = b"".join(line_with(status=b"%d" % status) + b"\n" for status in range(200, 600)) * 3

    assert read(gzip.compress(content)).calls == read(content).calls


_PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")  # what compressed logs begin with
_LINES = (
    st.lists(
        st.one_of(
            st.sampled_from(
                [COMMON, COMBINED, b"", b"hello", line_with(request=b"-"), line_with(status=b"999")]
            ),
            st.binary(max_size=60),
            st.builds(line_with, user=st.binary(max_size=9), request=st.binary(max_size=30)),
        ),
        max_size=30,
    )
    .map(lambda lines: b"".join(line + b"\n" for line in lines))
    .filter(lambda content: not content.startswith(_PACKED))
)


@given(_LINES, st.integers(1, 200))
def test_where_blocks_are_split_changes_nothing(content: bytes, block_bytes: int) -> None:
    assert read(content, block_bytes=block_bytes) == read(content)


@given(_LINES)
def test_every_line_is_a_call_or_skipped(content: bytes) -> None:
    found = read(content)

    numbers = sorted(found.line_numbers + [each.line_number for each in found.skipped])
    assert numbers == list(range(1, content.count(b"\n") + 1))
    assert len(found.calls) == len(found.line_numbers)


@given(_LINES, _LINES)
def test_a_log_that_has_grown_gives_its_old_calls_their_old_ids(old: bytes, more: bytes) -> None:
    before = read(old).calls

    assert read(old + more).calls[: len(before)] == before


@given(_LINES)
def test_ordinals_equal_a_naive_count(content: bytes) -> None:
    found = read(content)

    lines = content.split(b"\n")
    seen: Counter[bytes] = Counter()
    for call, number in zip(found.calls, found.line_numbers, strict=True):
        line = lines[number - 1].removesuffix(b"\r")
        assert call.id == f"{xxh3_128_hexdigest(line)}-{seen[line]}"
        seen[line] += 1


_PLAIN_TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12).map(str.encode)


@given(
    st.builds(
        line_with,
        address=_PLAIN_TEXT,
        user=_PLAIN_TEXT,
        request=st.builds(b"GET /%s HTTP/1.1".__mod__, _PLAIN_TEXT),
        status=st.sampled_from([b"200", b"000", b"404", b"600"]),
        size=_PLAIN_TEXT,
        rest=_PLAIN_TEXT,
    )
)
def test_the_fast_way_reads_what_the_careful_way_reads(line: bytes) -> None:
    assert outcome(log_line.read_log_line, line) == outcome(log_line._read_carefully, line)
