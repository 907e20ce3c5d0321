"""Every byte of a journal's file, torn off, flipped or lost, in either format that there is."""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from xxhash import xxh3_64_intdigest

from calltally.call_batch import CALL_COLUMNS
from calltally.errors import DamagedDataError
from calltally.journal.frame import HEADER, MAGIC_1, Frame, encode_frame
from calltally.journal.journal import Journal

Writer = Callable[[int], bytes]


def first_format(position: int) -> bytes:
    """A frame of one call as the first version wrote it, when all before it was durable."""
    columns = np.dtype([field for field in CALL_COLUMNS.descr if field[0] != "entry"])
    calls = np.zeros(1, columns)
    calls["status"] = 200 + position
    meta = msgspec.msgpack.encode([1_700_000_000_000, ["", "/a"], [], [(1, 19_675, 1, 1, 0, 0, 0)], [], []])
    payload = struct.pack("<I", len(meta)) + meta + calls.tobytes()
    durable = position - 1
    checksum = xxh3_64_intdigest(payload, (position * 0x9E3779B97F4A7C15 + durable) % 2**64)
    return HEADER.pack(MAGIC_1, len(payload), position, durable, checksum) + payload


def second_format(position: int) -> bytes:
    calls = np.zeros(1, CALL_COLUMNS)
    calls["status"] = 200 + position
    return b"".join(encode_frame(Frame(1_700_000_000_000, calls), position, position - 1))


def either(position: int) -> bytes:
    """What an update leaves: the first format up to some frame, the second behind it."""
    return first_format(position) if position < 3 else second_format(position)


@pytest.fixture(params=[first_format, second_format, either], ids=lambda writer: writer.__name__)
def frames(request: pytest.FixtureRequest) -> list[bytes]:
    writer: Writer = request.param
    return [writer(position) for position in (1, 2, 3)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "00000000000000000001.frames"


def statuses(file: Path) -> list[int]:
    """What a start finds, by the status of each call."""
    journal = Journal(file.parent)
    try:
        return [
            status for _, frame in journal.reader(0).read(10**9) for status in frame.calls["status"].tolist()
        ]
    finally:
        journal.close()


def ends_of(frames: list[bytes]) -> Iterator[int]:
    for count in range(1, len(frames) + 1):
        yield len(b"".join(frames[:count]))


def test_a_file_that_ends_at_any_byte_keeps_its_whole_frames(frames: list[bytes], file: Path) -> None:
    data, ends = b"".join(frames), list(ends_of(frames))
    for size in range(len(data) + 1):
        file.write_bytes(data[:size])
        whole = sum(end <= size for end in ends)

        assert statuses(file) == [201, 202, 203][:whole], size
        assert file.stat().st_size == [0, *ends][whole]


def test_zeros_from_any_byte_of_the_last_frame_on_are_cut_off(frames: list[bytes], file: Path) -> None:
    data, ends = b"".join(frames), list(ends_of(frames))
    for size in range(ends[1], ends[2]):
        file.write_bytes(data[:size] + bytes(len(data) - size + 100))

        assert statuses(file) == ([201, 202] if any(data[size:]) else [201, 202, 203]), size


def test_any_flipped_bit_of_the_last_frame_costs_that_frame_only(frames: list[bytes], file: Path) -> None:
    data, start = bytearray(b"".join(frames)), len(b"".join(frames[:2]))
    for place in range(start, len(data)):
        bit = 1 << place % 8
        data[place] ^= bit
        file.write_bytes(data)
        data[place] ^= bit

        assert statuses(file) == [201, 202], place


def test_any_flipped_bit_of_an_acknowledged_frame_is_refused_and_left_as_it_is(
    frames: list[bytes], file: Path
) -> None:
    data, end = bytearray(b"".join(frames)), len(b"".join(frames[:2]))
    for place in range(end):
        bit = 1 << place % 8
        data[place] ^= bit
        file.write_bytes(data)

        with pytest.raises(DamagedDataError, match="within calls that were acknowledged"):
            Journal(file.parent)
        assert file.read_bytes() == bytes(data)
        data[place] ^= bit
