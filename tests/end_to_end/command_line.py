"""The ``calltally`` command, as a shell runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PROGRAM = Path(sys.executable).with_name("calltally")


def calltally(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs the command line to its end, whatever that is."""
    command = [str(word) for word in (PROGRAM, *arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=300, env=environment()
    )


def cli_json(*arguments: object) -> Any:
    """What a command that must succeed prints as JSON."""
    done = calltally(*arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def environment() -> dict[str, str]:
    """The environment without settings that someone may have left in it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CALLTALLY_")}
