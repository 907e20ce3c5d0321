import gzip
import io
from pathlib import Path

import pytest
import zstandard
from hypothesis import assume, given
from hypothesis import strategies as st

from calltally.imports.log_file import MAX_LINE_BYTES, SLICE_LINES, LogFile, LogFormat
from calltally.imports.ndjson_log import NdjsonLog

TEXT = b"".join(b"line %d\n" % number for number in range(5000))


def lines_of(content: bytes, block_bytes: int = 1 << 20) -> list[bytes]:
    return [line for each in LogFile(io.BytesIO(content), block_bytes).slices() for line in each.lines]


def ndjson_lines(content: bytes) -> tuple[list[bytes], list[int], bool]:
    log = NdjsonLog(LogFile(io.BytesIO(content)))
    parts = list(log.parts())
    return (
        [line for part in parts for body in part.body for line in body.splitlines()],
        [number for part in parts for number in part.line_numbers],
        log.waiting,
    )


def test_lines_come_in_slices_that_know_their_place() -> None:
    slices = list(LogFile(io.BytesIO(TEXT)).slices())

    assert [each.first_number for each in slices] == [1, 1001, 2001, 3001, 4001]
    assert {len(each.lines) for each in slices} == {SLICE_LINES}
    assert slices[2].lines[0] == b"line 2000"


@pytest.mark.parametrize("content", [b"a\r\nb\r\n", b"a\nb\n", b"\xef\xbb\xbfa\nb\r\n"])
def test_line_endings_and_a_byte_order_mark_are_no_part_of_a_line(content: bytes) -> None:
    assert lines_of(content) == [b"a", b"b"]


def test_an_unfinished_last_line_waits() -> None:
    file = LogFile(io.BytesIO(b"whole\nunfin"))

    lines = [each.lines for each in file.slices()]

    assert lines == [[b"whole"]]
    assert file.waiting == b"unfin"


def test_nothing_waits_behind_a_finished_line() -> None:
    file = LogFile(io.BytesIO(b"whole\n"))

    list(file.slices())

    assert file.waiting is None


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(TEXT),
        gzip.compress(TEXT[:10_003]) + gzip.compress(TEXT[10_003:]),
        gzip.compress(TEXT) + b"\0" * 512,
        zstandard.compress(TEXT),
        zstandard.compress(TEXT[:10_003]) + zstandard.compress(TEXT[10_003:]),
    ],
    ids=["gzip", "gzip members", "padded gzip", "zstd", "zstd frames"],
)
@pytest.mark.parametrize("block_bytes", [7, 1 << 20])
def test_a_compressed_log_reads_like_the_plain_one(packed: bytes, block_bytes: int) -> None:
    file = LogFile(io.BytesIO(packed), block_bytes)

    lines = [line for each in file.slices() for line in each.lines]

    assert lines == lines_of(TEXT)
    assert (file.break_reason, file.bytes_read) == ("", len(packed))


