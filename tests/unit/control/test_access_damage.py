"""No bit that flips in the control database makes a credential good again without a word."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from calltally.clock import FixedClock
from calltally.control.access_mark import AccessMark
from calltally.control.access_rows import update_access
from calltally.control.api_tokens import ApiTokens
from calltally.control.clients import ClientRegistry
from calltally.control.control_database import FILE_NAME, ControlDatabase
from calltally.control.executions import Executions
from calltally.control.signing_keys import SigningKeys
from calltally.control.tables import api_tokens, clients
from calltally.errors import CalltallyError, DamagedDataError
from calltally.executions import ExecutionOutcome
from tests.support.metering import NOON
from tests.support.seeds import luck

CLOCK = FixedClock(NOON)
LOG = f"{FILE_NAME}-wal"
MARK = f"{FILE_NAME}.mark"


@dataclass
class Left:
    """What a killed process left of a control database in which a client and a token were revoked."""

    folder: Path
    client_id: str
    token: str
    key_id: str

    def copied(self, to: Path) -> Path:
        shutil.rmtree(to, ignore_errors=True)
        to.mkdir()
        for name in (FILE_NAME, LOG, MARK):
            shutil.copyfile(self.folder / name, to / name)
        return to

    def good_again(self, folder: Path) -> list[str]:
        """What of the revoked is good in a copy. Raises what opening it raises."""
        database = ControlDatabase.in_directory(folder)
        try:
            client = ClientRegistry(database, CLOCK).find(self.client_id)
            token = ApiTokens(database, CLOCK).find(self.token)
            keys = SigningKeys(database, CLOCK)
            good = {
                "client": client is not None and client.revoked_ms is None,
                "token": token is not None and token.revoked_ms is None,
                "key": keys.find(self.key_id) is not None,
            }
            return [what for what, is_good in good.items() if is_good]
        finally:
            database.close()


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Left]:
    folder = tmp_path / "data"
    folder.mkdir()
    database = ControlDatabase.in_directory(folder)
    registry, tokens = ClientRegistry(database, CLOCK), ApiTokens(database, CLOCK)
    others = [registry.create("acme", f"client {number}") for number in range(5)]
    client = registry.create("acme", "gone")
    token = tokens.create(others[0].client_id, "gone")
    keys = SigningKeys(database, CLOCK)
    key_id = keys.active().key_id
    executions = Executions(database, CLOCK)
    registry.revoke(client.client_id)
    tokens.revoke(token.token_id)
    keys.rotate(forget=True)
    for _ in range(3):
        executions.keep(executions.new("acme", "c", "k", "t", "q" * 200), ExecutionOutcome([b"p" * 500], 1))
    monkeypatch.setattr(os, "fsync", lambda _: None)
    yield Left(folder, client.client_id, token.token, key_id)
    database.close()


def changed(content: bytes, place: int, bit: int) -> bytes:
    data = bytearray(content)
    data[place] ^= 1 << bit
    return bytes(data)


@pytest.mark.parametrize("name", [FILE_NAME, LOG, MARK])
def test_no_flipped_bit_makes_what_was_revoked_good_again(left: Left, tmp_path: Path, name: str) -> None:
    content = (left.folder / name).read_bytes()
    chance = luck(name)
    places = [place for place, byte in enumerate(content) if byte]
    opened, refused = 0, []
    for place in chance.sample(places, min(120, len(places))):
        copy = left.copied(tmp_path / "copy")
        (copy / name).write_bytes(changed(content, place, chance.randrange(8)))
        try:
            assert left.good_again(copy) == [], place
            opened += 1
        except CalltallyError as error:
            refused.append(str(error))

    assert all("restore a backup" in one or "newer version" in one for one in refused)
    assert (opened > 0, len(refused) > 0) == (True, name == FILE_NAME)


def test_no_flipped_bit_of_a_row_of_access_data_is_opened(left: Left, tmp_path: Path) -> None:
    content = (left.folder / FILE_NAME).read_bytes()
    start = content.index(left.client_id.encode(), content.index(b"$argon2id$") - 4096)
    for place in range(start, start + 120):
        copy = left.copied(tmp_path / "copy")
        (copy / FILE_NAME).write_bytes(changed(content, place, place % 8))

        with pytest.raises(DamagedDataError):
            left.good_again(copy)


def test_a_change_of_access_is_in_the_file_once_it_was_made(left: Left, tmp_path: Path) -> None:
    copy = left.copied(tmp_path / "copy")
    (copy / LOG).unlink()

    assert left.good_again(copy) == []


def test_a_change_of_access_that_got_lost_is_missed(left: Left, tmp_path: Path) -> None:
    copy = left.copied(tmp_path / "copy")
    with closing(sqlite3.connect(copy / FILE_NAME)) as connection, connection:
        connection.execute("UPDATE access_changes SET changes = changes - 1")

    with pytest.raises(DamagedDataError, match="access_changes: 1 of 11 changes of access are missing"):
        ControlDatabase.in_directory(copy)


def test_a_change_that_was_not_marked_yet_is_kept(left: Left, tmp_path: Path) -> None:
    copy = left.copied(tmp_path / "copy")
    mark = AccessMark(copy / MARK)
    marked = mark.read()
    assert marked
    mark.write(marked - 1)

    assert left.good_again(copy) == []
    assert mark.read() == marked


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (
            "UPDATE clients SET revoked_ms = NULL WHERE client_id = :client",
            "table clients: the row '{client}'",
        ),
        ("UPDATE clients SET permissions = 'calls:any-organization'", "table clients: the row"),
        ("UPDATE clients SET secret_hash = 'x'", "table clients: the row"),
        ("UPDATE api_tokens SET revoked_ms = NULL", "table api_tokens: the row"),
        ("DELETE FROM api_tokens", "table api_tokens: rows are missing"),
        ("UPDATE signing_keys SET retired_ms = 1", "table signing_keys: the row"),
        ("DELETE FROM signing_keys", "table signing_keys: rows are missing"),
        ("UPDATE organizations SET name = 'acmf'", "table organizations: the row 'acmf'"),
        ("DELETE FROM access_state", "table organizations: rows are missing"),
        ("UPDATE access_state SET row_count = row_count + 1", "table organizations: rows are missing"),
        ("UPDATE access_state SET checksum_sum = ''", "table organizations: rows are missing"),
    ],
)
def test_what_is_not_as_it_was_written_is_named_by_a_start_and_by_verify(
    left: Left, tmp_path: Path, damage: str, told: str
) -> None:
    copy = left.copied(tmp_path / "copy")
    running = ControlDatabase.in_directory(copy)
    assert running.damage() == []
    with closing(sqlite3.connect(copy / FILE_NAME)) as connection, connection:
        connection.execute(damage, {"client": left.client_id} if ":client" in damage else {})
    told = told.format(client=left.client_id)

    assert any(told in found for found in running.damage())
    running.close()
    with pytest.raises(DamagedDataError, match=f"the control database .*{FILE_NAME} is damaged: {told}"):
        ControlDatabase.in_directory(copy)


def test_a_row_that_came_back_is_noticed(left: Left, tmp_path: Path) -> None:
    copy = left.copied(tmp_path / "copy")
    with closing(sqlite3.connect(copy / FILE_NAME)) as connection, connection:
        (row,) = connection.execute("SELECT * FROM signing_keys").fetchall()
    again = ControlDatabase.in_directory(copy)
    SigningKeys(again, CLOCK).rotate(forget=True)
    again.close()
    with closing(sqlite3.connect(copy / FILE_NAME)) as connection, connection:
        connection.execute("INSERT INTO signing_keys VALUES (?, ?, ?, ?, ?)", row)

    with pytest.raises(DamagedDataError, match="table signing_keys: rows are missing, or there are some"):
        ControlDatabase.in_directory(copy)


def test_a_row_that_was_damaged_while_a_server_runs_is_not_believed(left: Left, tmp_path: Path) -> None:
    copy = left.copied(tmp_path / "copy")
    database = ControlDatabase.in_directory(copy)
    with database.writing() as connection:
        connection.execute(text("UPDATE clients SET revoked_ms = NULL"))
        connection.execute(text("UPDATE api_tokens SET revoked_ms = NULL"))

    for look in (
        lambda: ClientRegistry(database, CLOCK).find(left.client_id),
        lambda: ClientRegistry(database, CLOCK).revoke(left.client_id),
        lambda: ApiTokens(database, CLOCK).find(left.token),
    ):
        with pytest.raises(DamagedDataError, match="restore a backup"):
            look()
    database.close()


def test_nothing_of_an_earlier_row_is_left_in_the_file(left: Left) -> None:
    content = (left.folder / FILE_NAME).read_bytes()

    assert content.count(left.key_id.encode()) == 0
    with closing(sqlite3.connect(left.folder / FILE_NAME)) as connection:
        (found,) = connection.execute("PRAGMA integrity_check").fetchone()
    assert found == "ok"


def test_a_mark_that_is_missing_or_cannot_be_read_is_made_anew(left: Left, tmp_path: Path) -> None:
    marked = AccessMark(left.folder / MARK).read()
    for content in (None, b"", b"{}", b"\xff" * 44):
        copy = left.copied(tmp_path / "copy")
        (copy / MARK).unlink()
        if content is not None:
            (copy / MARK).write_bytes(content)

        database = ControlDatabase.in_directory(copy)
        assert AccessMark(copy / MARK).read() == marked
        (copy / MARK).unlink()
        assert database.damage() == [f"{MARK} cannot be read; a start makes it anew"]
        database.close()


def test_an_older_database_gets_its_checksums(tmp_path: Path) -> None:
    """Revision 0002, as it was before there were any, with two clients of which one was revoked."""
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection, connection:
        connection.executescript(OLD_SCHEMA)
    database = ControlDatabase.in_directory(tmp_path)

    found = {client.client_id: client.revoked_ms for client in ClientRegistry(database, CLOCK).list()}
    assert found == {"one": None, "two": 7}
    assert database.damage() == []
    with database.changing_access() as changing:
        update_access(changing, clients, clients.c.client_id == "one", revoked_ms=8)
        update_access(changing, api_tokens, api_tokens.c.token_id == "t", expires_ms=9)
    assert database.damage() == []
    database.close()
    ControlDatabase.in_directory(tmp_path).close()


OLD_SCHEMA = """
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
INSERT INTO alembic_version VALUES ('0002');
CREATE TABLE organizations (name TEXT NOT NULL PRIMARY KEY, created_ms BIGINT NOT NULL);
INSERT INTO organizations VALUES ('acme', 1);
CREATE TABLE clients (
    client_id TEXT NOT NULL PRIMARY KEY,
    organization TEXT NOT NULL REFERENCES organizations (name),
    permissions TEXT NOT NULL, secret_hash TEXT NOT NULL, created_ms BIGINT NOT NULL, revoked_ms BIGINT
);
INSERT INTO clients VALUES ('one', 'acme', 'calls:send', 'h', 1, NULL), ('two', 'acme', 'x', 'h', 2, 7);
CREATE TABLE api_tokens (
    token_id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (client_id),
    name TEXT NOT NULL, token_hash TEXT NOT NULL, created_ms BIGINT NOT NULL, expires_ms BIGINT,
    revoked_ms BIGINT
);
INSERT INTO api_tokens VALUES ('t', 'one', 'n', 'hash', 3, NULL, NULL);
CREATE TABLE signing_keys (
    key_id TEXT NOT NULL PRIMARY KEY, private_pem TEXT NOT NULL, created_ms BIGINT NOT NULL, retired_ms BIGINT
);
CREATE TABLE names (
    organization TEXT NOT NULL, kind SMALLINT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,
    position BIGINT NOT NULL, set_by_api BOOLEAN NOT NULL, PRIMARY KEY (organization, kind, id)
) WITHOUT ROWID;
INSERT INTO names VALUES ('acme', 2, 'one', 'One', 0, 1), ('acme', 2, 'two', 'Two', 0, 1);
"""
