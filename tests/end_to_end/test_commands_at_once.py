"""Commands that work on one directory at the same time share it, whichever came first."""

import subprocess
from pathlib import Path

from tests.end_to_end.command_line import PROGRAM, cli_json, environment

LINE = '10.0.0.{host} - - [01/Mar/2026:10:15:{second:02d} +0000] "GET /users/{user} HTTP/1.1" 200 12\n'


def a_log(path: Path, host: int, lines: int) -> Path:
    path.write_text(
        "".join(LINE.format(host=host, second=number % 60, user=number) for number in range(lines))
    )
    return path


def started(*words: object) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [PROGRAM, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )


def test_imports_at_once_without_a_server_count_every_line_of_each_log(tmp_path: Path) -> None:
    data = tmp_path / "data"
    logs = [
        a_log(tmp_path / f"{host}.log", host, lines) for host, lines in ((1, 200), (2, 30_000), (3, 5000))
    ]

    running = [started("import", "--data", data, "--organization", "acme", "--json", log) for log in logs]
    ended = [(process.communicate(timeout=120), process.returncode) for process in running]

    assert [(code, errors) for (_, errors), code in ended if code] == []
    (row,) = cli_json(*("usage", "--data", data, "--organization", "acme", "--from", "2026-03-01", "--json"))[
        "rows"
    ]
    assert row == {"calls": 35_200}


def test_a_question_waits_for_a_command_that_holds_the_directory_and_does_not_count(tmp_path: Path) -> None:
    data = tmp_path / "data"
    cli_json("client", "create", "--data", data, "--organization", "acme", "--name", "x", "--json")

    running = [
        started(*words)
        for words in (
            ("client", "list", "--data", data, "--json"),
            ("usage", "--data", data, "--organization", "acme", "--json"),
            ("client", "list", "--data", data, "--json"),
            ("usage", "dormant", "--data", data, "--organization", "acme", "--json"),
        )
    ]
    ended = [(process.communicate(timeout=120), process.returncode) for process in running]

    assert [(code, errors) for (_, errors), code in ended if code] == []
