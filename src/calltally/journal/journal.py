"""The write-ahead log of the meter: frames in order, made durable by group commit."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from prometheus_client import Histogram

from calltally.durable_files import sync
from calltally.errors import OutOfServiceError
from calltally.journal.durable_mark import DurableMark
from calltally.journal.frame import Frame, encode_frame
from calltally.journal.framing import Parts
from calltally.journal.journal_files import drop_through, file_for, files_of
from calltally.journal.journal_reader import JournalReader
from calltally.journal.progress import Progress
from calltally.journal.recovery import recover
from calltally.journal.recovery_log import RecoveryLog
from calltally.journal.unsafe_bytes import UnsafeBytes

_JOINED_BYTES = 64 * 1024
"""Frames written together are joined first up to this size; larger ones are written without copying."""

_SYNC_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""The buckets of the histogram of syncs."""

_PARTS_AT_ONCE = 512
"""With more pieces they are joined too: one call writes what is synced together, so that a power cut leaves
complete sectors of it or none."""


class JournalFailedError(OutOfServiceError):
    """Writing or syncing failed. Nothing more may be acknowledged; the process must end."""


class Journal:
    """Appends frames, assigns positions and syncs all queued frames with one call (group commit).

    `append` is for the ordered step only; it only queues. A thread writes and syncs the queue repeatedly, and
    `durable` rises. After the first error it never retries: after a failed fsync the content of the disk is
    unknown, and only a restart, which reads the disk, can determine it. ``on_failure`` is then called once,
    from that thread.
    """

    def __init__(
        self,
        folder: Path,
        *,
        after: int = 0,
        file_bytes: int = 64 * 2**20,
        on_failure: Callable[[Exception], None] = lambda _: None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """Open the journal in a folder and recover it. ``after`` is the position that the store has."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._file_bytes = file_bytes
        self._on_failure = on_failure
        recovered = recover(folder, after, now_ms())
        last = recovered.last
        self.recoveries = RecoveryLog(folder)
        self.has_damaged_files = recovered.passed_over
        self.durable = Progress(last)
        self._appended = last
        self._queue: list[Parts] = []
        self._queued_bytes = 0
        self._wake = threading.Condition()
        self._closing = False
        self._file = -1
        self._file_size = 0
        self._dropping = threading.Lock()
        self._rotation: threading.Event | None = None
        self.sync_seconds = Histogram(
            "calltally_journal_sync_seconds",
            "Seconds that each sync of the journal took since the start.",
            buckets=_SYNC_SECONDS,
            registry=None,
        )
        self.longest_sync_seconds = 0.0
        files = files_of(folder)
        self._unsafe = UnsafeBytes(last, sum(path.stat().st_size for _, path in files))
        self._switch_to(recovered.file or file_for(folder, last + 1))
        self._mark = DurableMark(folder, last)
        self._writer = threading.Thread(target=self._write_until_closed, name="journal", daemon=True)
        self._writer.start()

    @property
    def folder(self) -> Path:
        """The folder of the files."""
        return self._folder

    @property
    def appended(self) -> int:
        """The position of the last frame appended, durable or not."""
        return self._appended

    @property
    def queued_bytes(self) -> int:
        """Bytes appended and not yet durable."""
        return self._queued_bytes

    def append(self, frame: Frame) -> int:
        """Queue a frame and return its position; wait for it with ``durable``.

        Raises `JournalFailedError` once the journal has failed or is closed.
        """
        if self.durable.failure is not None:
            raise self.durable.failure
        position = self._appended + 1
        parts = encode_frame(frame, position, self.durable.position)
        with self._wake:
            if self._closing:
                raise JournalFailedError("the journal is closed")
            self._appended = position
            self._queue.append(parts)
            self._queued_bytes += sum(map(len, parts))
            self._wake.notify()
        return position

    @property
    def unsafe_bytes(self) -> int:
        """Bytes of frames that no checkpoint covers, which a restart would read again."""
        return self._unsafe.size

    def reader(self, after: int) -> JournalReader:
        """A reader of what is durable after a position, from disk."""
        return JournalReader(self._folder, after, self.durable)

    def drop_through(self, position: int) -> None:
        """Remove the files that a checkpoint of the store covers entirely."""
        self._unsafe.cover(position)
        with self._dropping:
            drop_through(self._folder, position)

    def rotate(self) -> None:
        """End the current file, so that it can be dropped like the others.

        Returns once everything appended before is in ended files. Blocks for as long as a sync takes. Raises
        `JournalFailedError`. A crash leaves at most a new file without frames.
        """
        with self._wake:
            if self._closing:
                raise JournalFailedError("the journal is closed")
            rotation = self._rotation = self._rotation or threading.Event()
            self._wake.notify()
        while not rotation.wait(0.1):
            if self.durable.failure is not None:
                raise self.durable.failure
            if not self._writer.is_alive():
                raise JournalFailedError("the journal is closed")

    def give_up(self, error: Exception) -> None:
        """Fail permanently, as after a failed write: what was appended does not match the state in memory.

        Calls ``on_failure``; the next start may or may not find frames that were not durable yet.
        """
        failure = JournalFailedError(f"a step failed half-way: {error!r}")
        failure.__cause__ = error
        self.durable.fail(failure)
        self._on_failure(failure)

    def close(self) -> None:
        """Write and sync what is queued, then stop."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._writer.join()
        self.durable.end()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            self._mark.close()

    def _switch_to(self, path: Path) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._file_size = os.fstat(self._file).st_size
        sync(self._folder)

    def _write_until_closed(self) -> None:
        try:
            while self._write_what_gathered():
                pass
        except OSError as error:
            failure = JournalFailedError(f"the journal cannot be written: {error}")
            self.durable.fail(failure)
            self._on_failure(failure)

    def _write_what_gathered(self) -> bool:
        with self._wake:
            self._wake.wait_for(lambda: self._queue or self._closing or self._rotation)
            frames, self._queue = self._queue, []
            last = self._appended
            rotation, self._rotation = self._rotation, None
        if frames:
            if self._file_size >= self._file_bytes:
                self._switch_to(file_for(self._folder, last - len(frames) + 1))
            self._make_durable(frames, last)
        if rotation is not None:
            if self._file_size:
                self._switch_to(file_for(self._folder, last + 1))
            rotation.set()
        return bool(frames or rotation)

    def _make_durable(self, frames: list[Parts], last: int) -> None:
        parts = [part for frame in frames for part in frame]
        size = sum(map(len, parts))
        joined = size <= _JOINED_BYTES or len(parts) > _PARTS_AT_ONCE
        self._write([b"".join(parts)] if joined else parts)
        started = time.perf_counter()
        os.fdatasync(self._file)
        seconds = time.perf_counter() - started
        self.sync_seconds.observe(seconds)
        self.longest_sync_seconds = max(self.longest_sync_seconds, seconds)
        self._file_size += size
        self._unsafe.add(last, size)
        with self._wake:
            self._queued_bytes -= size
        self._mark.set(last)
        self.durable.advance(last)

    def _write(self, parts: Parts) -> None:
        waiting = deque(memoryview(part) for part in parts)
        while waiting:
            written = os.writev(self._file, waiting)
            while waiting and written >= len(waiting[0]):
                written -= len(waiting.popleft())
            if written:
                waiting[0] = waiting[0][written:]
