"""What stands for a killed process's directory in tests is a state that a kill can leave."""

import shutil
from pathlib import Path

import pytest

from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from tests.support.metering import copy_of_an_instant

RUNS = ("a.ids", "b.ids", "c.ids")


def test_a_copy_holds_no_file_as_it_was_before_another_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "data" / "seen"
    seen.mkdir(parents=True)
    _write(seen, "earlier")
    copied: list[str] = []
    copy = shutil.copyfile

    def copy_and_change(source: str, target: str, *, follow_symlinks: bool = True) -> str:
        done = copy(source, target, follow_symlinks=follow_symlinks)
        copied.append(Path(source).name)
        if len([name for name in copied if name in RUNS]) == 1:
            _write(seen, "as it was later")
            (seen / "joined.ids").touch()
        return done

    monkeypatch.setattr(shutil, "copyfile", copy_and_change)
    store = DuckDBUsageStore(tmp_path / "data" / "calls.duckdb")

    copy_of_an_instant(store, tmp_path / "data", tmp_path / "left")

    store.close()
    left = {path.name: path.read_text() for path in (tmp_path / "left" / "seen").iterdir()}
    assert left == dict.fromkeys(RUNS, "as it was later") | {"joined.ids": ""}


def test_a_copy_that_fails_for_another_reason_is_not_tried_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    store = DuckDBUsageStore(tmp_path / "data" / "calls.duckdb")

    def fail(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(shutil, "copyfile", fail)

    with pytest.raises(shutil.Error, match="no space left"):
        copy_of_an_instant(store, tmp_path / "data", tmp_path / "left")
    store.close()


def _write(folder: Path, text: str) -> None:
    for name in RUNS:
        (folder / name).write_text(text)
