"""One frame of the journal: the result of one ordered step, and its payload's bytes."""

import struct
from dataclasses import dataclass, field

import msgspec
import numpy as np

from calltally.call_batch import (
    CALL_COLUMNS,
    CallColumns,
    Conflict,
    Correction,
    Erasure,
    NameUpdate,
    Outcome,
    Refusal,
    RejectedSample,
    Rejection,
)
from calltally.dictionary import DictionaryValue
from calltally.journal.framing import MAGIC, MAGIC_1, Parts, framed
from calltally.packed_texts import NO_TEXT, PackedTexts

UNKNOWN_REASON = "unknown"
"""The code of rejections in the first format, which had no codes."""

_SIZES = struct.Struct("<III")
"""Length of the meta data, number of paths, bytes of the paths."""

_META_LENGTH_1 = struct.Struct("<I")
_CALL_COLUMNS_1 = np.dtype([field for field in CALL_COLUMNS.descr if field[0] != "entry"])


@dataclass(frozen=True, slots=True)
class Frame:
    """The rows of one step, the dictionary entries they use first, and the step's outcomes.

    A step that accepted nothing also has a frame: its outcomes count. A frame with a correction has only the
    correction's rows; one with an erasure has nothing else.
    """

    received_ms: int
    calls: CallColumns = field(default_factory=lambda: np.empty(0, CALL_COLUMNS))
    paths: PackedTexts = NO_TEXT
    values: list[DictionaryValue] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    names: list[NameUpdate] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    samples: list[RejectedSample] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    correction: Correction | None = None
    erasure: Erasure | None = None


class _Meta(msgspec.Struct, array_like=True):
    received_ms: int
    values: list[DictionaryValue]
    outcomes: list[Outcome]
    conflicts: list[Conflict]
    names: list[NameUpdate]
    rejections: list[Rejection]
    samples: list[RejectedSample]
    refusals: list[Refusal]
    correction: Correction | None
    erasure: Erasure | None


class _Meta1(msgspec.Struct, array_like=True):
    received_ms: int
    paths: list[str]
    values: list[DictionaryValue]
    outcomes: list[Outcome]
    conflicts: list[Conflict]
    names: list[NameUpdate]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Meta)
_decoder_1 = msgspec.msgpack.Decoder(_Meta1)


def encode_frame(frame: Frame, position: int, durable_position: int) -> Parts:
    """The frame's bytes; its calls are a separate part, which is not copied and must not change.

    See `framed` about the durable position.
    """
    meta = _encoder.encode(
        [
            frame.received_ms,
            frame.values,
            frame.outcomes,
            frame.conflicts,
            frame.names,
            frame.rejections,
            frame.samples,
            frame.refusals,
            frame.correction,
            frame.erasure,
        ]
    )
    paths = frame.paths
    offsets = paths.offsets.astype("<u4").tobytes()
    sizes = _SIZES.pack(len(meta), len(paths), len(paths.data))
    start = b"".join([sizes, meta, offsets, paths.data])
    calls = np.ascontiguousarray(frame.calls).view(np.uint8).data
    return framed(start, calls, position, durable_position)


def decode_payload(payload: bytes | memoryview, magic: bytes = MAGIC) -> Frame:
    """The frame of a payload with a verified checksum, in the format that ``magic`` names."""
    if magic == MAGIC_1:
        return _decode_payload_1(payload)
    meta_length, path_count, path_bytes = _SIZES.unpack_from(payload)
    start = _SIZES.size
    meta = _decoder.decode(payload[start : start + meta_length])
    start += meta_length
    offsets = np.frombuffer(payload, "<u4", path_count + 1, start).astype(np.int64)
    start += 4 * (path_count + 1)
    paths = PackedTexts(offsets, bytes(payload[start : start + path_bytes]))
    return Frame(
        received_ms=meta.received_ms,
        calls=np.frombuffer(payload, CALL_COLUMNS, offset=start + path_bytes),
        paths=paths,
        values=meta.values,
        outcomes=meta.outcomes,
        conflicts=meta.conflicts,
        names=meta.names,
        rejections=meta.rejections,
        samples=meta.samples,
        refusals=meta.refusals,
        correction=meta.correction,
        erasure=meta.erasure,
    )


def _decode_payload_1(payload: bytes | memoryview) -> Frame:
    (length,) = _META_LENGTH_1.unpack_from(payload)
    start = _META_LENGTH_1.size
    meta = _decoder_1.decode(payload[start : start + length])
    old = np.frombuffer(payload, _CALL_COLUMNS_1, offset=start + length)
    calls = np.zeros(len(old), CALL_COLUMNS)
    for name in _CALL_COLUMNS_1.names or ():
        calls[name] = old[name]
    return Frame(
        received_ms=meta.received_ms,
        calls=calls,
        paths=PackedTexts.of(meta.paths),
        values=meta.values,
        outcomes=meta.outcomes,
        conflicts=meta.conflicts,
        names=meta.names,
        rejections=[
            Rejection(one.organization, one.receipt_day, UNKNOWN_REASON, one.rejected)
            for one in meta.outcomes
            if one.rejected
        ],
    )
