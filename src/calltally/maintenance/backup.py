"""Online backups."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from calltally import __version__
from calltally.clock import instant_of
from calltally.durable_files import sync
from calltally.errors import CalltallyError, InvalidInputError
from calltally.journal.journal_files import file_for
from calltally.maintenance.control_data import ControlData
from calltally.maintenance.manifest import FORMAT, Manifest, described, make_durable
from calltally.maintenance.meter_parts import MeterParts

STORE_FILE = "calls.duckdb"
JOURNAL_FOLDER = "journal"


@dataclass(frozen=True, slots=True)
class BackupReport:
    """A complete backup: its folder, and the journal position up to which it has every call."""

    folder: Path
    position: int
    files: int
    size: int


class Backups:
    """Writes a backup to a temporary folder and renames it once it is complete and on disk.

    The store's copy is of one instant and has its position; the journal of a backup is empty and begins right
    after it, with the log of recoveries and without a mark, which the first start creates. Control data are
    copied after the store, so that they have everything that its calls need. A crash leaves only a folder
    whose name ends in ``.partial``; making the backup again starts over.
    """

    def __init__(self, parts: MeterParts, control: ControlData) -> None:
        self._parts = parts
        self._control = control

    async def backup(self, folder: Path) -> BackupReport:
        """See `Maintenance.backup`."""
        await self._parts.caught_up()
        return await self._parts.read(lambda: self._write(folder))

    def _write(self, folder: Path) -> BackupReport:
        folder = folder.absolute()
        _check_free(folder)
        partial = folder.with_name(f"{folder.name}.partial")
        try:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True, mode=0o700)
            manifest = self._fill(partial)
            if folder.exists():
                folder.rmdir()
            partial.rename(folder)
            sync(folder.parent)
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise CalltallyError(f"the backup cannot be written: {error}") from error
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        size = sum(file.size for file in manifest.files)
        return BackupReport(folder, manifest.position, len(manifest.files), size)

    def _fill(self, folder: Path) -> Manifest:
        position = self._parts.store.backup(folder / STORE_FILE)
        (folder / JOURNAL_FOLDER).mkdir(mode=0o700)
        file_for(folder / JOURNAL_FOLDER, position + 1).touch(mode=0o600)
        self._parts.journal.recoveries.copy_to(folder / JOURNAL_FOLDER)
        self._control.copy_to(folder)
        for path in folder.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o600)
        make_durable(folder)
        manifest = Manifest(
            format=FORMAT,
            version=__version__,
            created=instant_of(self._parts.clock.now_ms()).isoformat(),
            position=position,
            files=described(folder, [path for path in folder.rglob("*") if path.is_file()]),
        )
        manifest.write(folder)
        make_durable(folder)
        return manifest


def _check_free(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidInputError(
            f"{folder} exists and is not empty",
            field="to",
            received=str(folder),
            accepted="a folder that does not exist or is empty",
        )
