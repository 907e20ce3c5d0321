"""Exact counts from the journal."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence

import numpy as np
import structlog

from calltally.call_batch import CALL_COLUMNS, CallBatch, CallColumns, NameUpdate
from calltally.dictionary import Kind
from calltally.errors import BusyError
from calltally.journal.frame import Frame
from calltally.journal.journal import Journal
from calltally.journal.progress import Progress
from calltally.packed_texts import NO_TEXT, PackedTexts
from calltally.store.usage_store import UsageStore

log = structlog.get_logger()

Frames = list[tuple[int, Frame]]
"""Frames with their positions."""

CALLS_PER_BATCH = 1_000_000
_RETRY_SECONDS = 1.0


class Roller:
    """Carries frames from the journal into the store, in order and each exactly once.

    What one `UsageStore.apply` takes it commits together: calls, identities, counts, books, dictionary
    entries and the journal position they come from. So the guarantee can be read off four cases of a crash:

    1. before apply: the store's position is the old one, the frames are read again from the journal;
    2. within apply: the store's transaction did not commit, as 1;
    3. after apply: the store's position is the new one, reading goes on behind it;
    4. while files are dropped: only files wholly behind a checkpoint of the store are, so as 3.

    Names go to the directory before the store, and so does an erasure: doing either again changes nothing.

    ``applied_at`` tells, on the monotonic clock, when it last did. ``failure`` is why the last try failed,
    None once one succeeded.

    Works back to back while a question waits, and otherwise lets calls gather for up to ``gather_seconds``.
    """

    def __init__(
        self,
        journal: Journal,
        store: UsageStore,
        *,
        record_names: Callable[[Sequence[tuple[int, NameUpdate]]], None] = lambda _: None,
        erase_elsewhere: Callable[[Kind, str, str, str], None] = lambda *_: None,
        gather_seconds: float = 0.5,
        checkpoint_calls: int = 1_000_000,
        checkpoint_seconds: float = 20.0,
        answer_timeout: float = 30.0,
    ) -> None:
        self.rolled = Progress(store.position)
        self._journal = journal
        self._reader = journal.reader(store.position)
        self._read_ahead: Frames = []
        self._store = store
        self._record_names = record_names
        self._erase_elsewhere = erase_elsewhere
        self._gather_seconds = gather_seconds
        self._checkpoint_calls = checkpoint_calls
        self._checkpoint_seconds = checkpoint_seconds
        self._answer_timeout = answer_timeout
        self._calls_since_checkpoint = 0
        self._checkpointed_at = time.monotonic()
        self._checkpointed = store.position
        self.failure: Exception | None = None
        self.applied_at = time.monotonic()
        self._stop = threading.Event()
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._run, name="roller", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Rolls what is durable, takes a checkpoint, ends the thread."""
        self._stop.set()
        self._hurry.set()
        self._thread.join()

    async def caught_up(self) -> None:
        """Returns once the store holds everything that was durable when this was called.

        Raises `BusyError` when that takes longer than the answer timeout.
        """
        wanted = self._journal.durable.position
        if self.rolled.position >= wanted:
            return
        waiting = self.rolled.reached(wanted)
        self._hurry.set()
        try:
            async with asyncio.timeout(self._answer_timeout):
                await waiting
        except TimeoutError:
            raise BusyError("the counts lag behind the calls", retry_after=5) from None

    def roll(self) -> bool:
        """Applies one batch of what is durable; False when there was nothing to apply."""
        frames, self._read_ahead = _up_to_an_erasure(self._read_ahead or self._reader.read(CALLS_PER_BATCH))
        if not frames:
            return False
        batch = batch_of_frames(frames)
        if batch.names:
            self._record_names([(position, name) for position, frame in frames for name in frame.names])
        for erasure in batch.erasures:
            organization = self._store.dictionary.text(Kind.ORGANIZATION, erasure.organization)
            self._erase_elsewhere(erasure.kind, organization, erasure.text, erasure.replacement)
        self._store.apply(batch)
        self.rolled.advance(batch.last_position)
        self.applied_at = time.monotonic()
        self._calls_since_checkpoint += len(batch.calls)
        return True

    def checkpoint(self) -> None:
        """Has the store make itself safe without the journal, then drops the journal's files behind it."""
        rolled = self.rolled.position
        self._journal.drop_through(self._store.checkpoint())
        self._checkpointed = rolled
        self._calls_since_checkpoint = 0
        self._checkpointed_at = time.monotonic()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._roll_what_gathered()
                self.failure = None
            except Exception as error:  # a full disk may get room again, and nothing is lost by retrying
                self.failure = error
                log.exception("rolling failed; trying again", seconds=_RETRY_SECONDS)
                self._reader, self._read_ahead = self._journal.reader(self._store.position), []
                self._stop.wait(_RETRY_SECONDS)
        while self.roll():
            pass
        self.checkpoint()

    def _roll_what_gathered(self) -> None:
        if not self.roll():
            self._journal.durable.wait(self.rolled.position + 1, timeout=self._gather_seconds)
        elif not self.rolled.awaited:
            self._hurry.wait(self._gather_seconds)
        if not self.rolled.awaited:
            self._hurry.clear()
        if self._checkpoint_is_due():
            self.checkpoint()

    def _checkpoint_is_due(self) -> bool:
        if self.rolled.position == self._checkpointed:
            return False
        waited = time.monotonic() - self._checkpointed_at
        return self._calls_since_checkpoint >= self._checkpoint_calls or waited >= self._checkpoint_seconds


