"""How many changes of access a control database has had, written down beside it."""

import os
from pathlib import Path

import msgspec
from xxhash import xxh3_64_hexdigest


class _Content(msgspec.Struct):
    changes: int
    checksum: str


class AccessMark:
    """A small file that is written after each change of access was committed, and before it is answered.

    A database that has had fewer changes than the mark says has lost some.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> int | None:
        """The number of changes; None when there is no mark, or none that can be read."""
        try:
            content = msgspec.json.decode(self.path.read_bytes(), type=_Content)
        except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return content.changes if content.checksum == _checksum(content.changes) else None

    def write(self, changes: int) -> None:
        """Replaces the mark; it is on disk when this returns."""
        partial = self.path.with_name(f"{self.path.name}.partial")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(_Content(changes, _checksum(changes))) + b"\n")
            file.flush()
            os.fsync(descriptor)
        partial.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _checksum(changes: int) -> str:
    return xxh3_64_hexdigest(b"access %d" % changes)
