"""Restores a backup to a new data directory."""

import shutil
from pathlib import Path

from calltally.durable_files import sync
from calltally.errors import CalltallyError, InvalidInputError
from calltally.maintenance.backup import STORE_FILE, BackupReport
from calltally.maintenance.manifest import Manifest, check, make_durable


def restore(source: Path, target: Path) -> BackupReport:
    """Copy a backup to a new directory, on which a server can then be started.

    Everything in the backup is checked before anything is written, and every copy after writing. The
    directory appears complete or not at all; a crash leaves a folder whose name ends in ``.partial``. Raises
    `DamagedDataError` for a damaged backup, and `InvalidInputError` if the directory exists and is not empty.
    """
    manifest = Manifest.read(source)
    manifest.demand(STORE_FILE)
    target = target.absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InvalidInputError(
            f"{target} exists and is not empty; restore a backup to a new directory",
            field="data",
            received=str(target),
            accepted="a directory that does not exist or is empty",
        )
    check(source, manifest.files)
    partial = target.with_name(f"{target.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True, mode=0o700)
        for file in manifest.files:
            copy = partial / file.path
            copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copyfile(source / file.path, copy)
            copy.chmod(0o600)
        check(partial, manifest.files)
        make_durable(partial)
        if target.exists():
            target.rmdir()
        partial.rename(target)
        sync(target.parent)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise CalltallyError(f"the backup cannot be restored: {error}") from error
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    size = sum(file.size for file in manifest.files)
    return BackupReport(target, manifest.position, len(manifest.files), size)
