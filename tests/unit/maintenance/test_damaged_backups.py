"""A backup whose manifest is damaged is refused by name, and nothing is written."""

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from calltally.errors import DamagedDataError
from calltally.maintenance.manifest import FILE_NAME, FORMAT, Manifest, described
from calltally.maintenance.restoring import restore

Manifested = dict[str, Any]


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    folder = tmp_path / "backup"
    (folder / "journal").mkdir(parents=True)
    files = [folder / "calls.duckdb", folder / "control.sqlite", folder / "journal" / "1.frames"]
    for file in files:
        file.write_bytes(file.name.encode())
    Manifest(FORMAT, "1", "2026-03-15T12:00:00+00:00", 7, described(folder, files)).write(folder)
    return folder


def refused(backup: Path) -> str:
    """Why a backup is refused, once it is seen that nothing was written."""
    target = backup.with_name("restored")
    with pytest.raises(DamagedDataError) as caught:
        restore(backup, target)
    assert sorted(path.name for path in backup.parent.iterdir()) == ["backup"]
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 2000
    return str(caught.value)


def rewritten(backup: Path, change: Callable[[Manifested], object]) -> None:
    path = backup / FILE_NAME
    content = json.loads(path.read_bytes())
    change(content)
    path.write_text(json.dumps(content))


def put(field: str, value: object, content: Manifested) -> None:
    content[field] = value


def put_in_first_file(field: str, value: object, content: Manifested) -> None:
    put(field, value, content["files"][0])


def test_a_whole_backup_is_restored(backup: Path, tmp_path: Path) -> None:
    report = restore(backup, tmp_path / "restored")

    assert (report.files, report.position) == (3, 7)
    assert (tmp_path / "restored" / "journal" / "1.frames").read_bytes() == b"1.frames"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"7",
        b"\xff\xfe",
        b"\x00" * 1000,
        b"{" * 100_000,
        b"[" * 100_000,
        b'{"x":' + b"[" * 100_000,
        b'{"x":' * 100_000,
        b'{"format": 1, "version": "\xff"}',
        b'{"format": 1, "version": "\\ud800"}',
        b" " * 20_000_000 + b"{}",
    ],
    ids=lambda content: f"{content[:20]!a} {len(content)}",
)
def test_what_is_no_manifest_is_refused(backup: Path, content: bytes) -> None:
    (backup / FILE_NAME).write_bytes(content)

    assert FILE_NAME in refused(backup)


def test_a_manifest_that_ends_anywhere_too_early_is_refused(backup: Path) -> None:
    whole = (backup / FILE_NAME).read_bytes().rstrip()
    for length in range(len(whole)):
        (backup / FILE_NAME).write_bytes(whole[:length])
        assert FILE_NAME in refused(backup), length


WRONG: list[object] = [None, {}, [None], [{}], 1.5, -1, True, 10**30, 2**63]


@pytest.mark.parametrize("field", ["format", "version", "created", "position", "files"])
def test_a_wrong_or_missing_field_is_refused(backup: Path, field: str) -> None:
    for value in WRONG if field in ("version", "created") else [*WRONG, "1"]:
        rewritten(backup, partial(put, field, value))
        assert refused(backup)

    rewritten(backup, lambda content: content.pop(field))
    assert f"`{field}`" in refused(backup)


@pytest.mark.parametrize("field", ["path", "size", "sha256"])
def test_a_wrong_or_missing_field_of_a_file_is_refused(backup: Path, field: str) -> None:
    for value in WRONG:
        rewritten(backup, partial(put_in_first_file, field, value))
        assert refused(backup)

    rewritten(backup, lambda content: content["files"][0].pop(field))
    assert f"`{field}`" in refused(backup)


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "journal/../../passwd",
        "",
        ".",
        "..",
        "/",
        "a\0b",
        "x" * 5000,
        "a/" * 3000,
        "journal",
        "nowhere",
        "calls.duckdb/x",
        "\x1b[2J",
    ],
    ids=lambda path: ascii(path[:20]),
)
def test_a_path_that_is_no_file_of_the_backup_is_refused(backup: Path, path: str) -> None:
    rewritten(backup, lambda content: content["files"].append({**content["files"][0], "path": path}))

    assert refused(backup)


def test_a_file_that_is_something_else_is_not_read(backup: Path) -> None:
    (backup / "pipe").unlink(missing_ok=True)
    os.mkfifo(backup / "pipe")
    empty = {"size": 0, "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
    rewritten(backup, lambda content: content["files"].append({"path": "pipe", **empty}))

    assert "pipe differs from what was backed up" in refused(backup)


def test_a_manifest_that_names_no_calls_is_refused(backup: Path) -> None:
    rewritten(backup, lambda content: content.update(files=content["files"][1:]))

    assert "does not list calls.duckdb" in refused(backup)
