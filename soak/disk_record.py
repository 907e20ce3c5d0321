"""What a power cut leaves of a folder, told from the record of everything that was done to its files."""

import random
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

PAGE = 4096
"""What a disk writes as one: all of a page or nothing."""

_HEAD = struct.Struct("<IIQQQ")


class Doing(IntEnum):
    """The kinds of calls, numbered as in `watched_disk.c`."""

    CREATE = 1
    WRITE = 2
    TRUNCATE = 3
    SYNC = 4
    UNLINK = 5
    RENAME = 6


@dataclass(frozen=True, slots=True)
class Done:
    """One call that changed or synced a file, by its path below the folder.

    ``end`` is how long the record was behind it; ``began``, of a sync, how long before it.
    """

    doing: Doing
    path: str
    offset: int
    length: int
    began: int
    data: bytes
    end: int


def read_record(file: Path, behind: int = 0) -> Iterator[Done]:
    """What was done, in order; ``behind`` is how long the records of earlier processes were."""
    content = file.read_bytes()
    at = 0
    while at + _HEAD.size <= len(content):
        kind, path_length, offset, length, began = _HEAD.unpack_from(content, at)
        start = at + _HEAD.size + path_length
        path = content[start - path_length : start].decode().lstrip("/")
        end = start + (length if kind in (Doing.WRITE, Doing.RENAME) else 0)
        if end > len(content):
            return
        yield Done(Doing(kind), path, offset, length, behind + began, content[start:end], behind + end)
        at = end


