"""What Calltally makes is its owner's only, and a directory that is open to others is warned about."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.end_to_end.command_line import calltally
from tests.end_to_end.server_process import ServerProcess, ndjson, post

CALL = {"id": "1", "time": "2024-02-28T12:00:00Z", "client_id": "a", "user_id": "ann"}
OPEN = "others may read or change the data directory"


@contextmanager
def everything_allowed() -> Iterator[None]:
    """A umask that takes nothing away from what a program asks for."""
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def open_to_others(folder: Path) -> dict[str, str]:
    """All but the log, which is the test's."""
    paths = {folder, *folder.rglob("*")} - {folder / "data.log"}
    return {str(path): oct(mode) for path in paths if (mode := stat.S_IMODE(path.lstat().st_mode)) & 0o077}


def test_whatever_is_made_is_its_owners_only(tmp_path: Path) -> None:
    folder = tmp_path / "all"
    folder.mkdir(mode=0o700)
    data = folder / "data"
    (folder / "calls.ndjson").write_bytes(ndjson([CALL]) + b"\n")
    (folder / "calls.ndjson").chmod(0o600)
    of = ("--data", data, "--organization", "acme")
    export = ("export", *of, "--from", "2024-02-01", "--to", "2024-03-01")
    with everything_allowed():
        done = [
            calltally("import", *of, folder / "calls.ndjson"),
            calltally("backup", "--data", data, folder / "backup"),
            calltally("restore", folder / "backup", "--data", folder / "restored"),
            calltally(*export, folder / "calls.csv"),
            calltally(*export, folder / "calls.parquet"),
        ]
        with ServerProcess(data) as server:
            with server.visitor(server.token()) as visitor:
                post(visitor, [{**CALL, "id": "2"}], backfill=True)
            done += [
                calltally(*export, folder / "calls-2.csv"),
                calltally("backup", "--data", data, folder / "backup-2"),
                calltally("erase", *of, "--why", "asked", "--yes", "user", "ann"),
                calltally("prune", "--data", data, "--calls-before", "2024-02-29", "--yes"),
            ]
            assert open_to_others(folder) == {}

    assert [(each.returncode, each.stderr) for each in done if each.returncode] == []
    assert open_to_others(folder) == {}


def test_a_server_and_commands_warn_of_a_directory_that_is_open_to_others(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o755)
    alone = calltally("usage", "--data", data, "--organization", "acme", "--json")
    with ServerProcess(data) as server:
        beside = calltally("client", "list", "--data", data, "--json")
        data.chmod(0o700)
        closed = calltally("client", "list", "--data", data)
        server.stop()
        events = server.events()

    assert [OPEN in done.stderr for done in (alone, beside, closed)] == [True, True, False]
    assert [done.stderr.count("\n") for done in (alone, beside)] == [1, 1]
    assert f"chmod -R go= {data}" in beside.stderr
    assert [event["mend"] for event in events if event["event"] == OPEN] == [f"chmod -R go= {data}"]


@pytest.mark.parametrize("name", ["control.sqlite", "journal", "owner.sock", "seen"])
@pytest.mark.parametrize("command", ["usage", "import"])
def test_a_file_where_a_folder_belongs_and_the_other_way_round_is_one_sentence(
    tmp_path: Path, name: str, command: str
) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / name).mkdir() if "." in name else (data / name).touch()
    log = tmp_path / "calls.ndjson"
    log.write_bytes(ndjson([CALL]) + b"\n")

    words = ("usage",) if command == "usage" else ("import", log)
    done = calltally(*words, "--data", data, "--organization", "acme")

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    (complaint,) = [line for line in done.stderr.splitlines() if line.startswith("calltally: ")]
    assert str(data / name) in complaint


def test_settings_that_cannot_be_read_are_one_sentence(tmp_path: Path) -> None:
    for content in (b"\xff", b"port = ", b"a=" + b"[" * 5000, b"port = " + b"1" * 5000, b"[port]\na = 1"):
        (tmp_path / "calltally.toml").write_bytes(content)
        done = calltally("usage", "--data", tmp_path, "--organization", "acme")
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), content[:20]
        assert "calltally.toml" in done.stderr


def test_a_backup_with_a_damaged_manifest_is_refused_in_one_sentence(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup"
    calltally("client", "create", "--data", data, "--organization", "acme", "--name", "x")
    calltally("backup", "--data", data, backup)
    for content in (b"", b"{", b"\xff", b'{"x":' * 100_000, b'{"format": 1, "version": "\xff"}', b"[1, 2]"):
        (backup / "manifest.json").write_bytes(content)
        done = calltally("restore", backup, "--data", tmp_path / "restored")
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), content[:20]
        assert done.stderr.startswith(f"calltally: {backup} is not a complete backup: manifest.json")
