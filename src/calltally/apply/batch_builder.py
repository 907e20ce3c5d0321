"""Combines frames of the journal to one batch of columns, in reused memory."""

from collections.abc import Iterable

import numpy as np

from calltally.call_batch import (
    CALL_COLUMNS,
    CallBatch,
    CallColumns,
    Conflict,
    Correction,
    Erasure,
    Int64s,
    NameUpdate,
    Outcome,
    Refusal,
    RejectedSample,
    Rejection,
    UInt64s,
)
from calltally.dictionary import DictionaryValue
from calltally.journal.frame import Frame
from calltally.packed_texts import NO_TEXT, PackedTexts

_LEAST_CALLS = 4096


class BatchBuilder:
    """Builds batches of frames, one at a time: a batch is valid until the next one is built.

    Fresh memory for every batch costs more than all other work here, since the operating system takes the
    pages back each time and has to clear, or even to fetch, new ones.
    """

    def __init__(self) -> None:
        self._calls = np.empty(_LEAST_CALLS, CALL_COLUMNS)
        self._positions = np.empty(_LEAST_CALLS, np.uint64)
        self._received_ms = np.empty(_LEAST_CALLS, np.int64)

    def batch(self, frames: Iterable[tuple[int, Frame]]) -> CallBatch | None:
        """Frames in the order of their positions as one batch; None without frames.

        A frame's calls are copied, so they need to be valid only until the next frame.
        """
        first_position = last_position = size = 0
        paths, number_of_paths = [NO_TEXT], len(NO_TEXT)
        values: list[DictionaryValue] = []
        outcomes: list[Outcome] = []
        conflicts: list[Conflict] = []
        names: list[NameUpdate] = []
        rejections: list[Rejection] = []
        samples: list[RejectedSample] = []
        refusals: list[Refusal] = []
        corrections: list[tuple[int, Correction]] = []
        erasures: list[Erasure] = []
        for position, frame in frames:
            first_position = first_position or position
            last_position = position
            if len(frame.calls):
                has_paths = len(frame.paths) > 1
                size = self._add(size, position, frame, number_of_paths - 1 if has_paths else 0)
                if has_paths:
                    paths.append(_without_first(frame.paths))
                    number_of_paths += len(paths[-1])
            values += frame.values
            outcomes += frame.outcomes
            conflicts += frame.conflicts
            names += frame.names
            rejections += frame.rejections
            samples += frame.samples
            refusals += frame.refusals
            corrections += [(position, frame.correction)] if frame.correction else []
            erasures += [frame.erasure] if frame.erasure else []
        if not last_position:
            return None
        return CallBatch(
            first_position=first_position,
            last_position=last_position,
            calls=self._calls[:size],
            positions=self._positions[:size],
            received_ms=self._received_ms[:size],
            paths=PackedTexts.joined(paths),
            values=values,
            outcomes=outcomes,
            conflicts=conflicts,
            names=names,
            rejections=rejections,
            samples=samples,
            refusals=refusals,
            corrections=corrections,
            erasures=erasures,
        )

    def _add(self, start: int, position: int, frame: Frame, path_shift: int) -> int:
        """Append the calls of a frame after the first ``start`` calls; returns the new number of calls."""
        end = start + len(frame.calls)
        if end > len(self._calls):
            self._grow(start, end)
        self._calls[start:end] = frame.calls
        self._positions[start:end] = position
        self._received_ms[start:end] = frame.received_ms
        if path_shift:
            path = self._calls["path"][start:end]
            np.add(path, path_shift, out=path, where=path > 0)
        return end

    def _grow(self, used: int, least: int) -> None:
        """Enlarge the memory to at least ``least`` calls, keeping the first ``used`` ones."""
        size = max(least, 2 * len(self._calls))
        calls: CallColumns = np.empty(size, CALL_COLUMNS)
        positions: UInt64s = np.empty(size, np.uint64)
        received_ms: Int64s = np.empty(size, np.int64)
        calls[:used] = self._calls[:used]
        positions[:used] = self._positions[:used]
        received_ms[:used] = self._received_ms[:used]
        self._calls, self._positions, self._received_ms = calls, positions, received_ms


def _without_first(paths: PackedTexts) -> PackedTexts:
    """The paths without the empty text at the start of every frame's paths."""
    return PackedTexts(paths.offsets[1:], paths.data)
