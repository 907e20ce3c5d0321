"""How many changes of access a control database has had, written down beside it."""

from pathlib import Path

import msgspec
from xxhash import xxh3_64_hexdigest

from calltally.durable_files import write_durably


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
        write_durably(self.path, msgspec.json.encode(_Content(changes, _checksum(changes))) + b"\n")


def _checksum(changes: int) -> str:
    return xxh3_64_hexdigest(b"access %d" % changes)
