"""The files of a backup with their checksums."""

import hashlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from stat import S_ISREG
from typing import Annotated

import msgspec

from calltally.durable_files import sync
from calltally.errors import DamagedDataError

FILE_NAME = "manifest.json"
FORMAT = 1

_BLOCK = 2**20
_MOST_BYTES = 16 * 2**20
_SHOWN_OF_A_PATH = 500


class BackupFile(msgspec.Struct, frozen=True):
    """One file; its path is relative to the backup's folder, with slashes."""

    path: str
    size: Annotated[int, msgspec.Meta(ge=0)]
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """The list of a backup's files, written last."""

    format: int
    version: str
    created: str
    position: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    files: tuple[BackupFile, ...]

    def write(self, folder: Path) -> None:
        content = msgspec.json.format(msgspec.json.encode(self), indent=2)
        path = folder / FILE_NAME
        path.write_bytes(content + b"\n")
        path.chmod(0o600)

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read it; raises `DamagedDataError` if there is none, or none that this version can read.

        Every path in it is below the folder.
        """
        try:
            with (folder / FILE_NAME).open("rb") as written:
                content = written.read(_MOST_BYTES + 1)
        except OSError as error:
            raise DamagedDataError(f"{folder} is not a backup: {error.strerror}: {FILE_NAME}") from None
        if len(content) > _MOST_BYTES:
            raise _damaged(folder, f"larger than {_MOST_BYTES} bytes")
        try:
            manifest = msgspec.json.decode(content, type=cls)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise _damaged(folder, str(error)) from None
        except RecursionError:
            raise _damaged(folder, "nested too deeply") from None
        if manifest.format != FORMAT:
            raise DamagedDataError(
                f"{folder} is a backup of format {manifest.format}; this version of Calltally reads {FORMAT}"
            )
        for file in manifest.files:
            path = PurePosixPath(file.path)
            if path.is_absolute() or not path.parts or ".." in path.parts or "\0" in file.path:
                raise DamagedDataError(
                    f"{folder} is not a backup: {FILE_NAME} names the file {file.path[:_SHOWN_OF_A_PATH]!r}"
                )
        return manifest

    def demand(self, *paths: str) -> None:
        """Raise `DamagedDataError` unless files with these paths are listed."""
        missing = sorted(set(paths) - {file.path for file in self.files})
        if missing:
            raise DamagedDataError(f"this backup is incomplete: {FILE_NAME} does not list {missing[0]}")


def _damaged(folder: Path, reason: str) -> DamagedDataError:
    return DamagedDataError(f"{folder} is not a complete backup: {FILE_NAME}: {reason}")


def described(folder: Path, paths: Sequence[Path]) -> tuple[BackupFile, ...]:
    """The sizes and checksums of files below a folder."""
    return tuple(
        BackupFile(path.relative_to(folder).as_posix(), path.stat().st_size, _sha256(path))
        for path in sorted(paths)
    )


def check(folder: Path, files: Sequence[BackupFile]) -> None:
    """Raise `DamagedDataError` unless every file exists and matches its description."""
    for file in files:
        path = folder / file.path
        try:
            there = path.stat()
            if S_ISREG(there.st_mode) and there.st_size == file.size and _sha256(path) == file.sha256:
                continue
        except OSError as error:
            shown = str(path)[:_SHOWN_OF_A_PATH]
            raise DamagedDataError(
                f"{shown} cannot be read: {error.strerror}; nothing was restored"
            ) from None
        raise DamagedDataError(f"{path} differs from what was backed up; nothing was restored")


def make_durable(folder: Path) -> None:
    """Sync the files and folders below a folder to disk."""
    for path in [*folder.rglob("*"), folder]:
        sync(path)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
