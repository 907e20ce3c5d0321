"""Files that are on disk when a function returns."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Makes a file's content durable or, for a folder, the creation and removal of files in it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_durably(path: Path, content: bytes) -> None:
    """Creates or replaces a file of this user's own: after a crash it is the old one or the new one, whole.

    Writes beside it first, to a file whose name ends in ``.partial``. Raises `OSError`.
    """
    partial = path.with_name(f"{path.name}.partial")
    write_in_place(partial, content)
    partial.replace(path)
    sync(path.parent)


def write_in_place(path: Path, content: bytes) -> None:
    """Creates or overwrites a file of this user's own; a crash meanwhile leaves any part of it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
