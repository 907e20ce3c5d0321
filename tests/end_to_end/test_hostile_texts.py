"""Whatever senders wrote and operators typed, printing it moves no cursor and makes no formula."""

import csv
import io
import json
import os
import pty
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.command_line import PROGRAM, calltally, cli_json, environment
from tests.end_to_end.server_process import ServerProcess, ndjson

EVIL = "=cmd|' /C calc'!A0\x1b[2J\x9b31m\u202e[red][/x]\x07"
LABEL = "=cmd|[/x] [red]\u202e\u2066\u200f"  # the most that a name of a client may have
FORGING = f"{EVIL}\nforged line\r"
STARTS = ("=", "+", "@", "\t", "\r")
DIMENSIONS = ("client_id", "user_id", "source_id", "account_id", "route", "method")
DAY = datetime.now(UTC).date().isoformat()
NOW = f"{DAY}T00:00:00Z"


def a_call(number: int, **fields: Any) -> dict[str, Any]:
    texts = dict.fromkeys(("origin", "client_id", "user_id", "source_id", "account_id", "method"), EVIL)
    names = dict.fromkeys(("client_name", "source_name", "account_name"), FORGING)
    return {
        "id": f"{number}{FORGING}",
        "time": NOW,
        "route": FORGING,
        "path": f"/{FORGING}",
        **texts,
        **names,
        **fields,
    }


def log_line(user: str) -> bytes:
    return (
        f'{EVIL[:4]} - {user} [{datetime.now(UTC):%d/%b/%Y}:00:00:61 +0000] "GET / HTTP/1.1" 200 1\n'.encode()
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory, held by a server, whose every text is evil."""
    folder = tmp_path_factory.mktemp("hostile")
    with ServerProcess(folder / "data") as server:
        calls = [
            a_call(1),
            a_call(2),
            a_call(1, status=404),
            a_call(3, status=99),
            {"id": EVIL, "time": FORGING},
        ]
        (folder / "calls.ndjson").write_bytes(ndjson(calls) + b"\n" + b'{"id": "\x1b[2J\n')
        calltally("import", "--data", server.directory, "--organization", LABEL, folder / "calls.ndjson")
        yield server.directory


def commands(data: Path) -> dict[str, tuple[object, ...]]:
    """Each command by what it shows; ``json`` is added to those that know it."""
    of = ("--data", data, "--organization", LABEL)
    for_what = (*of, "--why", FORGING)
    folder = data.parent
    log = folder / f"log{EVIL.replace('/', '')}"
    log.write_bytes(log_line(EVIL) * 3)
    amended = folder / "amended"
    amended.write_bytes(json.dumps(a_call(2, status=200)).encode())
    path = str(folder / EVIL.replace("/", ""))
    return {
        "usage": ("usage", *of, "--group-by", ",".join(DIMENSIONS)),
        "dormant accounts": ("usage", "dormant", *of, "--days", "1"),
        "dormant clients": ("usage", "dormant", *of, "--kind", "clients", "--days", "1"),
        "outcomes": ("outcomes", *of),
        "conflicts": ("outcomes", "conflicts", *of),
        "rejects": ("outcomes", "rejects", *of),
        "rejects by code": ("outcomes", "rejects", *of, "--code", EVIL),
        "a name": ("name", "set", *of, "client", EVIL, LABEL),
        "names": ("name", "list", *of, "client"),
        "names of sources": ("name", "list", *of, "source"),
        "a client": ("client", "create", *of, "--name", LABEL),
        "a client's bad name": ("client", "create", *of, "--name", FORGING),
        "clients": ("client", "list", "--data", data),
        "no client": ("client", "revoke", "--data", data, EVIL.replace("/", "")),
        "a token": ("token", "create", "--data", data, "--client", EVIL, "--name", LABEL),
        "tokens": ("token", "list", "--data", data),
        "keys": ("key", "list", "--data", data),
        "an import": ("import", *of, log),
        "an amendment": ("correct", "amend", *for_what, amended),
        "an unknown call": ("correct", "cancel", *for_what, EVIL),
        "corrections": ("correct", "list", *of),
        "a recount": ("verify", "--data", data),
        "an export": ("export", *of, "--from", DAY, "--to", "2999-01-01", "--force", f"{path}.csv"),
        "a bad export": ("export", *of, "--from", EVIL, "--to", FORGING, f"{path}-2.csv"),
        "a backup": ("backup", "--data", data, f"{path}-backup"),
        "a backup to where something is": ("backup", "--data", data, folder),
        "a condition": ("usage", *of, "--where", f"colour={EVIL}"),
        "a setting": ("usage", *of, "--set", f"{EVIL}={FORGING}"),
        "an erasure": ("erase", *for_what, "--yes", "user", EVIL),
    }


WITHOUT_JSON = {"a name", "no client"}


@pytest.mark.parametrize("form", ["people", "machines"])
def test_no_command_prints_what_a_terminal_would_act_upon(data: Path, form: str) -> None:
    printed: dict[str, str] = {}
    for what, words in commands(data).items():
        options = ["--json"] if form == "machines" and what not in WITHOUT_JSON else []
        done = calltally(*words, *options)
        printed[what] = done.stdout + done.stderr
        assert "Traceback" not in done.stderr, what
        assert done.returncode in (0, 1, 3), (what, done.stderr)

    assert {what: text for what, text in printed.items() if not text.replace("\n", "").isprintable()} == {}
    assert [what for what, text in printed.items() if "\nforged line" in text] == []


def test_what_a_command_prints_as_json_is_what_was_sent(data: Path) -> None:
    answer = cli_json(
        "usage", "--data", data, "--organization", LABEL, "--group-by", "client_id,route", "--json"
    )

    assert {(row["client_id"], row["route"]) for row in answer["rows"]} == {(EVIL, FORGING)}


def test_no_cell_of_csv_is_computed_by_a_spreadsheet(data: Path, tmp_path: Path) -> None:
    of = ("--data", data, "--organization", LABEL)
    files = []
    for what in ("calls", "counts", "sources"):
        files.append(tmp_path / f"{what}.csv")
        calltally("export", *of, "--from", DAY, "--to", "2999-01-01", "--what", what, files[-1])
    printed = calltally("usage", *of, "--group-by", ",".join(DIMENSIONS), "--csv").stdout

    texts = [file.read_bytes().decode() for file in files]
    rows = [row for text in [printed, *texts] for row in csv.reader(io.StringIO(text, newline=""))]
    cells = [cell for row in rows for cell in row]
    assert [cell for cell in cells if cell.startswith(STARTS)] == []
    assert f"'{EVIL}" in cells
    assert f"'{FORGING}" in cells


def test_csv_on_a_terminal_has_no_escape_sequences(data: Path) -> None:
    of = ("--data", data, "--organization", LABEL)
    words = [str(word) for word in (PROGRAM, "usage", *of, "--group-by", "client_id", "--csv")]
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        subprocess.run(
            [str(word) for word in words], stdout=theirs, check=True, env=environment(), timeout=300
        )
        os.close(theirs)
        shown = screen.read(65_536).decode()

    assert "cmd|' /C calc" in shown
    assert shown.replace("\r", "").replace("\n", "").isprintable()
