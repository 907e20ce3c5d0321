"""A directory that an earlier version made warns at each start, and can be left as the page says."""

import os
import re
import subprocess
import textwrap
from pathlib import Path

from tests.end_to_end.command_line import PROGRAM, cli_json, environment
from tests.end_to_end.server_process import ServerProcess
from tests.upgrades.test_upgrades import unpacked

PAGE = Path(__file__).parents[2] / "docs" / "operating.md"
WARNING = "a sender who knows one identity"


def test_a_start_warns_of_a_directory_whose_identities_can_be_made_by_senders(tmp_path: Path) -> None:
    for directory, warnings in ((unpacked(tmp_path / "old"), 1), (tmp_path / "new", 0)):
        with ServerProcess(directory) as server:
            for _ in range(2):
                told = [event for event in server.events() if event["event"].startswith(WARNING)]
                assert len(told) == warnings
                assert all(event["level"] == "warning" for event in told)
                server.restart()


def test_calls_are_carried_over_into_a_new_directory_by_the_words_of_the_page(tmp_path: Path) -> None:
    old = unpacked(tmp_path / "old")
    (words,) = re.findall(
        r"^   ```sh\n(   calltally export.*?)^   ```$", PAGE.read_text(), re.DOTALL | re.MULTILINE
    )
    path = f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}"

    subprocess.run(
        ["bash", "-e", "-c", textwrap.dedent(words)],
        cwd=tmp_path,
        env=environment() | {"PATH": path},
        check=True,
        timeout=300,
    )

    question = ("--organization", "acme", "--from", "2026-01-01", "--to", "2027-01-01", "--json")
    for group in ("client_id", "user_id", "account_id", "route", "method", "status"):
        before, after = (
            cli_json("usage", "--data", data, *question, "--group-by", group)["rows"]
            for data in (old, tmp_path / "new")
        )
        assert before == after
        assert sum(row["calls"] for row in after) == 300
