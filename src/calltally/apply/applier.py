"""Exact counts from the journal."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Iterator

import structlog

from calltally.apply.batch_builder import BatchBuilder
from calltally.apply.tail import Names, Tail
from calltally.call_batch import CallBatch, NameUpdate
from calltally.dictionary import Kind
from calltally.errors import BusyError, StoreFailedError
from calltally.journal.frame import Frame
from calltally.journal.journal import Journal
from calltally.journal.progress import Progress
from calltally.process import lower_priority
from calltally.store.usage_store import UsageStore
from calltally.unstored_calls import UnstoredCalls

log = structlog.get_logger()

CALLS_PER_BATCH = 250_000
"""More make a call hardly cheaper, but a question wait longer."""

TEXTS_PER_BATCH = 100_000
"""New texts take many times the memory of calls while they are brought into the store."""

_SMALL_BATCH = 32_768
"""Smaller batches lie in the store's write-ahead log until a checkpoint packs them."""

_SMALL_BATCH_WEIGHT = 4
"""How much sooner calls of small batches bring a checkpoint, so that none has much to pack."""

_RETRY_SECONDS = 1.0

NICENESS = 5
"""How far counting stands behind taking calls in, where both want the processor."""


class Applier:
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

    While a question waits it rests as long as the last batch took, ``rest_seconds`` at most, since many small
    batches would cost many times more than what they save; otherwise calls gather for ``gather_seconds``. It
    never rests after a batch that left calls behind. When the store says that it can do no more,
    ``on_failure`` is called once and the thread ends. Checkpoints are taken by another thread, which asks
    whether one is due.
    """

    def __init__(
        self,
        journal: Journal,
        store: UsageStore,
        *,
        record_names: Callable[[Names], None] = lambda _: None,
        erase_elsewhere: Callable[[Kind, str, str, str], None] = lambda *_: None,
        on_failure: Callable[[Exception], None] = lambda _: None,
        gather_seconds: float = 0.5,
        rest_seconds: float = 0.1,
        checkpoint_calls: int = 1_000_000,
        checkpoint_seconds: float = 20.0,
        answer_timeout: float = 30.0,
    ) -> None:
        self.applied = Progress(store.position)
        self._journal = journal
        self._reader = journal.reader(store.position)
        self._stored = self._reader.place
        self._tail = Tail(journal, lambda: self._stored, self._record_ahead)
        self._store = store
        self._record_names = record_names
        self._naming = threading.Lock()
        self._named_through = store.position  # names up to there are not recorded again: one may be erased
        self._erase_elsewhere = erase_elsewhere
        self._on_failure = on_failure
        self._room = BatchBuilder()
        self._gather_seconds = gather_seconds
        self._rest_seconds = rest_seconds
        self._checkpoint_calls = checkpoint_calls
        self._checkpoint_seconds = checkpoint_seconds
        self._answer_timeout = answer_timeout
        self._left_behind = False
        self._rolled_weight = 0  # set by the rolling thread only
        self._saved_weight = 0  # set by the checkpointing thread only
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
        if self.applied.position >= wanted:
            return
        waiting = self.applied.reached(wanted)
        self._hurry.set()
        try:
            async with asyncio.timeout(self._answer_timeout):
                await waiting
        except TimeoutError:
            raise BusyError("the counts lag behind the calls", retry_after=5) from None

    def unstored(self) -> UnstoredCalls | None:
        """What is durable by now and may not be in the store; see `Tail.calls`."""
        return self._tail.calls()

    def roll(self) -> bool:
        """Applies one batch of what is durable; False when there was nothing to apply."""
        names: list[tuple[int, NameUpdate]] = []
        batch = self._room.batch(_one_batch(self._reader.passing(CALLS_PER_BATCH), names))
        if batch is None:
            return False
        if names:
            self._record_names(names)
        for erasure in batch.erasures:
            organization = self._store.dictionary.text(Kind.ORGANIZATION, erasure.organization)
            with self._naming:
                self._named_through = batch.last_position
                self._erase_elsewhere(erasure.kind, organization, erasure.text, erasure.replacement)
        self._store.apply(batch)
        self._stored = self._reader.place
        self._left_behind = len(batch.calls) >= CALLS_PER_BATCH or len(batch.values) >= TEXTS_PER_BATCH
        self.applied.advance(batch.last_position)
        self.applied_at = time.monotonic()
        small = len(batch.calls) < _SMALL_BATCH
        self._rolled_weight += len(batch.calls) * (_SMALL_BATCH_WEIGHT if small else 1)
        return True

    @property
    def checkpoint_is_due(self) -> bool:
        """Whether enough has been rolled since the last checkpoint, or anything a while ago."""
        if self.applied.position == self._checkpointed:
            return False
        unsaved = self._rolled_weight - self._saved_weight
        waited = time.monotonic() - self._checkpointed_at
        return unsaved >= self._checkpoint_calls or waited >= self._checkpoint_seconds

    def checkpoint(self) -> None:
        """Has the store make itself safe without the journal, then drops the journal's files behind it."""
        applied, weight = self.applied.position, self._rolled_weight
        self._journal.drop_through(self._store.checkpoint())
        self._checkpointed, self._saved_weight = applied, weight
        self._checkpointed_at = time.monotonic()

    def _record_ahead(self, names: Names) -> None:
        """Records names that the tail came across, but for those that an erasure was carried out behind."""
        with self._naming:
            if ahead := [named for named in names if named[0] > self._named_through]:
                self._record_names(ahead)

    def _run(self) -> None:
        lower_priority(NICENESS)
        while not self._stop.is_set():
            try:
                self._roll_what_gathered()
                self.failure = None
            except StoreFailedError as error:
                self.failure = error
                self._on_failure(error)
                return
            except Exception as error:  # a full disk may get room again, and nothing is lost by retrying
                self.failure = error
                log.exception("rolling failed; trying again", seconds=_RETRY_SECONDS)
                self._reader = self._journal.reader(self._store.position)
                self._stop.wait(_RETRY_SECONDS)
        while self.roll():
            pass
        self.checkpoint()

    def _roll_what_gathered(self) -> None:
        started = time.monotonic()
        if not self.roll():
            self._journal.durable.wait(self.applied.position + 1, timeout=self._gather_seconds)
        elif self._left_behind:
            return
        elif not self.applied.awaited:
            self._hurry.wait(self._gather_seconds)
        else:
            self._stop.wait(min(time.monotonic() - started, self._rest_seconds))
        if not self.applied.awaited:
            self._hurry.clear()


def _one_batch(
    frames: Iterable[tuple[int, Frame]], names: list[tuple[int, NameUpdate]]
) -> Iterator[tuple[int, Frame]]:
    """The frames up to the first erasure, or to many new texts, which end a batch; their names go into
    ``names``."""
    texts = 0
    for position, frame in frames:
        names += [(position, name) for name in frame.names]
        texts += len(frame.values)
        yield position, frame
        if frame.erasure or texts >= TEXTS_PER_BATCH:
            return


def batch_of_frames(frames: Iterable[tuple[int, Frame]]) -> CallBatch:
    """Frames in the order of their positions, at least one, as a batch in memory of its own."""
    batch = BatchBuilder().batch(frames)
    if batch is None:
        raise ValueError("a batch needs a frame")
    return batch
