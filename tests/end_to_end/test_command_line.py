"""The commands work the same whether or not a server holds the data directory."""

import csv
import io
import json
import socket
import stat
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.command_line import calltally, cli_json
from tests.end_to_end.server_process import Credentials, ServerProcess, ndjson, post

CALLS = [
    {"id": "1", "time": "2024-02-28T23:59:59.999Z", "client_id": "a", "status": 200},
    {"id": "2", "time": "2024-02-29T00:00:00Z", "client_id": "a", "status": 429},
    {"id": "3", "time": "2024-02-29T12:00:00Z", "client_id": "=b", "status": 500},
    {"id": "4", "time": "2024-02-29T12:00:00Z", "client_id": "=b", "status": 204},
]
QUESTION = (
    *("--organization", "acme", "--from", "2024-02-01", "--to", "2024-03-01"),
    *("--granularity", "day", "--group-by", "client_id", "--metrics", "calls,status_400"),
)
ROWS = [
    {"start": "2024-02-28T00:00:00Z", "client_id": "a", "calls": 1, "status_400": 0},
    {"start": "2024-02-29T00:00:00Z", "client_id": "=b", "calls": 2, "status_400": 0},
    {"start": "2024-02-29T00:00:00Z", "client_id": "a", "calls": 1, "status_400": 1},
]


