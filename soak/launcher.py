"""``calltally`` in small sizes and with its steps told to the watched disk.

``python -m soak.launcher serve …``. Journal files are switched, checkpoints taken and rows merged all the
time, so that a short run passes every step often. The program is else what it is: its steps are named here
and wrapped, and one that is no longer there fails the start.
"""

import ctypes
import inspect
import os
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

from calltally import meter
from calltally.cli.main import main
from calltally.clock import SystemClock
from calltally.ingest.identities.seen_ids import SeenIds
from soak.breakage import BREAKAGES, BROKEN

STEPS = {
    "store.apply": "calltally.store.duckdb.duckdb_store:DuckDBUsageStore.apply",
    "store.checkpoint": "calltally.store.duckdb.duckdb_store:DuckDBUsageStore.checkpoint",
    "store.merge": "calltally.store.duckdb.compaction:Compaction.step",
    "store.remove_texts": "calltally.store.duckdb.duckdb_store:DuckDBUsageStore.remove_texts",
    "runs.write": "calltally.ingest.identities.run_folder:RunFolder.write",
    "runs.join": "calltally.ingest.identities.run_folder:RunFolder.join",
    "journal.switch": "calltally.journal.journal:Journal._switch_to",
    "journal.drop": "calltally.journal.journal:Journal.drop_through",
    "names.record": "calltally.control.names:NameDirectory.record",
}
"""The steps of the program by the names that a `Place` has for them."""

SMALL: dict[str, dict[str, object]] = {
    "calltally.journal.journal:Journal.__init__": {"file_bytes": 100_000},
    "calltally.ingest.identities.seen_ids:SeenIds.__init__": {"smallest": 256, "largest": 256},
    "calltally.apply.applier:Applier.__init__": {
        "gather_seconds": 0.02,
        "checkpoint_calls": 3_000,
        "checkpoint_seconds": 0.5,
    },
    "calltally.apply.compactor:Compactor.__init__": {
        "look_seconds": 0.02,
        "rest_seconds": 0.05,
        "longest_rest_seconds": 0.2,
    },
    "calltally.store.duckdb.compaction:CompactionLimits.__init__": {
        "fresh_rows": 500,
        "merged_rows": 2_000,
        "runs_of_month": 2,
        "fresh_calls": 2_000,
        "packed_at_once": 1_000,
    },
}
"""What arguments are when nobody says otherwise, to be far less."""

_LESS_MEMORY = 50
"""How many times less memory for identities there is than the setting says: else runs, which are what has no
room in it, would be joined only after tens of thousands of calls."""

_LOOK_SECONDS = 0.02
"""How often ingest looks for tables to be written and runs to be joined, as small tables are soon full."""

CLOCK = "SOAK_CLOCK"
"""The environment variable with the file that says by how many seconds the clock is wrong."""

SIZES = "SOAK_SIZES"
"""The environment variable that is ``usual`` where nothing is to be small."""


def _function(name: str) -> tuple[Any, str]:
    """The class that has a method, and the method's name."""
    module, _, path = name.partition(":")
    owner, _, method = path.partition(".")
    return getattr(import_module(module), owner), method


def _tell(step: str, owner: Any, method: str) -> None:
    passes = ctypes.CDLL(None).watched_disk_passes
    done: Callable[..., object] = getattr(owner, method)

    @wraps(done)
    def told(*arguments: Any, **named: Any) -> object:
        passes(b"before", step.encode(), b"")
        answer = done(*arguments, **named)
        passes(b"after", step.encode(), b"")
        return answer

    setattr(owner, method, told)


def _make_small(owner: Any, method: str, sizes: dict[str, object]) -> None:
    function = getattr(owner, method)
    parameters = inspect.signature(function).parameters
    if missing := sizes.keys() - parameters:
        raise ValueError(f"{owner.__name__} has no {', '.join(missing)} any more")
    function.__kwdefaults__ = {
        name: sizes.get(name, parameter.default)
        for name, parameter in parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and parameter.default is not parameter.empty
    }
    function.__defaults__ = tuple(
        sizes.get(name, parameter.default)
        for name, parameter in parameters.items()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and parameter.default is not parameter.empty
    )


def _give_less_memory() -> None:
    """And has it looked after sooner."""
    if not hasattr(meter, "_LOOK_SECONDS"):
        raise ValueError("the meter has no _LOOK_SECONDS any more")
    setattr(meter, "_LOOK_SECONDS", _LOOK_SECONDS)  # noqa: B010 - mypy
    given = SeenIds.__init__

    @wraps(given)
    def less(seen_ids: SeenIds, memory: int, *arguments: Any, **named: Any) -> None:
        given(seen_ids, memory // _LESS_MEMORY, *arguments, **named)

    setattr(SeenIds, "__init__", less)  # noqa: B010 - mypy


def _set_the_clock_wrong(file: Path) -> None:
    right = SystemClock.now_ms
    setattr(SystemClock, "now_ms", lambda clock: right(clock) + 1000 * int(file.read_text()))  # noqa: B010 - mypy


def launch() -> None:
    """Runs the command line."""
    if broken := os.environ.get(BROKEN):
        BREAKAGES[broken]()
    for step, name in STEPS.items():
        _tell(step, *_function(name))
    if os.environ.get(SIZES) != "usual":
        for name, sizes in SMALL.items():
            _make_small(*_function(name), sizes)
        _give_less_memory()
    if file := os.environ.get(CLOCK):
        _set_the_clock_wrong(Path(file))
    main()


if __name__ == "__main__":
    launch()