def _up_to_an_erasure(frames: Frames) -> tuple[Frames, Frames]:
    """The frames up to and with the first erasure, which is about all calls before it and none after, and
    the others."""
    ends = (index for index, (_, frame) in enumerate(frames, start=1) if frame.erasure)
    end = next(ends, len(frames))
    return frames[:end], frames[end:]


def batch_of_frames(frames: Sequence[tuple[int, Frame]]) -> CallBatch:
    """Frames in the order of their positions as one batch of columns; an erasure may be in the last only."""
    sizes = [len(frame.calls) for _, frame in frames]
    paths = [NO_TEXT]
    number_of_paths = len(NO_TEXT)
    parts: list[CallColumns] = []
    for _, frame in frames:
        calls = frame.calls
        if len(calls) and len(frame.paths) > 1:
            calls = calls.copy()
            calls["path"] = np.where(calls["path"] > 0, calls["path"] + (number_of_paths - 1), 0)
            paths.append(_without_first(frame.paths))
            number_of_paths += len(paths[-1])
        parts.append(calls)
    return CallBatch(
        first_position=frames[0][0],
        last_position=frames[-1][0],
        calls=np.concatenate(parts) if parts else np.empty(0, CALL_COLUMNS),
        positions=np.repeat(np.array([position for position, _ in frames], np.uint64), sizes),
        received_ms=np.repeat(np.array([frame.received_ms for _, frame in frames], np.int64), sizes),
        paths=PackedTexts.joined(paths),
        values=[value for _, frame in frames for value in frame.values],
        outcomes=[outcome for _, frame in frames for outcome in frame.outcomes],
        conflicts=[conflict for _, frame in frames for conflict in frame.conflicts],
        names=[name for _, frame in frames for name in frame.names],
        rejections=[rejection for _, frame in frames for rejection in frame.rejections],
        samples=[sample for _, frame in frames for sample in frame.samples],
        refusals=[refusal for _, frame in frames for refusal in frame.refusals],
        corrections=[(position, frame.correction) for position, frame in frames if frame.correction],
        erasures=[frame.erasure for _, frame in frames if frame.erasure],
    )


def _without_first(paths: PackedTexts) -> PackedTexts:
    """Without the empty text that the paths of every frame begin with."""
    return PackedTexts(paths.offsets[1:], paths.data)
