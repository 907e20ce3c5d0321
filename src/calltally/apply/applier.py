"""Applies the journal to the store."""

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
"""Larger batches hardly reduce the cost of a call, but queries wait longer."""

TEXTS_PER_BATCH = 100_000
"""New texts take many times the memory of calls while they are stored."""

_SMALL_BATCH = 32_768
"""Smaller batches stay in the store's write-ahead log until a checkpoint packs them."""

_SMALL_BATCH_WEIGHT = 4
"""The weight of calls of small batches towards a checkpoint, so that no checkpoint has much to pack."""

_RETRY_SECONDS = 1.0

NICENESS = 5
"""Niceness of the applying threads, so that ingest wins the processor."""


class Applier:
    """Applies frames of the journal to the store, in order and each exactly once.

    One `UsageStore.apply` commits calls, identities, counts, outcomes, dictionary entries and their journal
    position together. So four cases of a crash show the guarantee:

    1. before apply: the store's position is the old one, the frames are read again from the journal;
    2. within apply: the store's transaction did not commit, as 1;
    3. after apply: the store's position is the new one, reading continues after it;
    4. while files are dropped: only files entirely before a checkpoint of the store are, so as 3.

    Names are recorded in the directory before the store, and so are erasures: repeating either changes
    nothing.

    ``applied_at`` is when it last applied a batch, on the monotonic clock. ``failure`` is why the last
    attempt failed, None once one succeeded.

    While a query waits, it rests as long as the last batch took, at most ``rest_seconds``, since many small
    batches would cost many times more than they save; otherwise it collects calls for ``gather_seconds``. It
    never rests after a batch that left calls unapplied. When the store reports that it can no longer work,
    ``on_failure`` is called once and the thread ends. Checkpoints are taken by another thread, which checks
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
        self._named_through = store.position  # names up to here are not recorded again: one may be erased
        self._erase_elsewhere = erase_elsewhere
        self._on_failure = on_failure
        self._room = BatchBuilder()
        self._gather_seconds = gather_seconds
        self._rest_seconds = rest_seconds
        self._checkpoint_calls = checkpoint_calls
        self._checkpoint_seconds = checkpoint_seconds
        self._answer_timeout = answer_timeout
        self._left_behind = False
        self._applied_weight = 0  # set by the applying thread only
        self._saved_weight = 0  # set by the checkpointing thread only
        self._checkpointed_at = time.monotonic()
        self._checkpointed = store.position
        self.failure: Exception | None = None
        self.applied_at = time.monotonic()
        self._stop = threading.Event()
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._run, name="applier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Apply what is durable, take a checkpoint, end the thread."""
        self._stop.set()
        self._hurry.set()
        self._thread.join()

    async def caught_up(self) -> None:
        """Wait until the store has everything that was durable when this was called.

        Raises `BusyError` if that takes longer than the answer timeout.
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
        """The durable calls that may not be in the store; see `Tail.calls`."""
        return self._tail.calls()

    def apply_batch(self) -> bool:
        """Apply one batch of durable frames; False if there was nothing to apply."""
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
        self._applied_weight += len(batch.calls) * (_SMALL_BATCH_WEIGHT if small else 1)
        return True

    @property
    def checkpoint_is_due(self) -> bool:
        """Whether enough was applied since the last checkpoint, or anything some time ago."""
        if self.applied.position == self._checkpointed:
            return False
        unsaved = self._applied_weight - self._saved_weight
        waited = time.monotonic() - self._checkpointed_at
        return unsaved >= self._checkpoint_calls or waited >= self._checkpoint_seconds

    def checkpoint(self) -> None:
        """Take a checkpoint of the store, then drop the journal's files that it covers."""
        applied, weight = self.applied.position, self._applied_weight
        self._journal.drop_through(self._store.checkpoint())
        self._checkpointed, self._saved_weight = applied, weight
        self._checkpointed_at = time.monotonic()

    def _record_ahead(self, names: Names) -> None:
        """Record names that the tail has read, except those before an erasure that was applied."""
        with self._naming:
            if ahead := [named for named in names if named[0] > self._named_through]:
                self._record_names(ahead)

    def _run(self) -> None:
        lower_priority(NICENESS)
        while not self._stop.is_set():
            try:
                self._apply_collected()
                self.failure = None
            except StoreFailedError as error:
                self.failure = error
                self._on_failure(error)
                return
            except Exception as error:  # a full disk may get space again, and retrying loses nothing
                self.failure = error
                log.exception("applying calls to the store failed; retrying", seconds=_RETRY_SECONDS)
                self._reader = self._journal.reader(self._store.position)
                self._stop.wait(_RETRY_SECONDS)
        while self.apply_batch():
            pass
        self.checkpoint()

    def _apply_collected(self) -> None:
        started = time.monotonic()
        if not self.apply_batch():
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
    """The frames up to the first erasure, or up to many new texts, which end a batch; their names are added
    to ``names``."""
    texts = 0
    for position, frame in frames:
        names += [(position, name) for name in frame.names]
        texts += len(frame.values)
        yield position, frame
        if frame.erasure or texts >= TEXTS_PER_BATCH:
            return


def batch_of_frames(frames: Iterable[tuple[int, Frame]]) -> CallBatch:
    """Frames in the order of their positions, at least one, as a batch with its own memory."""
    batch = BatchBuilder().batch(frames)
    if batch is None:
        raise ValueError("a batch needs at least one frame")
    return batch
