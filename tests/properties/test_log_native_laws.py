"""The compiled reader of logs tells the calls that the reference tells, or leaves a line to it.

Logs are bytes that servers and strangers could write: plain lines, lines with one odd field, and garbage.
"""

import io
from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calltally import _native as native
from calltally.call import MAX_ID_BYTES, MAX_METHOD_BYTES, MAX_PATH_BYTES, Call
from calltally.imports.access_log import AccessLog
from calltally.imports.log_file import MAX_LINE_BYTES, LogFile
from calltally.imports.log_import import AccessLogReader
from calltally.imports.log_part import LogPart, SkippedLine
from calltally.imports.logged_calls import LogField
from calltally.imports.ndjson_log import NdjsonLog
from tests.reference.access_log import ReferenceAccessLog
from tests.support.seeds import examples

THOROUGH = settings(max_examples=examples(250, deep=10_000))


_decoder = msgspec.json.Decoder(Call)


def line(
    *,
    host: bytes = b"",
    address: bytes = b"10.0.0.1",
    ident: bytes = b"-",
    user: bytes = b"-",
    time: bytes = b"10/Oct/2000:13:55:36 -0700",
    request: bytes = b"GET /users/17 HTTP/1.1",
    status: bytes = b"200",
    size: bytes = b"12",
    rest: bytes = b' "-" "curl/8.5.0"',
) -> bytes:
    return b'%s%s %s %s [%s] "%s" %s %s%s' % (host, address, ident, user, time, request, status, size, rest)


ODD_FIELDS: dict[str, list[bytes]] = {
    "host": [b"", b"www.example.com:443 ", b":443 ", b"a:1 b:2 ", b"a: ", b"a:123456 ", b"::1 ", b" "],
    "address": [
        *(b"", b"-", b"::1", b"10.0.0.1:80", b"a:80", b"a\\x22b", b'a"b', b"caf\xc3\xa9", b"\xff", b"a\0b"),
        *(b"x" * MAX_ID_BYTES, b"x" * (MAX_ID_BYTES + 1), b"a b", b"\t", b"\\"),
    ],
    "ident": [b"-", b"ident", b"", b"- -", b"--"],
    "user": [
        *(b"", b"-", b"--", b'""', b"ann", b"Ann Berg", b"an\\x22na", b"a\\b", b"[x]", b"a]", b"\xc3\xa9"),
        *(b"u" * MAX_ID_BYTES, b"u" * (MAX_ID_BYTES + 1), b"x [01/Jan/1999:00:00:00 +0000] ", b"\0", b"?"),
    ],
    "time": [
        *(b"01/Jan/2026:00:10:59 +0530", b"29/Feb/2024:23:59:59 +0000", b"31/Dec/2025:22:00:00 -0330"),
        *(b"28/Feb/2024:23:59:59 -0001", b"01/Mar/2100:00:00:00 +2359", b"01/Jan/1970:00:00:00 +0100"),
        *(b"31/Feb/2026:00:00:00 +0000", b"00/Jan/2026:00:00:00 +0000", b"10/Okt/2026:00:00:00 +0000"),
        *(b"10/Oct/2026:24:00:00 +0000", b"10/Oct/2026:00:60:00 +0000", b"31/Dec/2016:23:59:60 +0000"),
        *(b"31/Dec/2016:23:59:61 +0000", b"31/Dec/2016:23:59:60 +0100", b"01/Jan/2017:00:59:60 +0100"),
        *(b"10/Oct/2026:00:00:00 +2400", b"10/Oct/2026:00:00:00 +0060", b"10/Oct/0000:00:00:00 +0000"),
        *(b"01/Jan/0001:00:00:00 +0100", b"01/Jan/0001:00:00:00 +0000", b"02/Jan/0002:00:00:00 +2359"),
        *(b"31/Dec/9999:23:00:00 -0100", b"31/Dec/9998:23:59:00 -2359", b"10/oct/2026:00:00:00 +0000"),
        *(b"10/Oct/2026:00:00:00 *0000", b"10/Oct/2026 00:00:00 +0000", b"10/Oct/2026:00:00:00", b""),
        *(b"1/Oct/2026:00:00:00 +00000", b"+1/Oct/2026:00:00:00 +0000", b"10/Oct/2026:00:00:0\xb2 +0000"),
    ],
    "request": [
        *(b"", b"-", b"GET", b"GET /", b"GET  / HTTP/1.1", b"get / HTTP/1.1", b"GET * HTTP/1.1"),
        *(b"GET /?a=\\x22 HTTP/1.1", b"GET /? HTTP/1.1", b"GET ? HTTP/1.1", b"GET /#a?b HTTP/2.0"),
        *(b"GET /a?b?c HTTP/2", b"GET /a HTTP/", b"GET /a HTTP/1.", b"GET /a HTTP/11", b"GET /a HTTP/1.1 "),
        *(
            b"GET http://example.com/a?b HTTP/1.1",
            b"CONNECT example.com:443 HTTP/1.1",
            b"PROPFIND / HTTP/1.1",
        ),
        *(b"\\x16\\x03\\x01", b"GET /a b HTTP/1.1", b'GET /a"b HTTP/1.1', b'GET /a\\"b HTTP/1.1', b"\\"),
        *(b"GET /\xc3\xa9 HTTP/1.1", b"GET /\xff HTTP/1.1", b"GET /\0 HTTP/1.1", b"GET /{}<>|^` HTTP/1.1"),
        *(b"G" * MAX_METHOD_BYTES + b" / HTTP/1.1", b"G" * (MAX_METHOD_BYTES + 1) + b" / HTTP/1.1"),
        *(b"GET /%s HTTP/1.1" % (b"p" * length) for length in (MAX_PATH_BYTES - 1, MAX_PATH_BYTES)),
        b"GET /?%s HTTP/1.1" % (b"q" * 10_000),
    ],
    "status": [b"100", b"599", b"600", b"099", b"000", b"0", b"009", b"42", b"2000", b"-", b"", b"20x"],
    "size": [
        *(b"0", b"-", b"", b"00", b"012", b"9" * 18, b"1" + b"0" * 18, b"9" * 19, b"9" * 400, b"-1", b"1x"),
        *(b"--", b"1-", b"\xb2"),
    ],
    "rest": [
        *(b"", b" ", b"x", b'"', b' "-" "a \\x22" 0.003', b" \xff\x00", b' " [10/Oct/2000:13:55:36 -0700] "'),
        b" " + b"x" * (MAX_LINE_BYTES - 90),
        b" " + b"x" * MAX_LINE_BYTES,
    ],
}

