"""Writes identities that exceed memory to runs on disk."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import structlog

from calltally.ingest.identities.generations import Generation
from calltally.ingest.identities.identity_run import IdentityRun
from calltally.ingest.identities.run_chain import chains_of
from calltally.ingest.identities.run_file import DamagedRunError, StoppedError
from calltally.ingest.identities.run_folder import RunFolder
from calltally.ingest.identities.seen_ids import SeenIds

log = structlog.get_logger()

JOINED, MOST_JOINED = 6, 12
"""How many adjacent runs are merged, since each costs every new identity a lookup."""

_TRIES = 3
_RETRY_SECONDS = 5.0


class Spiller:
    """Writes every full table to a run in a thread, so that a restart finds it; removes old tables and runs.

    These are the flushes and compactions of an LSM tree. `look` belongs to the ordered step's thread and
    never blocks: a table stays in memory until its run is on disk. If runs cannot be written, identities are
    evicted after some attempts and looked up in the store. A run that turns out to be damaged cannot be
    replaced while identities are being received: ``on_failure`` is called, and the next start reads the
    store.
    """

    def __init__(
        self,
        seen_ids: SeenIds,
        folder: RunFolder,
        horizon_ms: int,
        *,
        on_failure: Callable[[Exception], None] = lambda _: None,
    ) -> None:
        self._seen_ids = seen_ids
        self._folder = folder
        self._horizon_ms = horizon_ms
        self._on_failure = on_failure
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="runs")
        self._work: Future[None] | None = None
        self._finish: Callable[[], None] = lambda: None
        self._failures = 0
        self._try_again_at = 0.0

    @property
    def is_idle(self) -> bool:
        """Whether no work is running."""
        return self._work is None

    def look(self, now_ms: int, stored_position: int) -> None:
        """Start the next work, once the previous work is done."""
        if self._work is not None and self._work.done():
            self._end(self._work)
        self._forget(now_ms, stored_position)
        if self._work is None and time.monotonic() >= self._try_again_at:
            self._begin(stored_position)

    def spill_now(self, now_ms: int, stored_position: int) -> None:
        """Write what exceeds the memory; returns once it is written or cannot be."""
        while True:
            self._forget(now_ms, stored_position)
            generation = self._seen_ids.generations.unwritten(stored_position)
            if generation is None or self._failures >= _TRIES or not self._seen_ids.is_over_memory:
                return
            self._write(generation)
            self._wait()

    def stop(self) -> None:
        """Abort the current write."""
        self._folder.stop()
        self._thread.shutdown()

    def _forget(self, now_ms: int, stored_position: int) -> None:
        gone = self._seen_ids.forget(
            received_before_ms=now_ms - self._horizon_ms,
            stored_position=stored_position,
            into_store=self._failures >= _TRIES,
        )
        self._remove(gone)

    def _begin(self, stored_position: int) -> None:
        """Write one table or merge some runs in the thread, if there are any."""
        generations = self._seen_ids.generations
        if generation := generations.unwritten(stored_position):
            self._write(generation)
        elif parts := _worth_joining(generations.runs, self._horizon_ms // JOINED):
            self._join(parts)

    def _write(self, generation: Generation) -> None:
        written: list[IdentityRun] = []

        def finish() -> None:
            self._remove(self._seen_ids.generations.attach(generation, written[0]))

        self._work = self._thread.submit(lambda: written.append(self._folder.write(generation)))
        self._finish = finish

    def _join(self, parts: Sequence[IdentityRun]) -> None:
        written: list[IdentityRun] = []

        def finish() -> None:
            self._remove(self._seen_ids.generations.replace(parts, written[0]))

        self._work = self._thread.submit(lambda: written.append(self._folder.join(parts)))
        self._finish = finish

    def _wait(self) -> None:
        if self._work is not None:
            self._work.exception()
            self._end(self._work)

    def _end(self, work: Future[None]) -> None:
        self._work = None
        try:
            work.result()
        except StoppedError:
            pass
        except DamagedRunError as error:
            self._on_failure(error)
        except Exception as error:  # noqa: BLE001 - a full disk or memory may get space again
            self._failures += 1
            self._try_again_at = time.monotonic() + _RETRY_SECONDS
            log.warning("identities cannot be written to disk", reason=str(error), tries=self._failures)
        else:
            self._failures = 0
            self._finish()

    def _remove(self, runs: Sequence[IdentityRun]) -> None:
        for run in runs:
            self._thread.submit(run.remove)


def _worth_joining(runs: Sequence[IdentityRun], longest_ms: int) -> Sequence[IdentityRun]:
    """The longest sequence of adjacent runs in which none is larger than the others together, received within
    ``longest_ms``."""
    chains = list(chains_of(runs))
    for length in range(MOST_JOINED, JOINED - 1, -1):
        for chain in chains:
            for start in range(len(chain) - length, -1, -1):
                some = chain[start : start + length]
                sizes = [run.head.size for run in some]
                first_ms = min(run.head.first_received_ms for run in some)
                last_ms = max(run.head.last_received_ms for run in some)
                if 2 * max(sizes) <= sum(sizes) and last_ms - first_ms <= longest_ms:
                    return some
    return []
