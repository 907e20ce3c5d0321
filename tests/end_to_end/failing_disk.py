"""``calltally`` on a disk that begins to fail as soon as a file says how.

``python -m tests.end_to_end.failing_disk FILE WORDS…`` runs the command line with these words. Once FILE is
there, syncing or writing the journal fails with the error whose name it holds.
"""

import errno
import os
import sys
from pathlib import Path
from typing import Any

from calltally.cli.main import main


def break_when_told(told: Path) -> None:
    """Has the calls that the journal lives by fail from the moment that a file exists."""
    sync, write = os.fdatasync, os.writev

    def failing_sync(fd: Any) -> None:
        _fail(told, "EIO")
        sync(fd)

    def failing_write(descriptor: int, parts: Any) -> int:
        if Path(f"/proc/self/fd/{descriptor}").readlink().suffix == ".frames":
            _fail(told, "EROFS", "ENOSPC")
        return write(descriptor, parts)

    os.fdatasync, os.writev = failing_sync, failing_write


def _fail(told: Path, *names: str) -> None:
    if told.exists() and (name := told.read_text()) in names:
        number = getattr(errno, name)
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    break_when_told(Path(sys.argv.pop(1)))
    main()
