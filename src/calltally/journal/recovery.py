"""Recovery of the journal at a start."""

from dataclasses import dataclass, field
from pathlib import Path

import structlog

from calltally.clock import instant_of
from calltally.durable_files import sync, write_durably
from calltally.errors import DamagedDataError
from calltally.journal.broken_frames import last_announced, next_whole, proves_durable, why_unfinished
from calltally.journal.durable_mark import MarkReading, read_mark
from calltally.journal.framing import MAGIC, read_frame
from calltally.journal.journal_files import cut, file_for, files_of
from calltally.journal.recovery_log import Recovery, RecoveryKind, RecoveryLog

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Recovered:
    """A complete journal: its last position, and the file to continue, None if a new one is needed.

    ``passed_over`` means that damaged bytes remain in a file, all of which the store has.
    """

    last: int
    file: Path | None
    passed_over: bool = False


@dataclass(slots=True)
class _Walk:
    """The content of a file.

    ``end`` is where its complete frames end, and ``beyond`` where those begin that the store lacks;
    ``passed`` are damaged parts, with their positions, that the store has.
    """

    path: Path
    data: bytes
    last: int
    end: int = 0
    beyond: int | None = None
    passed: list[tuple[int, int, int, int]] = field(default_factory=list)

    @property
    def is_broken(self) -> bool:
        return self.end < len(self.data)


def recover(folder: Path, after: int, now_ms: int) -> Recovered:
    """Cut off an unfinished write at the end, make the rest durable, and return the last complete position.

    What is cut off or passed over is logged, and written to the `RecoveryLog` before.

    Complete frames that a killed process wrote and did not sync count from here on: senders get that answer,
    and later files follow them. ``after`` is the position that the store has; without any files it is the
    last one. What the store has is not needed from the journal, so damage there stops nothing.

    Only bytes that were not acknowledged are cut: not those up to the `DurableMark`, which is exact after a
    kill; not those that a later frame proves to have been durable; and, if a power cut lost both, not those
    of a frame that was written to its end. Raises `DamagedDataError`, changing nothing, if such frames, or
    files of them, are missing or damaged, or if the journal begins later than right after the store's
    position.
    """
    files = files_of(folder)
    mark = read_mark(folder)
    if files and files[0][0] > after + 1:
        raise DamagedDataError(
            f"the journal begins at position {files[0][0]}, but the store holds only up to {after}; "
            "the store is older than the journal: restore both from one backup"
        )
    walks = _walks(files, after, mark or MarkReading(0))
    last = walks[-1].last if walks else 0
    acknowledged = mark.position if mark else 0
    if max(last, after) < acknowledged:
        missing = f"the end of {walks[-1].path.name}" if walks else f"all of {folder}"
        raise DamagedDataError(
            f"the journal is damaged: it ends at position {max(last, after)}, within calls that were "
            f"acknowledged, up to position {acknowledged}: {missing} is missing; restore a backup"
        )
    found = _found(walks, after, mark, instant_of(now_ms).isoformat())
    for one in found:
        log.warning("the journal was not found whole", **_logged(one))
    if found:
        RecoveryLog(folder).add(found)
    return _carried_out(folder, files, walks, after)


def _walks(files: list[tuple[int, Path]], after: int, mark: MarkReading) -> list[_Walk]:
    """The content of the files that the store does not have entirely. Raises `DamagedDataError`."""
    ends = [*(first for first, _ in files), None][1:]
    needed = [file for file, end in zip(files, ends, strict=True) if end is None or end > after + 1]
    walks: list[_Walk] = []
    for number, (first, path) in enumerate(needed):
        if walks and first != walks[-1].last + 1:
            raise DamagedDataError(
                f"the journal has a gap: {path.name} does not follow position {walks[-1].last}; "
                "restore a backup"
            )
        walks.append(walk := _walk(path, first, after))
        if walk.is_broken:
            _refuse_damage(walk, mark, is_last=number == len(needed) - 1)
    return walks


