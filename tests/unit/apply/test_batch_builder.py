"""Frames become one batch, and nothing of one batch shows up in the next."""

import numpy as np

from calltally.apply.batch_builder import BatchBuilder
from calltally.call_batch import CALL_COLUMNS, CallBatch, CallColumns, Outcome
from calltally.journal.frame import Frame
from calltally.packed_texts import PackedTexts


def calls_with(paths: list[int], status: int = 200) -> CallColumns:
    calls = np.zeros(len(paths), CALL_COLUMNS)
    calls["path"] = paths
    calls["status"] = status
    return calls


def told(batch: CallBatch | None) -> list[tuple[int, int, int, str]]:
    """Each call's position, receipt, status and path."""
    assert batch is not None
    return [
        (position, received_ms, call["status"], batch.paths[call["path"]])
        for position, received_ms, call in zip(
            batch.positions.tolist(), batch.received_ms.tolist(), batch.calls, strict=True
        )
    ]


def test_each_call_keeps_its_frame_s_position_and_receipt_and_its_own_path() -> None:
    frames = [
        (4, Frame(1000, calls_with([1, 0, 2], 200), PackedTexts.of(["", "/a", "/b"]))),
        (5, Frame(2000)),
        (6, Frame(3000, calls_with([0], 404))),
        (7, Frame(4000, calls_with([1, 1], 500), PackedTexts.of(["", "/a"]))),
    ]

    batch = BatchBuilder().batch(frames)

    assert told(batch) == [
        (4, 1000, 200, "/a"),
        (4, 1000, 200, ""),
        (4, 1000, 200, "/b"),
        (6, 3000, 404, ""),
        (7, 4000, 500, "/a"),
        (7, 4000, 500, "/a"),
    ]
    assert batch is not None
    assert (batch.first_position, batch.last_position) == (4, 7)


def test_a_small_batch_after_a_large_one_has_nothing_of_it() -> None:
    room = BatchBuilder()
    large = room.batch([(1, Frame(1, calls_with([1] * 20_000, 500), PackedTexts.of(["", "/large"])))])
    assert len(told(large)) == 20_000

    small = room.batch([(2, Frame(2, calls_with([0])))])

    assert told(small) == [(2, 2, 200, "")]


def test_room_grows_amid_a_batch_and_keeps_what_is_in_it() -> None:
    frames = [
        (n, Frame(n, calls_with([1] * 3000, 200 + n), PackedTexts.of(["", f"/{n}"]))) for n in range(1, 8)
    ]

    batch = told(BatchBuilder().batch(frames))

    assert batch == [(n, n, 200 + n, f"/{n}") for n in range(1, 8) for _ in range(3000)]


def test_frames_without_calls_make_a_batch_of_their_books_and_no_frames_make_none() -> None:
    outcome = Outcome(1, 20000, 3, 0, 3, 0, 0)

    batch = BatchBuilder().batch([(9, Frame(1, outcomes=[outcome])), (10, Frame(2, outcomes=[outcome]))])

    assert batch is not None
    assert (batch.first_position, batch.last_position, batch.outcomes) == (9, 10, [outcome, outcome])
    assert len(batch.calls) == 0
    assert BatchBuilder().batch([]) is None
