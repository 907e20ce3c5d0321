"""A server that can be ended at any place, and whose disk can be watched."""

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from tests.end_to_end.server_process import ServerProcess

from soak.launcher import CLOCK
from soak.watched_disk import Place, WatchedDisk

_ROOT = Path(__file__).parent.parent


class WatchedServer(ServerProcess):
    """``calltally serve`` begun by `launcher.py`.

    ``disk`` says what is done to the next process that is started; ``clock`` is the file that says by how
    many seconds the server's clock is wrong.
    """

    def __init__(self, directory: Path, *, clock: Path | None = None, **settings: object) -> None:
        super().__init__(directory, **settings)
        self._first_settings = settings
        self.disk = WatchedDisk(directory)
        self._clock = clock

    def program(self) -> list[str]:
        return [sys.executable, "-m", "soak.launcher"]

    def variables(self) -> dict[str, str]:
        found = super().variables() | self.disk.environment()
        paths = [str(_ROOT), os.environ.get("PYTHONPATH", "")]
        found["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
        if self._clock is not None:
            found[CLOCK] = str(self._clock)
        return found

    def prepare(self, **settings: object) -> None:
        """Starts the next processes with these settings, besides those that were given at first."""
        self._settings = self._first_settings | settings

    def prepare_to_die(self, place: Place | None, nth: int = 1, *, error: int = 0) -> None:
        """Has the next process end, or its disk fail, at a place, once `pull_the_trigger` was called."""
        trigger = self.directory.with_name(f"{self.directory.name}.trigger")
        trigger.unlink(missing_ok=True)
        self.disk = replace(self.disk, place=place, nth=nth, error=error, trigger=trigger)

    def prepare_to_die_at_once(self, place: Place, nth: int = 1) -> None:
        """The same, for places that are passed while the server starts."""
        self.disk = replace(self.disk, place=place, nth=nth, error=0, trigger=None)

    def pull_the_trigger(self) -> None:
        if self.disk.trigger is not None:
            self.disk.trigger.touch()

    def let_go_of_the_trigger(self) -> None:
        """The disk is as good as new."""
        if self.disk.trigger is not None:
            self.disk.trigger.unlink()

    def has_died(self, seconds: float) -> bool:
        """Whether the process ends within so many seconds."""
        deadline = time.monotonic() + seconds
        while self.is_running and time.monotonic() < deadline:
            time.sleep(0.002)
        return not self.is_running

    def was_killed(self) -> bool:
        """Whether the process, which has ended, was killed."""
        return self.wait() == -signal.SIGKILL
