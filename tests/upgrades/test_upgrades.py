"""An earlier version's directory opens with every number; a later version's stays untouched."""

import io
import sqlite3
import struct
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import duckdb
import pytest
import zstandard
from xxhash import xxh3_64_intdigest

from calltally.control.clients import ClientRegistry
from calltally.control.control_database import ControlDatabase
from calltally.errors import CalltallyError
from calltally.identity_key import IdentityScheme
from calltally.journal.framing import HEADER
from calltally.journal.journal import Journal
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from calltally.usage_query import Dimension
from calltally.window import Granularity
from tests.support.metering import Metering

FIRST_VERSION = Path(__file__).parent / "version_0001.tar.zst"
RECEIPT_DAY = 20527  # 2026-03-15


def unpacked(folder: Path) -> Path:
    """A copy of what the first version left when it was killed; the README has the program."""
    packed = zstandard.ZstdDecompressor().decompress(FIRST_VERSION.read_bytes())
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return unpacked(tmp_path)


@pytest.fixture
async def meter(directory: Path) -> AsyncIterator[Metering]:
    metering = Metering(directory, DuckDBUsageStore(directory / "calls.duckdb"))
    await metering.up()
    yield metering
    await metering.down()


def the_call(number: int, **other: object) -> dict[str, object]:
    """The call of a number, as the first version was sent it."""
    return {
        "id": f"call-{number}",
        "time": f"2026-03-{10 + number % 5}T{number % 24:02}:30:00Z",
        "client_id": f"client-{number % 3}",
        "user_id": f"user-{number % 7}",
        "source_id": f"source-{number % 2}",
        "account_id": f"account-{number % 5}",
        "method": "PUT" if number % 4 == 0 else "GET",
        "path": f"/users/{number % 20}/orders",
        "status": [200, 204, 301, 404, 429, 500, 0][number % 7],
        "duration_ms": number,
    } | other


async def test_every_call_of_the_first_version_is_counted(meter: Metering) -> None:
    assert await meter.calls() == 300
    assert await meter.calls("globex") == 10
    assert [row[:2] for row in await meter.table(Dimension.CLIENT_ID)] == [
        ("client-0", 100),
        ("client-1", 100),
        ("client-2", 100),
    ]
    assert [row[:2] for row in await meter.table(Dimension.STATUS)] == [
        (0, 42),
        (200, 43),
        (204, 43),
        (301, 43),
        (404, 43),
        (429, 43),
        (500, 43),
    ]
    assert [row[1] for row in await meter.table(granularity=Granularity.DAY)] == [60] * 5
    assert [row[:3] for row in await meter.table(Dimension.ROUTE, Dimension.METHOD)] == [
        ("/users/{id}/orders", "GET", 225),
        ("/users/{id}/orders", "PUT", 75),
    ]


async def test_the_books_of_the_first_version_balance_with_its_rejections_for_unknown_reasons(
    meter: Metering,
) -> None:
    await meter.settled()

    assert meter.store.outcomes("acme") == {RECEIPT_DAY: (319, 300, 9, 5, 5)}
    assert meter.store.rejections("acme") == {RECEIPT_DAY: {"unknown": 5}}
    assert len(meter.store.conflicts("acme")) == 5
    assert [step.differences for step in meter.store.audit() if step.differences] == []


async def test_calls_that_the_first_version_counted_are_known_again(meter: Metering) -> None:
    receipt = await meter.send(the_call(7), the_call(299), the_call(250, status=599), the_call(300))

    assert (receipt.accepted, receipt.duplicate, receipt.conflict) == (1, 2, 1)
    assert await meter.calls() == 301


async def test_calls_of_the_first_version_keep_their_identities_in_a_backup(
    meter: Metering, tmp_path: Path
) -> None:
    await meter.settled()
    meter.store.backup(tmp_path / "copy.duckdb")

    copy = DuckDBUsageStore(tmp_path / "copy.duckdb")

    assert copy.identity_key == meter.store.identity_key
    assert copy.identity_key.scheme is IdentityScheme.XXH3
    copy.close()


async def test_a_directory_of_the_first_version_opens_a_second_time(directory: Path) -> None:
    for _ in range(2):
        metering = Metering(directory, DuckDBUsageStore(directory / "calls.duckdb"))
        await metering.up()
        assert await metering.calls() == 300
        await metering.down()


def test_the_clients_and_names_of_the_first_version_are_there(directory: Path) -> None:
    control = ControlDatabase.in_directory(directory)

    assert [client.name for client in ClientRegistry(control, Metering(directory).clock).list("acme")] == [
        "reports"
    ]
    control.close()


# Directories of later versions


def test_a_store_of_a_later_version_is_refused_and_left_as_it_was(directory: Path) -> None:
    file = directory / "calls.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("INSERT INTO schema_version VALUES (99, '0099_future.sql')")
    before = file.read_bytes()

    with pytest.raises(CalltallyError, match="written by a newer version"):
        DuckDBUsageStore(file)

    assert file.read_bytes() == before


def test_a_journal_of_a_later_version_is_refused_and_left_as_it_was(directory: Path) -> None:
    (file,) = (directory / "journal").iterdir()
    frames = bytearray(file.read_bytes())
    said = struct.pack("<4sIQQQ", b"CTJ9", 100, 1, 0, 12345)
    frames[: HEADER.size] = said + struct.pack("<Q", xxh3_64_intdigest(said))
    file.write_bytes(frames)

    with pytest.raises(CalltallyError, match=r"CTJ9.*newer version"):
        Journal(directory / "journal", after=0)

    assert file.read_bytes() == bytes(frames)


def test_control_data_of_a_later_version_are_refused_and_left_as_they_were(directory: Path) -> None:
    file = directory / "control.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0099'")
    connection.close()
    before = dump_of(file)

    with pytest.raises(CalltallyError, match="newer version"):
        ControlDatabase.in_directory(directory)

    assert dump_of(file) == before


def dump_of(file: Path) -> list[str]:
    connection = sqlite3.connect(file)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()
