"""A data directory that others may read or change is warned about."""

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from calltally.data_directory import DataDirectory


def warnings_at(directory: Path) -> list[dict[str, object]]:
    with capture_logs() as logs, DataDirectory(directory):
        return [dict(entry) for entry in logs if entry["log_level"] == "warning"]


@pytest.mark.parametrize("mode", [0o701, 0o710, 0o704, 0o702, 0o740, 0o755, 0o770, 0o777])
def test_a_directory_that_is_open_to_others_is_warned_about_with_how_to_close_it(
    tmp_path: Path, mode: int
) -> None:
    directory = tmp_path / "a data directory"
    directory.mkdir()
    directory.chmod(mode)

    (warning,) = warnings_at(directory)

    assert warning["mode"] == f"{mode:04o}"
    assert warning["mend"] == f"chmod -R go= '{directory}'"


def test_a_directory_of_its_owner_only_is_not_warned_about(tmp_path: Path) -> None:
    assert warnings_at(tmp_path / "new") == []
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert warnings_at(tmp_path / "new") == []


def test_a_directory_of_another_user_is_warned_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    owner = (tmp_path / "data").stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: 1234)

    (warning,) = warnings_at(tmp_path / "data")

    assert (warning["owner"], warning["user"]) == (owner, 1234)
    assert f"chown -R 1234 {tmp_path / 'data'}" in str(warning["mend"])
