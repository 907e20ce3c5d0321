"""Every byte of a journal's file, torn off, flipped or lost, in each format, without a mark."""

import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from calltally.call_batch import CALL_COLUMNS
from calltally.errors import DamagedDataError
from calltally.journal.durable_mark import FILE_NAME as MARK
from calltally.journal.frame import Frame, encode_frame
from calltally.journal.framing import END, HEADER, MAGIC, MAGIC_1, MAGIC_2, old_checksum
from calltally.journal.journal import Journal
from calltally.journal.recovery_log import FILE_NAME as RECOVERIES

Writer = Callable[[int], bytes]


def first_format(position: int) -> bytes:
    """A frame of one call as the first version wrote it, when all before it was durable."""
    columns = np.dtype([field for field in CALL_COLUMNS.descr if field[0] != "entry"])
    calls = np.zeros(1, columns)
    calls["status"] = 200 + position
    meta = msgspec.msgpack.encode([1_700_000_000_000, ["", "/a"], [], [(1, 19_675, 1, 1, 0, 0, 0)], [], []])
    payload = struct.pack("<I", len(meta)) + meta + calls.tobytes()
    return old_header(MAGIC_1, payload, position) + payload


def second_format(position: int) -> bytes:
    payload = third_format(position)[HEADER.size : -END.size]
    return old_header(MAGIC_2, payload, position) + payload


def old_header(magic: bytes, payload: bytes, position: int) -> bytes:
    durable = position - 1
    checksum = old_checksum(magic, position, durable, payload)
    return struct.pack("<4sIQQQ", magic, len(payload), position, durable, checksum)


def third_format(position: int) -> bytes:
    calls = np.zeros(1, CALL_COLUMNS)
    calls["status"] = 200 + position
    return b"".join(encode_frame(Frame(1_700_000_000_000, calls), position, position - 1))


def either(position: int) -> bytes:
    """What updates leave: one format behind the other."""
    return (first_format, second_format, third_format)[position - 1](position)


def written(writer: Writer) -> list[bytes]:
    return [writer(position) for position in (1, 2, 3)]


@pytest.fixture(
    params=[first_format, second_format, third_format, either], ids=lambda writer: writer.__name__
)
def frames(request: pytest.FixtureRequest) -> list[bytes]:
    return written(request.param)


@pytest.fixture(params=[first_format, second_format], ids=lambda writer: writer.__name__)
def old_frames(request: pytest.FixtureRequest) -> list[bytes]:
    return written(request.param)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is changed in so many ways that nothing is synced meanwhile."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    return tmp_path / "00000000000000000001.frames"


def statuses(file: Path) -> list[int]:
    """What a start finds, by the status of each call, where there is no mark."""
    (file.parent / MARK).unlink(missing_ok=True)
    (file.parent / RECOVERIES).unlink(missing_ok=True)
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
    needed = ends[2] - (END.size if frames[2].startswith(MAGIC) else 0)
    for size in range(ends[1], ends[2]):
        file.write_bytes(data[:size] + bytes(len(data) - size + 100))

        assert statuses(file) == ([201, 202] if any(data[size:needed]) else [201, 202, 203]), size


def test_any_flipped_bit_of_the_last_frame_costs_that_frame_only_in_an_older_format(
    old_frames: list[bytes], file: Path
) -> None:
    data, start = bytearray(b"".join(old_frames)), len(b"".join(old_frames[:2]))
    for place in range(start, len(data)):
        bit = 1 << place % 8
        data[place] ^= bit
        file.write_bytes(data)
        data[place] ^= bit

        assert statuses(file) == [201, 202], place


def test_any_flipped_bit_of_the_last_frame_is_told_from_a_torn_write(file: Path) -> None:
    frames = written(third_format)
    data, start = bytearray(b"".join(frames)), len(b"".join(frames[:2]))
    marker = len(data) - END.size
    for place in range(start, len(data)):
        data[place] ^= 1 << place % 8
        file.write_bytes(data)

        if place < marker:
            with pytest.raises(DamagedDataError, match="written to their end"):
                statuses(file)
            assert file.read_bytes() == bytes(data)
        else:
            assert statuses(file) == [201, 202, 203], place
        data[place] ^= 1 << place % 8


def test_any_flipped_bit_of_an_acknowledged_frame_is_refused_and_left_as_it_is(
    frames: list[bytes], file: Path
) -> None:
    data, end = bytearray(b"".join(frames)), len(b"".join(frames[:2]))
    markers = [
        place
        for frame, frame_end in zip(frames, ends_of(frames), strict=True)
        if frame.startswith(MAGIC)
        for place in range(frame_end - END.size, frame_end)
    ]
    for place in set(range(end)) - set(markers):
        bit = 1 << place % 8
        data[place] ^= bit
        file.write_bytes(data)

        with pytest.raises(DamagedDataError, match="within calls that were acknowledged"):
            Journal(file.parent)
        assert file.read_bytes() == bytes(data)
        data[place] ^= bit
