"""A backup made while calls come in is whole, and a directory made of it goes on counting."""

import asyncio
import json
from pathlib import Path

import pytest

from calltally.call import Call
from calltally.clock import FixedClock
from calltally.data_directory import DataDirectory
from calltally.dictionary import Kind
from calltally.errors import CalltallyError, DamagedDataError, InvalidInputError
from calltally.ingest.call_slices import DecodedCalls
from calltally.ingest.receipt import Receipt
from calltally.ingest.sender import Sender
from calltally.maintenance.restoring import restore
from calltally.meter import Meter
from calltally.settings import Settings
from calltally.usage_query import UsageQuery
from calltally.wiring import Installation
from tests.support.metering import ALL_TIME, NOON, a_call


class Site:
    """An installation on a directory of its own."""

    def __init__(self, path: Path) -> None:
        self._directory = DataDirectory(path)
        self._installation: Installation

    async def __aenter__(self) -> "Site":
        self._directory.__enter__()
        self._installation = Installation(self._directory, Settings(), FixedClock(NOON))
        await self._installation.open_meter()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._installation.close()
        self._directory.__exit__(None, None, None)

    @property
    def meter(self) -> Meter:
        assert self._installation.meter is not None
        return self._installation.meter

    @property
    def installation(self) -> Installation:
        return self._installation

    async def send(self, *ids: str) -> Receipt:
        calls = [Call(**a_call(id_, client_id="c", client_name="Shop")) for id_ in ids]
        slices = [DecodedCalls(len(calls), calls, list(range(len(calls))))]
        return await self.meter.intake.take(Sender("acme"), slices)

    async def calls(self) -> object:
        answer = await self.meter.engine.usage(UsageQuery(organization="acme", window=ALL_TIME))
        return answer.value.rows[0][0]

    async def differences(self) -> list[object]:
        return [found async for step in self.meter.maintenance.verify() for found in step.differences]


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """A backup with one call."""

    async def make() -> None:
        async with Site(tmp_path / "data") as site:
            await site.send("1")
            await site.meter.maintenance.backup(tmp_path / "backup")

    asyncio.run(make())
    return tmp_path / "backup"


async def test_a_restored_backup_has_all_that_was_counted_and_goes_on(tmp_path: Path) -> None:
    async with Site(tmp_path / "data") as site:
        await site.send("1", "2")
        client = site.installation.clients.create("acme", "Order desk")
        report = await site.meter.maintenance.backup(tmp_path / "backup")
        await site.send("3")
    restored = restore(tmp_path / "backup", tmp_path / "restored")

    assert restored.position == report.position
    async with Site(tmp_path / "restored") as site:
        assert await site.calls() == 2
        assert (await site.send("2", "3", "4")).accepted == 2
        assert await site.calls() == 4
        assert [one.client_id for one in site.installation.clients.list("acme")] == [client.client_id]
        assert site.installation.names.all("acme", Kind.CLIENT)["c"] == "Shop"
        assert await site.differences() == []


async def test_a_backup_amid_ingest_holds_what_was_acknowledged_before_it(tmp_path: Path) -> None:
    async with Site(tmp_path / "data") as site:
        accepted = 0
        stop = asyncio.Event()

        async def keep_sending() -> None:
            nonlocal accepted
            while not stop.is_set():
                accepted += (await site.send(*(f"{accepted}-{n}" for n in range(50)))).accepted

        sending = asyncio.create_task(keep_sending())
        await asyncio.sleep(0.2)
        before = accepted
        await site.meter.maintenance.backup(tmp_path / "backup")
        after = accepted
        stop.set()
        await sending
    restore(tmp_path / "backup", tmp_path / "restored")

    async with Site(tmp_path / "restored") as site:
        calls = await site.calls()
        assert isinstance(calls, int)
        assert before <= calls <= after + 50
        assert await site.differences() == []


def test_a_backup_belongs_to_its_owner_alone(backup: Path) -> None:
    modes = {path.stat().st_mode & 0o077 for path in [backup, *backup.rglob("*")]}

    assert modes == {0}


def test_a_backup_lists_its_files_with_checksums(backup: Path) -> None:
    manifest = json.loads((backup / "manifest.json").read_text())

    assert (manifest["format"], manifest["position"]) == (1, 1)
    assert [file["path"] for file in manifest["files"]] == [
        "calls.duckdb",
        "control.sqlite",
        "journal/00000000000000000002.frames",
    ]
    assert manifest["created"] == "2026-03-15T12:00:00+00:00"


@pytest.mark.parametrize("name", ["calls.duckdb", "control.sqlite"])
def test_a_backup_that_was_changed_is_not_restored(backup: Path, tmp_path: Path, name: str) -> None:
    content = bytearray((backup / name).read_bytes())
    content[len(content) // 2] ^= 1
    (backup / name).write_bytes(content)

    with pytest.raises(DamagedDataError, match=f"{name} differs from what was backed up"):
        restore(backup, tmp_path / "restored")

    assert not (tmp_path / "restored").exists()


@pytest.mark.parametrize("name", ["calls.duckdb", "journal/00000000000000000002.frames", "manifest.json"])
def test_a_backup_that_lacks_a_file_is_not_restored(backup: Path, tmp_path: Path, name: str) -> None:
    (backup / name).unlink()

    with pytest.raises(DamagedDataError):
        restore(backup, tmp_path / "restored")

    assert not (tmp_path / "restored").exists()


@pytest.mark.parametrize("path", ["/etc/passwd", "../stolen", "a/../../b", ""])
def test_a_backup_writes_nowhere_but_into_its_directory(backup: Path, tmp_path: Path, path: str) -> None:
    manifest = json.loads((backup / "manifest.json").read_text())
    manifest["files"][0]["path"] = path
    (backup / "manifest.json").write_text(json.dumps(manifest))

    with pytest.raises(DamagedDataError, match="names the file"):
        restore(backup, tmp_path / "restored")


def test_a_backup_of_a_format_from_the_future_is_not_restored(backup: Path, tmp_path: Path) -> None:
    text = (backup / "manifest.json").read_text().replace('"format": 1', '"format": 2')
    (backup / "manifest.json").write_text(text)

    with pytest.raises(DamagedDataError, match="a backup of format 2"):
        restore(backup, tmp_path / "restored")


def test_a_backup_is_restored_into_a_new_directory_only(backup: Path, tmp_path: Path) -> None:
    (tmp_path / "restored").mkdir()
    (tmp_path / "restored" / "precious").touch()

    with pytest.raises(InvalidInputError, match="exists and is not empty"):
        restore(backup, tmp_path / "restored")

    assert [path.name for path in (tmp_path / "restored").iterdir()] == ["precious"]


async def test_a_backup_is_made_into_a_new_folder_only(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    async with Site(tmp_path / "data") as site:
        with pytest.raises(InvalidInputError, match="exists and is not empty"):
            await site.meter.maintenance.backup(tmp_path)


async def test_a_backup_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with Site(tmp_path / "data") as site:
        with pytest.raises(CalltallyError):
            await site.meter.maintenance.backup(tmp_path / "file" / "backup")

        assert (await site.send("1")).accepted == 1
    assert names_in(tmp_path) == ["data", "file"]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_who_stops_waiting_for_a_backup_does_not_break_it_off(tmp_path: Path) -> None:
    async with Site(tmp_path / "data") as site:
        await site.send("1")
        waiting = asyncio.create_task(site.meter.maintenance.backup(tmp_path / "backup"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    assert restore(tmp_path / "backup", tmp_path / "restored").position == 1
