"""The folder that holds everything, and the lock that gives it to one process."""

import fcntl
import os
import shlex
from pathlib import Path
from stat import S_IMODE, S_IRWXG, S_IRWXO
from types import TracebackType

import structlog

from calltally.errors import CalltallyError, DirectoryHeldError

log = structlog.get_logger()

_OTHERS = S_IRWXG | S_IRWXO


class DataDirectory:
    """Owns a data directory from entering to leaving the context.

    Raises `DirectoryHeldError` when another process holds it, and `CalltallyError` when it cannot be written.
    The lock goes with the process however it ends, so that a killed server leaves nothing to clean up.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = -1

    @property
    def journal(self) -> Path:
        return self.path / "journal"

    @property
    def store(self) -> Path:
        return self.path / "calls.duckdb"

    @property
    def control(self) -> Path:
        return self.path / "control.sqlite"

    @property
    def erased(self) -> Path:
        """A file that is there while the store's file may hold, in blocks it freed, what was erased."""
        return self.path / "erased"

    @property
    def settings_file(self) -> Path:
        return self.path / "calltally.toml"

    def socket(self) -> str:
        """The address of the owner's socket; short even where the directory's own path is long."""
        return socket_address(self.path)

    def __enter__(self) -> "DataDirectory":
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise CalltallyError(
                f"the data directory {self.path} cannot be used: {error.strerror}"
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise DirectoryHeldError(f"{self.path} is held by another process") from None
        warn_if_open_to_others(self.path)
        os.ftruncate(self._lock, 0)
        os.write(self._lock, f"{os.getpid()}\n".encode())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._lock)


def warn_if_open_to_others(directory: Path) -> None:
    """Logs a warning, with how to mend it, when others may read or change what is in a data directory.

    Whoever reads it can log in as any client, and whoever writes it can change what was counted. Calltally
    itself makes directories and files that are its owner's only.
    """
    there = directory.stat()
    mode, path = S_IMODE(there.st_mode), shlex.quote(str(directory))
    if mode & _OTHERS:
        log.warning(
            "others may read or change the data directory",
            directory=str(directory),
            mode=f"{mode:04o}",
            mend=f"chmod -R go= {path}",
        )
    if there.st_uid != os.geteuid():
        log.warning(
            "the data directory belongs to another user",
            directory=str(directory),
            owner=there.st_uid,
            user=os.geteuid(),
            mend=f"run Calltally as its owner, or chown -R {os.geteuid()} {path}",
        )


def socket_address(directory: Path) -> str:
    """Where the owner's socket of a data directory lies.

    Addresses of sockets are limited to 107 bytes; a longer one is written relative to an open descriptor of
    the directory, which Linux resolves. The descriptor stays open as long as the process.
    """
    address = directory / "owner.sock"
    if len(os.fsencode(address)) <= 100:
        return str(address)
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    return f"/proc/self/fd/{descriptor}/owner.sock"
