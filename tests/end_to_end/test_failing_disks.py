"""On a disk that fails nothing is acknowledged that is not kept, and what is wrong is said in one line."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.command_line import environment
from tests.end_to_end.server_process import ServerProcess, post, total

NOBODY = 65_534


class FailingServer(ServerProcess):
    """A server whose disk fails once it is told to."""

    def __init__(self, directory: Path, told: Path) -> None:
        super().__init__(directory)
        self.told = told

    def program(self) -> list[str]:
        return [sys.executable, "-m", "tests.end_to_end.failing_disk", str(self.told)]


@pytest.mark.parametrize("error", ["EIO", "EROFS", "ENOSPC"])
def test_a_disk_that_fails_ends_the_server_which_acknowledges_nothing_more(
    tmp_path: Path, error: str
) -> None:
    call = {"time": "2026-03-01T12:00:00Z"}
    with FailingServer(tmp_path / "data", tmp_path / "told") as server:
        credentials = server.new_client()
        with server.visitor(server.token(credentials)) as visitor:
            assert post(visitor, [{"id": "1", **call}], backfill=True)["accepted"] == 1
            server.told.write_text(error)
            with pytest.raises((httpx.TransportError, AssertionError)):
                post(visitor, [{"id": "2", **call}], backfill=True)
        assert server.wait() == os.EX_SOFTWARE
        (ending,) = (one for one in server.events() if one["level"] == "critical")
        assert "the journal cannot be written" in ending["reason"]

        server.told.unlink()
        server.start()
        with server.visitor(server.token(credentials)) as visitor:
            again = post(visitor, [{"id": "1", **call}, {"id": "2", **call}], backfill=True)
            assert again["accepted"] + again["duplicate"] == 2
            assert again["duplicate"] >= 1
            assert total(visitor) == 2


def test_a_directory_that_cannot_be_written_is_named_in_one_line() -> None:
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        directory.chmod(0o555)
        done = started_without_rights(directory)

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line == f"calltally: the data directory {directory} cannot be used: Permission denied"


def started_without_rights(directory: Path) -> subprocess.CompletedProcess[str]:
    """Runs a server on a directory as somebody who may read it and not write there."""
    code = (
        "import os, sys, calltally.cli.serve_command  # while its modules may be read\n"
        "from calltally.cli.main import main; sys.argv[0] = 'calltally'\n"
        f"if os.getuid() == 0: os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        "main()"
    )
    words = ["serve", "--data", str(directory), "--port", "0"]
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=environment(),
    )
