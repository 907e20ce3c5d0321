"""The folder of runs."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import structlog

from calltally.identity_key import IdentityKey
from calltally.ingest.identities.generations import Generation
from calltally.ingest.identities.identity_run import IdentityRun
from calltally.ingest.identities.run_file import (
    DAMAGED,
    PARTIAL,
    SUFFIX,
    DamagedRunError,
    RunHead,
    filter_lines_for,
    write_run,
)
from calltally.ingest.identities.sorted_identities import Sorted, first_high_of_line
from calltally.store.usage_store import Timeline

log = structlog.get_logger()

_ROWS_AT_ONCE = 100_000


class RunFolder:
    """The runs on disk, a cache of the store: each may be removed at any time, and a start rebuilds it.

    A run can be used only if it was written by the same installation, in a timeline of the store that the
    current one continues, and ends before the next timeline began. Whether its content is right is then
    verified; see `proven_runs`. Only what the store has may be written.
    """

    def __init__(
        self,
        path: Path,
        identity_key: IdentityKey,
        timelines: Sequence[Timeline],
        kind_of_run: type[IdentityRun],
    ) -> None:
        """``timelines`` are those of the store up to its current one."""
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path
        self._mark = identity_key.mark
        self._life = timelines[-1].id
        self._ends = {timeline.id: later.after for timeline, later in pairwise(timelines)}
        self._kind = kind_of_run
        self._stopped = False

    def stop(self) -> None:
        """Abort the current write."""
        self._stopped = True

    def open(self, received_from_ms: int) -> list[IdentityRun]:
        """The runs that may have everything received since an instant; the others are removed.

        They may overlap, since a crash leaves a merged run together with its parts. If one is damaged, others
        may be, so all blocks are read then; otherwise they are read when needed.
        """
        damaged = list(self._path.glob(f"*{DAMAGED}"))
        for partial in self._path.glob(f"*{PARTIAL}"):
            partial.unlink()
        runs: list[IdentityRun] = []
        for path in sorted(self._path.glob(f"*{SUFFIX}")):
            try:
                run = self._kind(path)
                self._check(run.head, received_from_ms)
                if damaged:
                    run.check()
            except DamagedRunError as error:
                log.warning("a run of identities is read from the store instead", reason=str(error))
                path.unlink(missing_ok=True)
            else:
                runs.append(run)
        for path in self._path.glob(f"*{DAMAGED}"):
            path.unlink()
        return runs

    def write(self, generation: Generation) -> IdentityRun:
        """Write a full table to a run. Raises `OSError`, and `StoppedError` after `stop`."""
        took, identities = generation.took, generation.table.sorted()
        head = RunHead(
            generation.since,
            generation.last,
            len(identities),
            0,  # counted while writing
            took.received_from_ms,
            took.first_received_ms,
            took.last_received_ms,
            took.latest_ms,
            self._life,
            self._mark,
        )
        return self._written(head, [(identities, filter_lines_for(head.size))])

    def join(self, runs: Sequence[IdentityRun]) -> IdentityRun:
        """Merge adjacent runs into one; also raises `DamagedRunError`."""
        heads = [run.head for run in runs]
        head = RunHead(
            heads[0].since,
            heads[-1].last,
            sum(head.size for head in heads),
            0,  # counted while writing
            max(head.received_from_ms for head in heads),
            min(head.first_received_ms for head in heads),
            max(head.last_received_ms for head in heads),
            max(head.latest_ms for head in heads),
            self._life,
            self._mark,
        )
        return self._written(head, self._joined(runs, head.size))

    def _written(self, head: RunHead, parts: Iterable[tuple[Sorted, int]]) -> IdentityRun:
        return self._kind(write_run(self._path, head, parts, lambda: self._stopped))

    def _joined(self, runs: Sequence[IdentityRun], count: int) -> Iterator[tuple[Sorted, int]]:
        total = filter_lines_for(count)
        steps = -(-count // _ROWS_AT_ONCE)
        ends = [total * step // steps for step in range(steps + 1)]
        for first, end in pairwise(ends):
            bounds = first_high_of_line(first, total), first_high_of_line(end, total)
            parts = [run.between(*bounds) for run in runs] if first < end else []
            yield self._kind.joined(parts), end

    def _check(self, head: RunHead, received_from_ms: int) -> None:
        if head.key_mark != self._mark:
            raise DamagedRunError("it is another installation's")
        end = self._ends.get(head.timeline)
        if end is None or head.last.last > end:
            raise DamagedRunError("it is of a life that the store does not continue")
        if head.received_from_ms > received_from_ms:
            raise DamagedRunError("it lacks what was received before, which now matters")