@dataclass(slots=True)
class _File:
    """What is safe of a file, and what was done to it since."""

    safe: bytes = b""
    pending: list[Done] = field(default_factory=list)

    def sync(self, began: int) -> None:
        """Makes safe what was done before the sync began."""
        known = [done for done in self.pending if done.end <= began]
        self.safe = _with(self.safe, known)
        self.pending = [done for done in self.pending if done.end > began]

    def left_in_order(self, luck: random.Random) -> bytes:
        """The safe bytes with what was done up to some moment, and the first pages of the write then."""
        bound = luck.randrange(len(self.pending) + 1)
        done = self.pending[:bound]
        if bound < len(self.pending) and self.pending[bound].doing is Doing.WRITE:
            pages = list(_pages(self.pending[bound]))
            done += pages[: luck.randrange(len(pages) + 1)]
        return _with(self.safe, done)

    def left_at_random(self, luck: random.Random) -> bytes:
        """The safe bytes with some of what was not: of each page what was done up to some moment.

        A file is cut or not, but nothing that came behind a cut is there without it.
        """
        cuts = [number for number, done in enumerate(self.pending) if done.doing is Doing.TRUNCATE]
        bound = luck.choice([*cuts, len(self.pending)])
        moments: dict[int, int] = {}
        applied: list[Done] = []
        for number, done in enumerate(self.pending[:bound]):
            if done.doing is Doing.TRUNCATE:
                applied.append(done)
                continue
            for part in _pages(done):
                moment = moments.setdefault(part.offset // PAGE, luck.randrange(bound + 1))
                if number < moment:
                    applied.append(part)
        return _with(self.safe, applied)


@dataclass(slots=True)
class Remains:
    """A folder's files, while the record is gone through; what the folder held at first is safe.

    A file's entry is safe once the file was synced or its folder was, and then all earlier changes of
    entries are too, as journaling file systems have it. In ``strict`` folders only a sync of the folder
    counts, which is all that POSIX promises.
    """

    strict: tuple[str, ...] = ()
    _live: dict[str, _File] = field(default_factory=dict)
    _safe: dict[str, _File] = field(default_factory=dict)
    _pending: list[tuple[Done, _File]] = field(default_factory=list)

    @classmethod
    def of(cls, folder: Path, strict: tuple[str, ...] = ()) -> "Remains":
        """Everything that a folder holds now."""
        files = {path: _File(content) for path, content in contents(folder).items()}
        return cls(strict, dict(files), dict(files))

    def take(self, done: Done) -> None:
        """Goes on by one call."""
        match done.doing:
            case Doing.SYNC:
                self._sync(done)
            case Doing.WRITE | Doing.TRUNCATE:
                self._file(done).pending.append(done)
            case Doing.CREATE:
                self._file(done)
            case Doing.UNLINK:
                if gone := self._live.pop(done.path, None):
                    self._pending.append((done, gone))
            case Doing.RENAME:
                if moved := self._live.pop(done.path, None):
                    self._live[done.data.decode().lstrip("/")] = moved
                    self._pending.append((done, moved))

    def everything(self) -> dict[str, bytes]:
        """The files as the process saw them."""
        return {path: _with(file.safe, file.pending) for path, file in self._live.items()}

    def cut_within(self, last: Done, luck: random.Random) -> dict[str, bytes]:
        """The files as the process saw them, but for the last write, of which only the first pages are there.

        So a process may leave them too that is killed amid a write.
        """
        torn = self._live[last.path]
        pages = list(_pages(last))
        kept = [*torn.pending[:-1], *pages[: luck.randrange(len(pages))]]
        return self.everything() | {last.path: _with(torn.safe, kept)}

    def what_is_safe(self) -> dict[str, bytes]:
        """The files as they are when the disk kept nothing that it need not keep."""
        return {path: file.safe for path, file in self._safe.items()}

    def what_luck_leaves(self, luck: random.Random) -> dict[str, bytes]:
        """The files as they may be: what is safe, and some of what was not.

        In strict folders any page may be there without those before it. Elsewhere, where other people's
        formats lie, the pages of a file reach the disk in order, as on the usual file systems.
        """
        names = dict(self._safe)
        for done, file in self._pending[: luck.randrange(len(self._pending) + 1)]:
            _rename(names, done, file)
        return {
            path: file.left_at_random(luck) if _folder(path) in self.strict else file.left_in_order(luck)
            for path, file in names.items()
        }

    def _file(self, done: Done) -> _File:
        if done.path not in self._live:
            self._live[done.path] = file = _File()
            self._pending.append((done, file))
        return self._live[done.path]

    def _sync(self, done: Done) -> None:
        if file := self._live.get(done.path):
            file.sync(done.began)
        kept: list[tuple[Done, _File]] = []
        for change, changed in self._pending:
            folder = _folder(change.path)
            held_back = folder in self.strict and done.path != folder
            if change.end > done.began or held_back:
                kept.append((change, changed))
            else:
                _rename(self._safe, change, changed)
        self._pending = kept


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def contents(folder: Path) -> dict[str, bytes]:
    """The regular files of a folder by their paths below it."""
    found = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def lay_out(files: Mapping[str, bytes], folder: Path) -> None:
    """Writes files into a new folder."""
    folder.mkdir(parents=True, mode=0o700)
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def _rename(names: dict[str, _File], done: Done, file: _File) -> None:
    if done.doing in (Doing.UNLINK, Doing.RENAME) and names.get(done.path) is file:
        del names[done.path]
    if done.doing is Doing.RENAME:
        names[done.data.decode().lstrip("/")] = file
    elif done.doing is not Doing.UNLINK:
        names[done.path] = file


def _pages(done: Done) -> Iterator[Done]:
    at, end = done.offset, done.offset + done.length
    while at < end:
        until = min(end, (at // PAGE + 1) * PAGE)
        data = done.data[at - done.offset : until - done.offset]
        yield Done(Doing.WRITE, done.path, at, until - at, 0, data, done.end)
        at = until


def _with(content: bytes, doings: list[Done]) -> bytes:
    if not doings:
        return content
    changed = bytearray(content)
    for done in doings:
        if done.doing is Doing.TRUNCATE:
            changed = changed[: done.length].ljust(done.length, b"\0")
        else:
            changed.extend(bytes(max(0, done.offset + done.length - len(changed))))
            changed[done.offset : done.offset + done.length] = done.data
    return bytes(changed)
