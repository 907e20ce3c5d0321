"""One frame of the journal: what one ordered step took in, as bytes with a checksum."""

import struct
from dataclasses import dataclass, field

import msgspec
import numpy as np
from xxhash import xxh3_64_intdigest

from calltally.call_batch import CALL_COLUMNS, CallColumns, Conflict, NameUpdate, Outcome
from calltally.dictionary import DictionaryValue, Kind

MAGIC = b"CTJ1"
"""Begins every frame and names the format; a change of any layout below needs another."""

HEADER = struct.Struct("<4sIQQQ")
"""Magic, length of the payload, position, durable position when written, checksum."""

_META_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Frame:
    """The calls accepted in one step, the dictionary entries they use first, and the step's books.

    Also a step that accepted nothing makes a frame: its outcomes count.
    """

    received_ms: int
    calls: CallColumns = field(default_factory=lambda: np.empty(0, CALL_COLUMNS))
    paths: list[str] = field(default_factory=lambda: [""])
    values: list[DictionaryValue] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    names: list[NameUpdate] = field(default_factory=list)


class _Meta(msgspec.Struct, array_like=True):
    received_ms: int
    paths: list[str]
    values: list[tuple[int, int, int, str, bool]]
    outcomes: list[tuple[int, int, int, int, int, int, int]]
    conflicts: list[tuple[int, int, int, int, bytes]]
    names: list[tuple[int, str, str, str]]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Meta)


def encode_frame(frame: Frame, position: int, durable_position: int) -> bytes:
    """The frame's bytes.

    ``durable_position`` lets a reader after a crash tell a torn tail, which nobody was promised, from damage
    to what was acknowledged.
    """
    meta = _encoder.encode(
        [frame.received_ms, frame.paths, frame.values, frame.outcomes, frame.conflicts, frame.names]
    )
    payload = b"".join([_META_LENGTH.pack(len(meta)), meta, frame.calls.tobytes()])
    checksum = _checksum(position, durable_position, payload)
    return HEADER.pack(MAGIC, len(payload), position, durable_position, checksum) + payload


def decode_payload(payload: bytes | memoryview) -> Frame:
    """The frame of a payload whose checksum was found right."""
    (length,) = _META_LENGTH.unpack_from(payload)
    start = _META_LENGTH.size
    meta = _decoder.decode(payload[start : start + length])
    return Frame(
        received_ms=meta.received_ms,
        calls=np.frombuffer(payload, CALL_COLUMNS, offset=start + length),
        paths=meta.paths,
        values=[DictionaryValue(Kind(v[0]), v[1], v[2], v[3], v[4]) for v in meta.values],
        outcomes=[Outcome(*outcome) for outcome in meta.outcomes],
        conflicts=[Conflict(*conflict) for conflict in meta.conflicts],
        names=[NameUpdate(Kind(n[0]), n[1], n[2], n[3]) for n in meta.names],
    )


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """What stands before a payload; ``end`` is where the frame ends in the bytes it was read from."""

    position: int
    durable_position: int
    payload_start: int
    end: int


def read_header(data: memoryview, offset: int) -> FrameHeader | None:
    """The header at an offset if a whole and undamaged frame begins there, else None."""
    if offset + HEADER.size > len(data):
        return None
    magic, length, position, durable_position, checksum = HEADER.unpack_from(data, offset)
    start = offset + HEADER.size
    if magic != MAGIC or start + length > len(data):
        return None
    if _checksum(position, durable_position, data[start : start + length]) != checksum:
        return None
    return FrameHeader(position, durable_position, start, start + length)


def _checksum(position: int, durable_position: int, payload: bytes | memoryview) -> int:
    return xxh3_64_intdigest(payload, (position * 0x9E3779B97F4A7C15 + durable_position) & 0xFFFFFFFFFFFFFFFF)
