"""All readers of access logs read every short line alike: no line has to be found by luck.

The readers are the regular expression for plain lines, the careful way and native code.
"""

import io
from collections.abc import Iterator
from itertools import product

import msgspec
import pytest

from calltally.call import Call
from calltally.imports import log_line
from calltally.imports.access_log import AccessLog
from calltally.imports.log_file import LogFile
from calltally.imports.log_import import AccessLogReader
from calltally.imports.log_part import LogPart
from tests.reference.access_log import ReferenceAccessLog

LETTERS = (b"\\", b'"', b"0", b"x4", b"-", b" ", b"?", b":8")
PIECES = (
    *(b"\\", b"-", b" ", b"a:1 ", b"- ", b"- [10/Oct/2000:13:55:36 -0700] "),
    *(b'"GET / HTTP/1.1" ', b'"', b"200 1"),
)
SHAPES = {
    "address": b'%s - u [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 0',
    "ident": b'a %s u [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 0',
    "user": b'a - %s [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 0',
    "time": b'a - u [10/Oct/2000:13:55:3%s6 -0700] "GET / HTTP/1.1" 200 0',
    "method": b'a - u [10/Oct/2000:13:55:36 -0700] "G%sT / HTTP/1.1" 200 0',
    "path": b'a - u [10/Oct/2000:13:55:36 -0700] "GET /%s HTTP/1.1" 200 0',
    "request": b'a - u [10/Oct/2000:13:55:36 -0700] "%s" 200 0',
    "protocol": b'a - u [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1%s" 200 0',
    "status": b'a - u [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" %s 0',
    "size": b'a - u [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 %s',
}


def short_texts() -> Iterator[bytes]:
    """Every text of up to four of the letters."""
    for length in range(5):
        yield from map(b"".join, product(LETTERS, repeat=length))


def short_lines() -> Iterator[bytes]:
    """Every line of up to five of the pieces."""
    for length in range(6):
        yield from map(b"".join, product(PIECES, repeat=length))


LINES = {name: [shape % text for text in short_texts()] for name, shape in SHAPES.items()}
LINES["whole line"] = list(short_lines())

_decoder = msgspec.json.Decoder(Call)


@pytest.mark.parametrize("place", LINES)
def test_the_fast_way_reads_every_short_text_as_the_careful_way_does(place: str) -> None:
    for line in LINES[place]:
        assert outcome(line, fast=True) == outcome(line, fast=False), line


@pytest.mark.parametrize("place", LINES)
def test_native_code_reads_every_short_text_as_the_reference_does(place: str) -> None:
    log = b"".join(line + b"\n" for line in LINES[place])

    native, reference = told(AccessLog("web-1"), log), told(ReferenceAccessLog("web-1"), log)

    for number, line in enumerate(LINES[place], start=1):
        assert native[number] == reference[number], line


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (rb"\0", r"\0"),
        (rb"a\x22b", 'a"b'),
        (rb"a\X22b", r"a\X22b"),
        (rb"a\x2", r"a\x2"),
        (rb"a\\b", r"a\b"),
        (rb"a\\x22", r"a\x22"),
        (rb"a\"b", 'a"b'),
        (rb"a\nb\t", "a\nb\t"),
        (rb"a\'b", r"a\'b"),
        (rb"C:\dir\f", r"C:\dir\f"),
        (b"a\\", "a\\"),
    ],
)
@pytest.mark.parametrize("place", ["address", "user", "path"])
def test_what_servers_write_for_a_character_is_that_character_and_any_other_backslash_is_itself(
    place: str, written: bytes, meant: str
) -> None:
    request = log_line.read_log_line(SHAPES[place] % written)

    found = {"address": request.address, "user": request.user, "path": request.path[1:]}
    assert found[place] == meant


def outcome(line: bytes, *, fast: bool) -> log_line.LoggedRequest | str:
    try:
        return log_line.read_log_line(line) if fast else log_line._read_carefully(line)
    except log_line.UnreadableLineError as error:
        return str(error)


def told(reader: AccessLogReader, log: bytes) -> dict[int, Call | str]:
    """Of each line by its number the call, or why it tells none."""
    whole = LogPart()
    for block in LogFile(io.BytesIO(log)).blocks():
        whole.add(reader.part(block))
    calls = [_decoder.decode(text) for text in b"".join(whole.body).splitlines()]
    return {**dict(zip(whole.line_numbers, calls, strict=True)), **dict(whole.skipped)}