SHORT_FIELDS = {field: [text for text in texts if len(text) < 300] for field, texts in ODD_FIELDS.items()}

plain_lines = st.builds(
    line,
    address=st.sampled_from([b"10.0.0.1", b"10.0.0.2", b"2001:db8::17", b"crawler.example.com", b"-"]),
    user=st.sampled_from([b"-", b"ann", b"bob@example.com", b"x'y"]),
    time=st.builds(
        b"%02d/%s/%d:%02d:%02d:%02d %s".__mod__,
        st.tuples(
            st.integers(1, 28),
            st.sampled_from([b"Jan", b"Feb", b"Mar", b"Dec"]),
            st.integers(1971, 2026),
            st.integers(0, 23),
            st.integers(0, 59),
            st.integers(0, 59),
            st.sampled_from([b"+0000", b"-0700", b"+0530", b"+1400", b"-1200"]),
        ),
    ),
    request=st.builds(
        b"%s /%s%s HTTP/%s".__mod__,
        st.tuples(
            st.sampled_from([b"GET", b"POST", b"OPTIONS"]),
            st.from_regex(rb"[a-z0-9/%.~{}<>|#-]{0,30}", fullmatch=True),
            st.sampled_from([b"", b"?", b"?a=b", b"?a=b?c=d"]),
            st.sampled_from([b"1.0", b"1.1", b"2.0", b"2"]),
        ),
    ),
    status=st.sampled_from([b"200", b"204", b"404", b"499", b"599"]),
    size=st.sampled_from([b"0", b"17", b"-", b"9" * 18]),
    rest=st.sampled_from([b"", b' "-" "curl"', b' "r" "a" 0.003 0.002 .', b' "\xff" "']),
)


@st.composite
def odd_lines(draw: st.DrawFn) -> bytes:
    """Lines in which one or two fields are unusual, right or wrong."""
    fields = draw(st.lists(st.sampled_from(list(ODD_FIELDS)), min_size=1, max_size=2, unique=True))
    return line(**{field: draw(st.sampled_from(SHORT_FIELDS[field])) for field in fields})


@st.composite
def damaged_lines(draw: st.DrawFn) -> bytes:
    whole = draw(st.one_of(plain_lines, odd_lines()))
    where = draw(st.integers(0, max(len(whole) - 1, 0)))
    odd = draw(st.sampled_from([b"", b" ", b'"', b"\\", b"\0", b"\xff", b"[", b"]", b"-", b"\t", b"\r"]))
    return whole[:where] + odd + whole[where + draw(st.integers(0, 1)) :]