def _walk(path: Path, first: int, after: int) -> _Walk:
    walk = _Walk(path, path.read_bytes(), first - 1)
    view = memoryview(walk.data)
    while walk.end < len(view):
        header = read_frame(view, walk.end)
        expected = walk.last + 1
        if header is not None and header.position == expected:
            if expected == after + 1:
                walk.beyond = walk.end
            walk.end, walk.last = header.end, expected
            continue
        if expected > after:
            return walk
        found = next_whole(walk.data, walk.end, expected + 1, after + 1)
        if found is None:
            walk.passed.append((walk.end, len(view), expected, after))
            walk.last = after
            return walk
        place, position = found
        walk.passed.append((walk.end, place, expected, position - 1))
        walk.end, walk.last = place, position - 1
    return walk


def _refuse_damage(walk: _Walk, mark: MarkReading, *, is_last: bool) -> None:
    """Raise `DamagedDataError` if data after the complete frames of a file were acknowledged."""
    position = walk.last + 1
    place = f"{walk.path.name} is broken at byte {walk.end}, at position {position}"
    if mark.position >= position:
        raise DamagedDataError(
            f"the journal is damaged: {place}, within calls that were acknowledged, up to position "
            f"{mark.position}; restore a backup"
        )
    if not is_last or proves_durable(walk.data, walk.end, position):
        raise DamagedDataError(
            f"the journal is damaged: {place}, within calls that were acknowledged; restore a backup"
        )
    if not why_unfinished(walk.data, walk.end, position):
        raise DamagedDataError(
            f"the journal is damaged: {place}, within calls that were written to their end and may have been "
            "acknowledged; restore a backup"
        )


def _found(walks: list[_Walk], after: int, mark: MarkReading | None, at: str) -> list[Recovery]:
    """The recoveries to record."""
    found = []
    damage = mark.damage if mark else "the mark of what was acknowledged is missing"
    if damage and (mark or any(walk.data.startswith(MAGIC) for walk in walks)):
        position = mark.position if mark else 0
        found.append(
            Recovery(RecoveryKind.MARK_DAMAGED, at, "durable.mark", 0, 0, position, position, damage)
        )
    for walk in walks:
        for offset, end, first, last in walk.passed:
            reason = f"damaged, and not needed: the store holds everything up to position {after}"
            found.append(
                Recovery(
                    RecoveryKind.PASSED_OVER, at, walk.path.name, offset, end - offset, first, last, reason
                )
            )
        if walk.is_broken and walk.last >= after and not _ends_passed(walk):
            position, size = walk.last + 1, len(walk.data) - walk.end
            last = last_announced(walk.data, walk.end, position)
            reason = f"{why_unfinished(walk.data, walk.end, position)}: nobody had an answer to it"
            found.append(
                Recovery(RecoveryKind.CUT_OFF, at, walk.path.name, walk.end, size, position, last, reason)
            )
    return found


def _carried_out(folder: Path, files: list[tuple[int, Path]], walks: list[_Walk], after: int) -> Recovered:
    """Cut off unfinished writes, and continue after damaged parts."""
    if not walks or walks[-1].last < after:
        for _, path in files:
            path.unlink()
        sync(folder)
        return Recovered(after, None)
    begin, end = walks[0], walks[-1]
    if not begin.passed:
        cut(end.path, end.end)
        return Recovered(end.last, end.path)
    if begin.beyond is None:
        return Recovered(end.last, None, passed_over=True)
    behind = file_for(folder, after + 1)
    write_durably(behind, begin.data[begin.beyond : begin.end])
    cut(begin.path, begin.beyond)
    if end is begin:
        return Recovered(end.last, behind, passed_over=True)
    cut(end.path, end.end)
    return Recovered(end.last, end.path, passed_over=True)


def _ends_passed(walk: _Walk) -> bool:
    return bool(walk.passed) and walk.passed[-1][1] == len(walk.data)


def _logged(recovery: Recovery) -> dict[str, object]:
    return {
        "did": recovery.kind.value,
        "file": recovery.file,
        "offset": recovery.offset,
        "bytes": recovery.bytes,
        "first_position": recovery.first_position,
        "last_position": recovery.last_position,
        "reason": recovery.reason,
    }
