"""The framing of a payload: a header before it and an end marker after it."""

import struct
from dataclasses import dataclass

from xxhash import xxh3_64, xxh3_64_intdigest

from calltally.errors import CalltallyError

FAMILY = b"CTJ"
"""Begins every frame of every version."""

MAGIC = b"CTJ3"
"""Begins every frame and names the format; a change of any layout needs another."""

MAGIC_2 = b"CTJ2"
"""The second format: one checksum for header and payload, and no end marker."""

MAGIC_1 = b"CTJ1"
"""The first format: as the second, without corrections, erasures and the reasons of rejections; paths as
objects."""

HEADER = struct.Struct("<4sIQQQQ")
"""Magic, length of the payload, position, durable position when written, checksum of the payload, and the
checksum of all these. Every later format begins so too."""

END = struct.Struct("<IQ4s")
"""Length of the payload, position, `END_MAGIC`: written last, which shows whether a frame was written to its
end, whatever happened to the rest of it."""

END_MAGIC = b"3JTC"
"""Ends every frame; no byte of it is zero, unlike those of a sector that never reached the disk."""

OLD_HEADER = struct.Struct("<4sIQQQ")
"""Of the first two formats: as `HEADER`, without the last checksum; its checksum covers everything."""

Parts = list[bytes | memoryview]
"""Bytes in several pieces, to be written consecutively."""

_CHECKED = struct.Struct("<4sIQQQ")
_OLD = (MAGIC_1, MAGIC_2)


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """The content of a valid header. ``payload_start`` and the rest are offsets in the bytes it was read
    from; ``end`` is where the next frame begins."""

    magic: bytes
    position: int
    durable_position: int
    checksum: int
    payload_start: int
    payload_end: int
    end: int


def framed(start: bytes, calls: memoryview, position: int, durable_position: int) -> Parts:
    """A frame's bytes around a payload in two pieces, the second of which is not copied.

    After a crash, ``durable_position`` distinguishes a torn tail, which was never acknowledged, from damage
    to acknowledged data.
    """
    digest = xxh3_64(start)
    digest.update(calls)
    length = len(start) + len(calls)
    checked = _CHECKED.pack(MAGIC, length, position, durable_position, digest.intdigest())
    header = checked + xxh3_64_intdigest(checked).to_bytes(8, "little")
    return [header + start, calls, END.pack(length, position, END_MAGIC)]


def read_frame(data: memoryview, offset: int) -> FrameHeader | None:
    """The header at an offset if a complete, undamaged frame begins there, else None.

    Raises `CalltallyError` for a frame in a format of a newer version.
    """
    header = read_header(data, offset)
    if header is None or header.end > len(data):
        return None
    payload = data[header.payload_start : header.payload_end]
    if header.magic == MAGIC:
        checksum = xxh3_64_intdigest(payload)
    else:
        checksum = old_checksum(header.magic, header.position, header.durable_position, payload)
    return header if checksum == header.checksum else None


def read_header(data: memoryview, offset: int) -> FrameHeader | None:
    """The header at an offset, None if there is none; the payload may be missing or damaged.

    In the first two formats a header is valid only together with its payload: see `read_frame`.
    """
    magic = bytes(data[offset : offset + 4])
    if magic[:3] != FAMILY:
        return None
    if magic in _OLD:
        return _old_header(data, offset)
    if offset + HEADER.size > len(data):
        return None
    _, length, position, durable_position, checksum, own = HEADER.unpack_from(data, offset)
    if xxh3_64_intdigest(data[offset : offset + _CHECKED.size]) != own:
        return None
    if magic != MAGIC:
        raise CalltallyError(
            f"the journal has frames of the format {magic.decode('latin-1')}, which this version of "
            "Calltally does not know: they were written by a newer version, which must be used to open it"
        )
    start = offset + HEADER.size
    end = start + length
    return FrameHeader(magic, position, durable_position, checksum, start, end, end + END.size)


def announced_size(data: memoryview) -> int:
    """The size of the first frame of the data, by its header; 0 without a valid header."""
    header = read_header(data, 0)
    return 0 if header is None else header.end


def old_checksum(magic: bytes, position: int, durable_position: int, payload: bytes | memoryview) -> int:
    """The checksum of a frame in one of the first two formats."""
    salt = 0 if magic == MAGIC_1 else int.from_bytes(magic, "little")
    seed = (position + salt) * 0x9E3779B97F4A7C15 + durable_position
    return xxh3_64_intdigest(payload, seed & 0xFFFFFFFFFFFFFFFF)


def _old_header(data: memoryview, offset: int) -> FrameHeader | None:
    if offset + OLD_HEADER.size > len(data):
        return None
    magic, length, position, durable_position, checksum = OLD_HEADER.unpack_from(data, offset)
    start = offset + OLD_HEADER.size
    return FrameHeader(magic, position, durable_position, checksum, start, start + length, start + length)
