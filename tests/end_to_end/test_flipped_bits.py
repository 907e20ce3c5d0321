"""No bit that flips on the disk drops an acknowledged call, or undoes a revocation, without a word."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from calltally.data_directory import DataDirectory
from calltally.errors import DamagedDataError
from calltally.journal.durable_mark import FILE_NAME as MARK
from calltally.journal.journal_files import files_of, frames_in
from calltally.settings import Settings
from calltally.usage_query import UsageQuery
from calltally.window import Window
from calltally.wiring import Installation
from tests.end_to_end.command_line import calltally, cli_json
from tests.end_to_end.server_process import ServerProcess, post
from tests.support.seeds import luck

ALL_TIME = Window(datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


@dataclass
class Left:
    """What a server left behind, and how many calls it acknowledged."""

    directory: Path
    acknowledged: int
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def journal(self) -> Path:
        _, path = files_of(self.directory / "journal")[-1]
        return path

    def flipped(self, file: Path, place: int, bit: int = 0) -> Path:
        """A copy of the directory in which one bit is another."""
        copy = self.directory.with_name(f"flipped-{next(self._numbers)}")
        shutil.copytree(self.directory, copy, ignore=shutil.ignore_patterns("owner.sock"))
        flipped = copy / file.relative_to(self.directory)
        content = bytearray(flipped.read_bytes())
        content[place] ^= 1 << bit
        flipped.write_bytes(content)
        return copy

    def frames(self) -> list[tuple[int, int, int, int]]:
        """Each frame of the last file: where its header, its payload, its end marker and the next begin."""
        first, path = files_of(self.directory / "journal")[-1]
        places, start = [], 0
        for header, _ in frames_in(path, first):
            places.append((start, header.payload_start, header.payload_end, header.end))
            start = header.end
        return places


def left_by(server: ServerProcess, *, killed: bool) -> Left:
    """Group commits of one call each and of many, by a server that then ends; none of them is in the store
    if it is killed."""
    token, now = server.token(), datetime.now(UTC).isoformat()
    sent = 0
    if killed:
        server.kill()
        server.start()
    with server.visitor(token) as visitor:
        for size in (1, 40, 1, 3, 1):
            calls = [{"id": f"c-{sent + number}", "time": now} for number in range(size)]
            assert post(visitor, calls)["accepted"] == size
            sent += size
    if killed:
        server.kill()
    else:
        assert server.stop() == 0
    return Left(server.directory, sent)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path / "data") as running:
        yield running


def counted(directory: Path) -> int:
    """How many calls a start on a directory counts."""

    async def ask() -> int:
        with DataDirectory(directory) as held:
            installation = Installation(held, Settings(minimum_free_disk=0))
            try:
                meter = await installation.open_meter()
                answer = await meter.engine.usage(UsageQuery(organization="acme", window=ALL_TIME))
                found = [one async for step in meter.maintenance.verify() for one in step.differences]
                assert found == []
                return int(str(answer.value.rows[0][0]))
            finally:
                await installation.close()

    return asyncio.run(ask())


def in_every_part(left: Left) -> Iterator[tuple[int, bool]]:
    """Some bytes of the header, the payload and the end marker of each frame; without the last one the calls
    can be read all the same."""
    chance = luck("places of flips")
    for start, payload, marker, end in left.frames():
        for part in (range(start, payload), range(payload, marker), range(marker, end)):
            for place in chance.sample(part, 2):
                yield place, place < marker


def test_after_a_kill_no_flipped_bit_drops_an_acknowledged_call_silently(server: ServerProcess) -> None:
    left = left_by(server, killed=True)
    for place, needed in in_every_part(left):
        directory = left.flipped(left.journal, place, place % 8)
        if not needed:
            assert counted(directory) == left.acknowledged, place
            continue
        with pytest.raises(DamagedDataError, match=f"{left.journal.name} is broken at byte"):
            counted(directory)


def test_after_a_kill_no_flipped_bit_of_the_mark_drops_a_call(server: ServerProcess) -> None:
    left = left_by(server, killed=True)
    for place in (0, 9, 17, 4096, 4106, 4115):
        assert counted(left.flipped(left.directory / "journal" / MARK, place)) == left.acknowledged


def test_what_a_kill_left_without_its_end_is_not_taken_for_torn(server: ServerProcess) -> None:
    left = left_by(server, killed=True)
    *_, (start, payload, *_) = left.frames()
    for size in (start, start + 1, payload + 1):
        directory = left.flipped(left.journal, 0)
        (directory / left.journal.relative_to(left.directory)).write_bytes(left.journal.read_bytes()[:size])
        with pytest.raises(DamagedDataError, match="within calls that were acknowledged"):
            counted(directory)


def test_after_a_stop_every_flipped_bit_of_the_journal_starts(server: ServerProcess) -> None:
    left = left_by(server, killed=False)
    for place, _ in list(in_every_part(left))[::4]:
        assert counted(left.flipped(left.journal, place, place % 8)) == left.acknowledged


def test_what_a_start_passed_over_is_told_ever_after(server: ServerProcess, tmp_path: Path) -> None:
    left = left_by(server, killed=False)
    directory = left.flipped(left.journal, left.frames()[1][1] + 5)

    text = calltally("verify", "--data", directory)
    found = cli_json("verify", "--data", directory, "--json")

    assert text.returncode == 0
    assert "starts recovered the journal 1 time:" in text.stdout
    assert f"of {left.journal.name}, positions 2 to 2: damaged, and not needed" in text.stdout
    assert (found["equal"], found["calls"]) == (True, left.acknowledged)
    (told,) = found["recoveries"]["latest"]
    assert (told["kind"], told["first_position"], told["last_position"]) == ("passed_over", 2, 2)
    assert calltally("backup", "--data", directory, tmp_path / "backup").returncode == 0
    assert calltally("restore", tmp_path / "backup", "--data", tmp_path / "restored").returncode == 0
    again = cli_json("verify", "--data", tmp_path / "restored", "--json")
    assert again["recoveries"] == found["recoveries"]


def test_a_torn_write_is_told_and_makes_no_difference(server: ServerProcess) -> None:
    left = left_by(server, killed=True)
    with left.journal.open("ab") as file:
        file.write(left.journal.read_bytes()[:100])

    with ServerProcess(left.directory) as again:
        (warning,) = [one for one in again.events() if "journal" in one["event"]]
        found = cli_json("verify", "--data", left.directory, "--json")

    assert (warning["level"], warning["did"], warning["bytes"]) == ("warning", "cut_off", 100)
    assert (found["equal"], found["calls"]) == (True, left.acknowledged)
    assert [one["kind"] for one in found["recoveries"]["latest"]] == ["cut_off"]


def test_a_revocation_outlives_damage_to_the_control_database(server: ServerProcess) -> None:
    credentials = server.new_client()
    revoked = calltally("client", "revoke", "--data", server.directory, credentials.client_id)
    assert revoked.returncode == 0, revoked.stderr
    server.kill()
    left = Left(server.directory, 0)
    file = server.directory / "control.sqlite"
    assert not file.with_name("control.sqlite-wal").read_bytes()

    row = file.read_bytes().index(b"$argon2id$")
    damaged = left.flipped(file, row + 30)
    refused = calltally("serve", "--data", damaged, "--port", "0")

    assert refused.returncode == 1
    assert f"{damaged}/control.sqlite is damaged: table clients: the row" in refused.stderr
    assert "restore a backup" in refused.stderr
    assert "Traceback" not in refused.stderr
    file.with_name("control.sqlite-wal").unlink()
    server.start()
    with server.visitor() as visitor:
        form = {"grant_type": "client_credentials", **credentials.as_form()}
        assert visitor.post("/oauth/token", data=form).status_code in (400, 401)


def test_verify_names_what_was_damaged_in_the_control_database(server: ServerProcess) -> None:
    credentials = server.new_client()
    with closing(sqlite3.connect(server.directory / "control.sqlite")) as connection, connection:
        connection.execute("UPDATE clients SET created_ms = created_ms + 1")

    done = calltally("verify", "--data", server.directory, "--json")

    assert done.returncode == 3
    (difference,) = json.loads(done.stdout)["differences"]
    assert difference["what"] == "the control data"
    assert difference["key"] == f"table clients: the row {credentials.client_id!r} is not as it was written"
