"""What a process does to the files of a folder: ended or refused at a chosen place, and written down."""

import errno
import hashlib
import os
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_SOURCE = Path(__file__).with_name("watched_disk.c")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something happens to a process: before, within or after a step that ends in so many letters.

    ``what`` is one of the calls that `watched_disk.c` stands before (create, write, truncate, sync, unlink,
    rename) with the end of a path, or a step of the program that `launcher.py` names.
    """

    when: str
    what: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.when} {self.what} {self.where}".rstrip()

    @classmethod
    def named(cls, text: str) -> "Place":
        """The place that is written as `__str__` writes it."""
        when, what, *where = text.split(" ", 2)
        return cls(when, what, *where)


@dataclass(frozen=True, slots=True)
class WatchedDisk:
    """How to start a process so that its doings in ``folder`` are watched.

    At the ``nth`` passing of ``place`` the process is ended as by ``kill -9``; with ``error``, the number of
    an error, the call fails then and each time after it. Passings are counted once the file ``trigger``
    exists, if one is named, and calls fail only while it does. ``record`` is where every call is written
    down.
    """

    folder: Path
    place: Place | None = None
    nth: int = 1
    error: int = 0
    trigger: Path | None = None
    record: Path | None = None

    def environment(self) -> dict[str, str]:
        """The variables of such a process, to be added to others."""
        variables = {"LD_PRELOAD": str(_library()), "WATCHED_FOLDER": os.path.realpath(self.folder)}
        if self.place is not None:
            variables |= {
                "WATCHED_WHEN": "fail" if self.error else self.place.when,
                "WATCHED_WHAT": self.place.what,
                "WATCHED_SUFFIX": self.place.where,
                "WATCHED_NTH": str(self.nth),
                "WATCHED_ERROR": str(self.error),
            }
        if self.trigger is not None:
            variables["WATCHED_TRIGGER"] = str(self.trigger)
        if self.record is not None:
            variables["WATCHED_RECORD"] = str(self.record)
        return variables


DISK_FULL, DISK_BROKEN = errno.ENOSPC, errno.EIO


@cache
def _library() -> Path:
    """The compiled library; made anew only when its source has changed."""
    source = _SOURCE.read_bytes()
    name = f"calltally-watched-disk-{os.getuid()}-{hashlib.sha256(source).hexdigest()[:16]}.so"
    library = Path(tempfile.gettempdir()) / name
    if not library.exists():
        made = library.with_suffix(f".{os.getpid()}")
        compile_: list[str | Path] = [
            "cc",
            "-O2",
            "-Wall",
            "-Wextra",
            "-shared",
            "-fPIC",
            "-o",
            made,
            _SOURCE,
            "-ldl",
            "-lpthread",
        ]
        subprocess.run(compile_, check=True)
        made.rename(library)
    return library
