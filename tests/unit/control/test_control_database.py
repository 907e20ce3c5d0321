import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from calltally.control import tables
from calltally.control.access_rows import insert_access
from calltally.control.control_database import FILE_NAME, ControlDatabase
from calltally.control.tables import metadata
from calltally.errors import CalltallyError, DamagedDataError


@pytest.fixture
def database(tmp_path: Path) -> Iterator[ControlDatabase]:
    opened = ControlDatabase.in_directory(tmp_path)
    yield opened
    opened.close()


def add_organization(database: ControlDatabase, name: str) -> None:
    with database.changing_access() as connection:
        insert_access(connection, tables.organizations, name=name, created_ms=0)


def organizations(database: ControlDatabase) -> list[str]:
    with database.reading() as connection:
        return list(connection.execute(text("SELECT name FROM organizations")).scalars())


def test_what_was_stored_is_there_when_the_database_is_opened_again(tmp_path: Path) -> None:
    database = ControlDatabase.in_directory(tmp_path)
    add_organization(database, "acme")
    database.close()

    again = ControlDatabase.in_directory(tmp_path)

    assert organizations(again) == ["acme"]
    again.close()


def test_the_migrations_make_the_tables_that_the_code_expects(database: ControlDatabase) -> None:
    with database.reading() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)

    assert differences == []


def test_only_the_owner_can_read_a_new_database(database: ControlDatabase, tmp_path: Path) -> None:
    add_organization(database, "acme")

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}

    names = (FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm", f"{FILE_NAME}.mark")
    assert modes == dict.fromkeys(names, 0o600)


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)]
)
def test_a_commit_is_on_disk_and_references_hold(
    database: ControlDatabase, pragma: str, value: object
) -> None:
    with database.reading() as connection:
        found = connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()

    assert found == value


def test_a_database_that_a_newer_version_changed_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    database = ControlDatabase.in_directory(tmp_path)
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9876'")
    database.close()
    before = (tmp_path / FILE_NAME).read_bytes()

    with pytest.raises(CalltallyError, match=r"newer version of Calltally .*9876.*knows up to \d{4}"):
        ControlDatabase.in_directory(tmp_path)

    assert (tmp_path / FILE_NAME).read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"minutes of the meeting\n" * 500)

    with pytest.raises(DamagedDataError, match=f"{FILE_NAME} is no database"):
        ControlDatabase.in_directory(tmp_path)

    assert (tmp_path / FILE_NAME).read_bytes() == b"minutes of the meeting\n" * 500


def test_a_migration_that_fails_half_way_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alembic.op.create_index", None)
    with pytest.raises(TypeError):
        ControlDatabase.in_directory(tmp_path)
    monkeypatch.undo()

    database = ControlDatabase.in_directory(tmp_path)

    with database.reading() as connection:
        assert set(metadata.tables) <= set(inspect(connection).get_table_names())
    database.close()


def test_a_transaction_that_an_exception_leaves_keeps_nothing(database: ControlDatabase) -> None:
    def stumble() -> None:
        with database.changing_access() as connection:
            insert_access(connection, tables.organizations, name="acme", created_ms=0)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stumble()

    assert organizations(database) == []


def test_an_error_of_the_database_does_not_show_what_was_to_be_stored(database: ControlDatabase) -> None:
    add_organization(database, "a-name-to-hide")

    with pytest.raises(IntegrityError) as caught:
        add_organization(database, "a-name-to-hide")

    assert "a-name-to-hide" not in str(caught.value)


def test_opening_says_nothing_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    ControlDatabase.in_directory(tmp_path).close()

    assert caplog.records == []
