"""A data directory made of a backup."""

import shutil
from pathlib import Path

from calltally.durable_files import sync
from calltally.errors import CalltallyError, InvalidInputError
from calltally.maintenance.backup import STORE_FILE, BackupReport
from calltally.maintenance.manifest import Manifest, check, make_durable


def restore(source: Path, target: Path) -> BackupReport:
    """Copies a backup into a new directory, which a server can then be started on.

    Everything in the backup is checked before anything is written, and every copy after. The directory is
    there as a whole or not at all; a crash leaves a folder whose name ends in ``.partial``. Raises
    `DamagedDataError` for a backup that is not as it was made, and `InvalidInputError` when the directory is
    there and not empty.
    """
    manifest = Manifest.read(source)
    manifest.demand(STORE_FILE)
    target = target.absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InvalidInputError(
            f"{target} is there and not empty; a backup is restored into a new directory only",
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