any_lines = st.one_of(plain_lines, plain_lines, odd_lines(), damaged_lines(), st.binary(max_size=40))


@st.composite
def logs(draw: st.DrawFn, lines: st.SearchStrategy[bytes]) -> bytes:
    some = draw(st.lists(lines, max_size=8))
    ending = draw(st.sampled_from([b"\n", b"\n", b"\r\n"]))
    start = draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf"]))
    return start + b"".join(each + ending for each in some + some[: draw(st.integers(0, 3))])


callers = st.sampled_from([LogField.ADDRESS, LogField.USER, "", "web shop", 'q"\u00e4\\'])


def told(reader: AccessLogReader, log: bytes, block_bytes: int) -> tuple[dict[int, Call], dict[int, str]]:
    """The call of each line by its number, and the reason of each line that is none."""
    whole = LogPart()
    for block in LogFile(io.BytesIO(log), block_bytes).blocks():
        whole.add(reader.part(block))
    calls = [_decoder.decode(text) for text in b"".join(whole.body).splitlines()]
    return dict(zip(whole.line_numbers, calls, strict=True)), dict(whole.skipped)


def bodies(reader: AccessLogReader, log: bytes) -> bytes:
    return b"".join(body for block in LogFile(io.BytesIO(log)).blocks() for body in reader.part(block).body)


@THOROUGH
@given(logs(any_lines), callers, callers, st.integers(1, 400))
def test_every_line_is_the_call_that_the_reference_tells_or_skipped_for_its_reason(
    log: bytes, client: LogField | str, user: LogField | str, block_bytes: int
) -> None:
    reference = told(ReferenceAccessLog("wéb-1", client, user), log, 1 << 20)

    assert told(AccessLog("wéb-1", client, user), log, block_bytes) == reference


@pytest.mark.parametrize(
    "text",
    [line(**{field: text}) for field, texts in ODD_FIELDS.items() for text in texts],
    ids=lambda text: ascii(text[:60])[2:-1],
)
def test_an_odd_line_is_the_call_that_the_reference_tells(text: bytes) -> None:
    log = text + b"\n" + text + b"\r\n"

    assert told(AccessLog("web-1"), log, 1 << 20) == told(ReferenceAccessLog("web-1"), log, 1 << 20)


@THOROUGH
@given(logs(plain_lines), callers, callers)
def test_plain_lines_are_written_as_the_reference_writes_them(
    log: bytes, client: LogField | str, user: LogField | str
) -> None:
    reader = AccessLog("web-1", client, user)

    assert bodies(reader, log) == bodies(ReferenceAccessLog("web-1", client, user), log)


@THOROUGH
@given(logs(plain_lines))
def test_native_code_takes_plain_lines(log: bytes) -> None:
    reader = native.AccessLogReader(b'""', "address", "user")

    odd = [each for block in LogFile(io.BytesIO(log)).blocks() for each in reader.take(block)[2]]

    assert odd == []


def numbered(parts: Iterable[LogPart]) -> tuple[list[tuple[int, bytes]], list[SkippedLine]]:
    whole = LogPart()
    for part in parts:
        whole.add(part)
    lines = b"".join(whole.body).split(b"\n")[:-1]
    found = [each.removesuffix(b"\r") for each in lines]
    return list(zip(whole.line_numbers, found, strict=True)), whole.skipped


json_lines = st.one_of(
    st.sampled_from([b'{"id":"1"}', b"", b" ", b"\t", b"\x0b", b"\r", b"x", b" {}", b"{}\0", b"\xff"]),
    st.integers(-1, 2).map(lambda more: b"x" * (MAX_LINE_BYTES + more)),
)


@settings(max_examples=examples(60))
@given(st.lists(json_lines, max_size=12), st.sampled_from([b"\n", b"\r\n"]), st.integers(1, 90))
def test_lines_of_json_are_cut_as_the_reference_cuts_them(
    some: list[bytes], ending: bytes, block_bytes: int
) -> None:
    log = b"".join(each + ending for each in some)

    by_native_code = NdjsonLog(LogFile(io.BytesIO(log), block_bytes))

    assert numbered(by_native_code.parts()) == numbered(
        NdjsonLog(LogFile(io.BytesIO(log)), lambda *_: None).parts()
    )
