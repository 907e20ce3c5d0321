"""The data directory of a demo, which every demo makes anew."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from calltally.data_directory import DataDirectory
from calltally.errors import CalltallyError, DirectoryHeldError

MARKER = "made-by-calltally-demo.txt"
_MARKER_TEXT = """\
This directory was made by `calltally demo`.
The next demo in it deletes everything here and starts afresh.
"""
_LOCK = "lock"


class NotADemoError(CalltallyError):
    """A directory that no demo made stands where one is wanted; it was not touched."""


@contextmanager
def fresh_demo_directory(path: Path) -> Iterator[DataDirectory]:
    """An empty data directory, held until the end of the context.

    What an earlier demo left in it is deleted. Raises `NotADemoError`, touching nothing, when the place is
    taken by anything else that is not empty, and `DirectoryHeldError` when a demo is still running in it.
    """
    _claim(path)
    try:
        with DataDirectory(path) as held:
            _clear(path)
            yield held
    except DirectoryHeldError:
        raise DirectoryHeldError(
            f"a demo is running in {path}; stop it with Ctrl-C there, or start another one beside it: "
            f"calltally demo --data {path}-2"
        ) from None


def _claim(path: Path) -> None:
    if (path / MARKER).is_file():
        return
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise NotADemoError(f"{path} was not made by a demo and is left alone; choose another with --data")
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    (path / MARKER).write_text(_MARKER_TEXT, "utf-8")


def _clear(path: Path) -> None:
    """Deletes everything but the marker and the lock, which is held; links are deleted, not followed."""
    for entry in path.iterdir():
        if entry.name in (MARKER, _LOCK):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