@pytest.mark.parametrize("packed", [gzip.compress(TEXT), zstandard.compress(TEXT)], ids=["gzip", "zstd"])
def test_of_a_truncated_log_the_lines_before_the_break_are_read(packed: bytes) -> None:
    text = b"".join(b"%d\n" % (number * 7919**9 % 2**60) for number in range(20_000))
    packed = gzip.compress(text) if packed[0] == 0x1F else zstandard.compress(text)
    file = LogFile(io.BytesIO(packed[: len(packed) * 3 // 4]))

    lines = [line for each in file.slices() for line in each.lines]

    assert lines == lines_of(text)[: len(lines)]
    assert len(lines) > 5000
    assert file.break_reason.endswith("data ends too early")


def test_damaged_data_is_told() -> None:
    packed = bytearray(gzip.compress(TEXT))
    packed[len(packed) // 2] ^= 0xFF
    file = LogFile(io.BytesIO(bytes(packed)))

    list(file.slices())

    assert file.break_reason.startswith("the gzip data is damaged")


def test_what_follows_a_compressed_log_and_is_none_is_told() -> None:
    file = LogFile(io.BytesIO(gzip.compress(TEXT) + b"garbage"))

    lines = [line for each in file.slices() for line in each.lines]

    assert lines == lines_of(TEXT)
    assert file.break_reason.startswith("the gzip data is damaged")


@pytest.mark.parametrize(
    "packed", [gzip.compress(TEXT[:99]), zstandard.compress(TEXT[:99])], ids=["gzip", "zstd"]
)
@given(kept=st.integers(0, 99))
def test_a_truncated_log_is_told_wherever_it_breaks(packed: bytes, kept: int) -> None:
    assume(4 <= kept < len(packed))
    file = LogFile(io.BytesIO(packed[:kept]))

    lines = [line for each in file.slices() for line in each.lines]

    assert lines == lines_of(TEXT)[: len(lines)]
    assert file.break_reason.endswith("data ends too early")


@pytest.mark.parametrize("extra", [0, 1, 2, 3, 1 << 20])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
@pytest.mark.parametrize("block_bytes", [1000, 1 << 22])
def test_only_too_long_lines_are_cut_and_still_seen_to_be_too_long(
    extra: int, ending: bytes, block_bytes: int
) -> None:
    content = b"x" * (MAX_LINE_BYTES + extra) + ending + b"next\n"

    long, after = lines_of(content, block_bytes)

    assert (len(long) > MAX_LINE_BYTES) == (extra > 0)
    assert len(long) <= MAX_LINE_BYTES + 2
    assert after == b"next"


@given(
    pieces=st.lists(st.sampled_from([b"a", b"\n", b"\r", b"\r\n", b"\0", b"\xef\xbb\xbf", b"bc\n"])),
    block_bytes=st.integers(1, 9),
)
def test_where_blocks_are_split_changes_nothing(pieces: list[bytes], block_bytes: int) -> None:
    content = b"".join(pieces)

    assert lines_of(content, block_bytes) == lines_of(content)
    assert lines_of(content) == [
        line.removesuffix(b"\r") for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n")[:-1]
    ]


@pytest.mark.parametrize(
    ("content", "format_"),
    [
        (b'\n  \n{"id": "1"}\n', LogFormat.NDJSON),
        (b'{"id": "1"}', LogFormat.NDJSON),
        (b'\n127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "{" 200 1\n', LogFormat.ACCESS_LOG),
        (b"", LogFormat.ACCESS_LOG),
    ],
)
def test_the_first_line_tells_the_format(content: bytes, format_: LogFormat) -> None:
    file = LogFile(io.BytesIO(content))

    assert file.detect_format() is format_
    assert [line for each in file.slices() for line in each.lines] == lines_of(content)


def test_a_log_is_opened_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(gzip.compress(b"a\n"))

    with LogFile.open(path) as file:
        lines = [each.lines for each in file.slices()]

    assert lines == [[b"a"]]


def test_ndjson_lines_keep_their_numbers_and_blank_ones_are_left_out() -> None:
    assert ndjson_lines(b'{"a":1}\n\n  \n{"b":2}\n') == ([b'{"a":1}', b'{"b":2}'], [1, 4], False)


def test_a_whole_json_object_needs_no_line_ending() -> None:
    assert ndjson_lines(b'{"a":1}\n{"b":2}') == ([b'{"a":1}', b'{"b":2}'], [1, 2], False)


def test_half_a_json_object_waits() -> None:
    assert ndjson_lines(b'{"a":1}\n{"b":') == ([b'{"a":1}'], [1], True)


def test_a_too_long_json_line_is_skipped_with_its_number() -> None:
    content = b'{"a":1}\n{"b":"' + b"x" * MAX_LINE_BYTES + b'"}\n'

    parts = list(NdjsonLog(LogFile(io.BytesIO(content))).parts())

    assert parts[0].skipped == [(2, "longer than 65536 bytes")]