@pytest.fixture(params=["no server", "a running server"])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A data directory, held by a server or by nobody."""
    directory = tmp_path / "data"
    with nullcontext() if request.param == "no server" else ServerProcess(directory):
        yield directory


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path / "data") as running:
        yield running


def create(data: Path, name: str = "crawler", *words: str) -> Any:
    return cli_json(
        "client", "create", "--data", data, "--organization", "acme", "--name", name, "--json", *words
    )


def test_a_client_is_made_listed_given_a_new_secret_and_revoked(data: Path) -> None:
    made = create(data)
    narrow = create(data, "reader", "--permission", "usage:read")
    rotated = cli_json("client", "rotate", "--data", data, made["client_id"], "--json")
    revoked = calltally("client", "revoke", "--data", data, narrow["client_id"])
    listed = cli_json("client", "list", "--data", data, "--json")

    assert list(made) == ["client_id", "client_secret", "organization", "name", "permissions"]
    assert made["permissions"] == ["calls:backfill", "calls:send", "usage:read"]
    assert (made["organization"], made["name"]) == ("acme", "crawler")
    assert rotated["client_id"] == made["client_id"]
    assert rotated["client_secret"] != made["client_secret"]
    assert (revoked.returncode, revoked.stdout) == (0, f"revoked {narrow['client_id']}\n")
    assert {row["name"]: row["revoked"] is None for row in listed} == {"crawler": True, "reader": False}
    assert {row["name"]: row["permissions"] for row in listed}["reader"] == ["usage:read"]
    assert not any("secret" in key for row in listed for key in row)


def test_calls_are_imported_and_counted(data: Path, tmp_path: Path) -> None:
    log = tmp_path / "calls.ndjson"
    log.write_bytes(ndjson(CALLS) + b"\n")

    (report,) = cli_json("import", "--data", data, "--organization", "acme", "--json", log)
    answer = cli_json("usage", "--data", data, *QUESTION, "--json")
    as_csv = calltally("usage", "--data", data, *QUESTION, "--csv").stdout
    for_people = calltally("usage", "--data", data, *QUESTION)

    assert (report["lines"], report["accepted"], report["problems"]) == (4, 4, [])
    assert (answer["rows"], answer["next"]) == (ROWS, None)
    assert answer["complete_up_to"] <= datetime.now(UTC).isoformat()
    assert list(csv.DictReader(io.StringIO(as_csv))) == [
        {name: str(value).replace("=b", "'=b") for name, value in row.items()} for row in ROWS
    ]
    assert for_people.stdout.split() == [*ROWS[0], *(str(value) for row in ROWS for value in row.values())]
    assert for_people.stderr.startswith("complete up to ")


def test_questions_and_clients_that_cannot_be_are_refused_in_one_line(data: Path) -> None:
    usage = ("usage", "--data", data, "--organization", "acme")
    refusals = {
        ("client", "revoke", "--data", data, "nobody"): "there is no client 'nobody'",
        (*usage, "--from", "yesterday"): "yesterday",
        (*usage, "--where", "colour=red", "--time-zone", "Mars/Olympus"): "colour",
    }
    answers = {words: calltally(*words) for words in refusals}

    assert {words: answer.returncode for words, answer in answers.items()} == dict.fromkeys(refusals, 1)
    assert all(answer.stdout == "" for answer in answers.values())
    assert all(answer.stderr.startswith("calltally: ") for answer in answers.values())
    assert [words for words, text in refusals.items() if text not in answers[words].stderr] == []
    assert all(answer.stderr.count("\n") == 1 for answer in answers.values())


def test_words_that_are_no_command_end_with_2() -> None:
    unknown = calltally("unknown")
    incomplete = calltally("usage")
    absent = calltally("import", "--organization", "acme", "/nowhere/at/all.log")

    assert [done.returncode for done in (unknown, incomplete, absent)] == [2, 2, 2]
    assert "No such command 'unknown'" in unknown.stderr
    assert "Missing option '--organization'" in incomplete.stderr
    assert "does not exist" in absent.stderr


def test_a_revoked_client_and_its_old_secret_are_shut_out_of_a_running_server(server: ServerProcess) -> None:
    credentials = server.new_client()
    token = server.token(credentials)
    rotated = cli_json("client", "rotate", "--data", server.directory, credentials.client_id, "--json")

    old_form = {"grant_type": "client_credentials", **credentials.as_form()}
    old = httpx.post(f"{server.address}/oauth/token", data=old_form)
    new_token = server.token(Credentials(rotated["client_id"], rotated["client_secret"]))
    calltally("client", "revoke", "--data", server.directory, credentials.client_id)
    statuses = []
    for each in (token, new_token):
        with server.visitor(each) as visitor:
            statuses.append(visitor.get("/v1/usage").status_code)

    assert (old.status_code, old.json()["error"]) == (401, "invalid_client")
    assert statuses == [401, 401]


def test_a_second_server_on_the_same_directory_refuses(server: ServerProcess) -> None:
    second = calltally("serve", "--data", server.directory, "--port", "0")

    assert second.returncode == 1
    assert second.stderr == f"calltally: {server.directory} is held by another process\n"
    with server.visitor() as visitor:
        assert visitor.get("/readyz").status_code == 200


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = calltally("serve", "--data", tmp_path / "data", "--port", port)

    assert refused.returncode == 1
    assert refused.stderr == f"calltally: cannot listen on 127.0.0.1:{port}: Address already in use\n"


def test_wrong_settings_are_all_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "calltally.toml").write_text("late_days = -1\n")

    refused = calltally(
        "serve", "--data", tmp_path, "--port", "99999", "--set", "max_call=7", "--set", "colour=red"
    )

    assert refused.returncode == 1
    for text in ("late_days", "-1", "port", "99999", "max_call", "'7'", "colour", "'red'"):
        assert text in refused.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["calltally.toml"]


def test_a_path_longer_than_a_sockets_address_can_be_is_no_obstacle(tmp_path: Path) -> None:
    directory = tmp_path / ("long" * 30) / ("longer" * 20)
    with ServerProcess(directory) as server:
        token = server.token()
        with server.visitor(token) as visitor:
            post(visitor, CALLS, backfill=True)
        rows = cli_json("usage", "--data", directory, *QUESTION, "--json")["rows"]

    assert len(str(directory)) > 107
    assert rows == ROWS
    assert cli_json("usage", "--data", directory, *QUESTION, "--json")["rows"] == ROWS


def test_nobody_but_the_owner_can_read_the_directory(server: ServerProcess) -> None:
    server.token()

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in server.directory.rglob("*")}

    assert stat.S_IMODE(server.directory.stat().st_mode) == 0o700
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}


def test_what_the_owner_may_do_is_not_served_on_the_port(server: ServerProcess) -> None:
    with server.visitor(server.token()) as visitor:
        assert visitor.get("/owner").status_code == 404
        assert visitor.post("/owner/clients", json={"organization": "x", "name": "x"}).status_code == 404
        owner = {"Authorization": "Organization acme"}
        assert visitor.get("/v1/usage", headers=owner).status_code == 401


def test_logs_are_json_lines_that_tell_a_servers_life(server: ServerProcess) -> None:
    assert server.stop() == 0

    events = server.events()

    assert [event["event"] for event in events] == ["opening", "serving", "stopping", "stopped"]
    assert all(json.dumps(event) and event["level"] == "info" for event in events)
