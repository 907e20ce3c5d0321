"""What upkeep asks of the data that is neither calls nor counts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from calltally.dictionary import Kind


class ControlData(Protocol):
    """Names, executions and their results, clients and tokens. The methods block."""

    def erase(self, kind: Kind, organization: str, text: str, replacement: str) -> None:
        """Removes what tells of a user or an account, as often as it is asked to."""
        ...

    def wipe(self) -> None:
        """Sees to it that nothing of what was erased is left in files; takes a while."""
        ...

    def copy_to(self, folder: Path) -> None:
        """Writes a copy, as of one instant, as files into a folder."""
        ...

    def damage(self) -> Sequence[str]:
        """What is not as it was written, each in a sentence; takes a while."""
        ...


class NoControlData:
    """For a meter that stands alone."""

    def erase(self, kind: Kind, organization: str, text: str, replacement: str) -> None:
        """Nothing tells of anybody."""

    def wipe(self) -> None:
        """Nothing is left."""

    def copy_to(self, folder: Path) -> None:
        """Nothing is to be copied."""

    def damage(self) -> Sequence[str]:
        """Nothing is damaged."""
        return ()
