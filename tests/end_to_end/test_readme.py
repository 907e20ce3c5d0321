"""Every command in README.md runs as it is pasted from a clone."""

import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.running_demo import RunningDemo

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text("utf-8")
DOCUMENTED_ADDRESS = "127.0.0.1:8080"

BLOCKS = re.findall(r"(?m)^```(\w+)\n([\s\S]*?)^```$", TEXT)
INSTALL, MAKE, DEMO, SERVE, *SESSION = [text for language, text in BLOCKS if language == "sh"]
(DEMO_OUTPUT,) = [text for language, text in BLOCKS if language == "text"]
(VERDICTS,) = [text for language, text in BLOCKS if language == "json"]
(SDK_PROGRAM,) = [text for language, text in BLOCKS if language == "python"]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with the environment of a clone in which something was made."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


@pytest.fixture
def served(clone: Path) -> Iterator[str]:
    """The address of the server that the README starts, on a port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [*shlex.split(SERVE), "--port", address.rpartition(":")[2]]
    server = subprocess.Popen(command, cwd=clone)
    try:
        _wait_until_ready(address, server)
        yield address
    finally:
        server.kill()
        server.wait()


def _wait_until_ready(address: str, server: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 60
    while True:
        assert server.poll() is None, "the server ended"
        assert time.monotonic() < end, "the server was not ready within a minute"
        try:
            if httpx.get(f"http://{address}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)


def pasted(block: str, folder: Path) -> str:
    """What the commands of a block print; each of them must succeed."""
    script = f"set -euo pipefail\n{block}"
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_two_commands_of_a_clone_are_targets_of_the_makefile() -> None:
    lines = [shlex.split(line, comments=True) for line in MAKE.splitlines()]

    assert lines == [["make", "demo"], ["make", "test"]]
    for _, target in lines:
        subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, check=True)


def test_the_clone_is_a_package_that_pip_installs(tmp_path: Path) -> None:
    make_environment, install = INSTALL.splitlines()
    pip, *words = shlex.split(install)
    without_building = ["--dry-run", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]

    pasted(make_environment, tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pip", *words, *without_building],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (tmp_path / pip).exists()
    assert done.returncode == 0, done.stderr
    assert "Would install calltally-" in done.stdout


def test_the_question_to_the_demo_shows_the_client_that_ran_away(clone: Path) -> None:
    with RunningDemo(clone):
        rows = pasted(DEMO, clone).splitlines()

    documented = DEMO_OUTPUT.splitlines()
    assert rows[0].split() == documented[0].split()
    assert rows[1].split()[0] == documented[1].split()[0]
    assert len(rows) == 6


def test_a_session_as_it_is_pasted(clone: Path, served: str) -> None:
    (clone / "sdk.py").write_text(SDK_PROGRAM.replace(DOCUMENTED_ADDRESS, served), "utf-8")
    end_of_block = "\necho ---\n"
    session = end_of_block.join([*SESSION, ".venv/bin/python sdk.py"]).replace(DOCUMENTED_ADDRESS, served)

    printed = pasted(session, clone)

    login, sent, imported, usage, kept, sdk = (block.strip() for block in printed.split("---\n"))
    assert login == ""
    assert sent == VERDICTS.strip()
    assert "1 counted" in imported
    assert "shop,1" in usage.splitlines()
    assert "every number is right" in kept
    assert (clone / "october.csv").read_text("utf-8-sig").splitlines()[1].endswith(",1,1,0,0,0,0")
    assert sdk == "{'NumberOfCalls': 0}"  # the only call of this month was cancelled
