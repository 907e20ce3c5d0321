"""A copy of everything, made while calls come in."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BackupReport:
    """A backup that is whole: where it lies, and the journal position up to which it holds every call."""

    folder: Path
    position: int
    files: int
    size: int
