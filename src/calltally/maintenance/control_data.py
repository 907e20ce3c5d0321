"""The interface of maintenance to data other than calls and counts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from calltally.dictionary import Kind


class ControlData(Protocol):
    """Names, executions and their results, clients and tokens. The methods block."""

    def erase(self, kind: Kind, organization: str, text: str, replacement: str) -> None:
        """Remove a user or an account from these data; idempotent."""
        ...

    def wipe(self) -> None:
        """Remove erased data from the files; slow."""
        ...

    def copy_to(self, folder: Path) -> None:
        """Write a copy as of one instant to files in a folder."""
        ...

    def damage(self) -> Sequence[str]:
        """The damages found, each as a sentence; slow."""
        ...


class NoControlData:
    """No control data, for a meter alone."""

    def erase(self, kind: Kind, organization: str, text: str, replacement: str) -> None:
        """Does nothing."""

    def wipe(self) -> None:
        """Does nothing."""

    def copy_to(self, folder: Path) -> None:
        """Copies nothing."""

    def damage(self) -> Sequence[str]:
        """Finds no damage."""
        return ()
