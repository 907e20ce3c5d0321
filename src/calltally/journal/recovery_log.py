"""The permanent log of recoveries of the journal."""

import shutil
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import msgspec
from xxhash import xxh3_64_hexdigest

from calltally.durable_files import write_durably

FILE_NAME = "recoveries.ndjson"
_KEPT = 200


class RecoveryKind(StrEnum):
    """What a start found and did."""

    CUT_OFF = "cut_off"
    """The journal ended with an unacknowledged write; it was removed."""

    PASSED_OVER = "passed_over"
    """Damaged bytes, all of which the store has; reading continued after them."""

    MARK_DAMAGED = "mark_damaged"
    """The mark of acknowledged positions could not be read completely; it was rewritten."""


class Recovery(msgspec.Struct, frozen=True):
    """One action of a start. ``bytes`` from ``offset`` on had ``first_position`` to ``last_position``.

    ``at`` is the instant of the start; ``last_position`` is the last one that could be determined.
    """

    kind: RecoveryKind
    at: str
    file: str
    offset: int
    bytes: int
    first_position: int
    last_position: int
    reason: str


class Recoveries(msgspec.Struct, frozen=True):
    """The latest recoveries, oldest first, the number of earlier ones, and the number of unreadable
    entries."""

    latest: tuple[Recovery, ...] = ()
    earlier: int = 0
    unreadable: int = 0


class _Line(msgspec.Struct):
    checksum: str
    recovery: msgspec.Raw


class _Earlier(msgspec.Struct):
    earlier: int


class RecoveryLog:
    """The last 200 recoveries in a file of the journal's folder, one per line, each with a checksum.

    An unreadable line is counted and kept, and never an error.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME

    def read(self) -> Recoveries:
        latest: list[Recovery] = []
        earlier = unreadable = 0
        for line in self._lines():
            match _read(line):
                case int(number):
                    earlier += number
                case None:
                    unreadable += 1
                case recovery:
                    latest.append(recovery)
        return Recoveries(tuple(latest), earlier, unreadable)

    def add(self, recoveries: Sequence[Recovery]) -> None:
        """Append recoveries; they are on disk when this returns."""
        lines = [*self._lines(), *map(_line, recoveries)]
        earlier = sum(number for line in lines if isinstance(number := _read(line), int))
        lines = [line for line in lines if not isinstance(_read(line), int)]
        if len(lines) > _KEPT:
            earlier += len(lines) - _KEPT
            lines = lines[-_KEPT:]
        if earlier:
            lines.insert(0, _line(_Earlier(earlier)))
        write_durably(self.path, b"".join(line + b"\n" for line in lines))

    def copy_to(self, folder: Path) -> None:
        """Copy the file, if there is one."""
        if self.path.exists():
            shutil.copyfile(self.path, folder / FILE_NAME)

    def _lines(self) -> list[bytes]:
        if not self.path.exists():
            return []
        return self.path.read_bytes().splitlines()


def _line(content: object) -> bytes:
    encoded = msgspec.json.encode(content)
    return msgspec.json.encode(_Line(xxh3_64_hexdigest(encoded), msgspec.Raw(encoded)))


def _read(line: bytes) -> Recovery | int | None:
    """A recovery, a number of earlier ones, or None for an unreadable line."""
    try:
        read = msgspec.json.decode(line, type=_Line)
        if xxh3_64_hexdigest(bytes(read.recovery)) != read.checksum:
            return None
        if bytes(read.recovery).startswith(b'{"earlier"'):
            return msgspec.json.decode(read.recovery, type=_Earlier).earlier
        return msgspec.json.decode(read.recovery, type=Recovery)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
