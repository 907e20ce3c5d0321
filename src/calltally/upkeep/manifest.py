"""What a backup holds, with a checksum of each file."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import msgspec

from calltally.errors import DamagedDataError

FILE_NAME = "manifest.json"
FORMAT = 1

_BLOCK = 2**20


class BackupFile(msgspec.Struct, frozen=True):
    """One file: its path below the backup's folder, with slashes."""

    path: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """The last file of a backup to be written."""

    format: int
    version: str
    created: str
    position: int
    files: tuple[BackupFile, ...]

    def write(self, folder: Path) -> None:
        content = msgspec.json.format(msgspec.json.encode(self), indent=2)
        path = folder / FILE_NAME
        path.write_bytes(content + b"\n")
        path.chmod(0o600)

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Raises `DamagedDataError` when there is none, or one that this version does not know."""
        try:
            manifest = msgspec.json.decode((folder / FILE_NAME).read_bytes(), type=cls)
        except OSError as error:
            raise DamagedDataError(f"{folder} is no backup: {error.strerror}: {FILE_NAME}") from None
        except msgspec.MsgspecError as error:
            raise DamagedDataError(f"{folder} is no whole backup: {FILE_NAME}: {error}") from None
        if manifest.format != FORMAT:
            raise DamagedDataError(
                f"{folder} is a backup of format {manifest.format}; this version of Calltally reads {FORMAT}"
            )
        for file in manifest.files:
            path = PurePosixPath(file.path)
            if path.is_absolute() or not path.parts or ".." in path.parts:
                raise DamagedDataError(f"{folder} is no backup: {FILE_NAME} names the file {file.path!r}")
        return manifest


def described(folder: Path, paths: Sequence[Path]) -> tuple[BackupFile, ...]:
    """Files below a folder as they are."""
    return tuple(
        BackupFile(path.relative_to(folder).as_posix(), path.stat().st_size, _sha256(path))
        for path in sorted(paths)
    )


def check(folder: Path, files: Sequence[BackupFile]) -> None:
    """Raises `DamagedDataError` unless every file is there and as it was described."""
    for file in files:
        path = folder / file.path
        try:
            if path.stat().st_size == file.size and _sha256(path) == file.sha256:
                continue
        except OSError as error:
            raise DamagedDataError(f"{path} cannot be read: {error.strerror}; nothing was restored") from None
        raise DamagedDataError(f"{path} is not as it was when it was backed up; nothing was restored")


def make_durable(folder: Path) -> None:
    """Has the disk keep the files and folders below a folder."""
    for path in [*folder.rglob("*"), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
