"""Who is erased goes by another text everywhere, and every number stays."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import update

from calltally.clock import FixedClock
from calltally.control.control_database import ControlDatabase
from calltally.control.executions import Executions
from calltally.control.tables import execution_pages
from calltally.data_directory import DataDirectory
from calltally.dictionary import Kind
from calltally.errors import InvalidInputError
from calltally.executions import ExecutionOutcome
from calltally.ingest.json_form import JsonForm
from calltally.ingest.sender import Sender
from calltally.settings import Settings
from calltally.usage_query import Dimension, UsageQuery
from calltally.wiring import Installation
from tests.reference.json_bodies import decode_calls
from tests.support.metering import ALL_TIME, NOON, LastingMetering, Metering, a_call

WHO = "ulrike.mustermann"


async def users(meter: Metering) -> dict[str, int]:
    return {row[0]: row[1] for row in await meter.table(Dimension.USER_ID)}


async def erase(meter: Metering, text: str = WHO, kind: Kind = Kind.USER) -> str:
    return await meter.meter.maintenance.erase("acme", kind, text, "ann", "asked to be forgotten")


async def test_an_erased_users_calls_stay_counted_under_another_name(any_meter: Metering) -> None:
    await any_meter.send(a_call("1", user_id=WHO), a_call("2", user_id=WHO), a_call("3", user_id="bob"))

    replacement = await erase(any_meter)

    assert replacement.startswith("erased-")
    assert await users(any_meter) == {replacement: 2, "bob": 1}
    assert await any_meter.differences() == []


async def test_an_erasure_holds_after_a_restart(any_meter: Metering) -> None:
    await any_meter.send(a_call("1", user_id=WHO))
    replacement = await erase(any_meter)
    await any_meter.restart()

    assert await users(any_meter) == {replacement: 1}


async def test_calls_after_an_erasure_are_another_users(any_meter: Metering) -> None:
    await any_meter.send(a_call("1", user_id=WHO))
    replacement = await erase(any_meter)

    await any_meter.send(a_call("2", user_id=WHO))
    await any_meter.restart()

    assert await users(any_meter) == {replacement: 1, WHO: 1}


async def test_an_erased_call_that_is_sent_again_is_a_duplicate(any_meter: Metering) -> None:
    call = a_call("1", user_id=WHO)
    await any_meter.send(call)
    await erase(any_meter)

    assert (await any_meter.send(call)).duplicate == 1


async def test_an_account_is_erased_and_a_user_of_that_name_is_not(any_meter: Metering) -> None:
    await any_meter.send(a_call("1", user_id=WHO, account_id=WHO, source_id="s"))

    replacement = await erase(any_meter, kind=Kind.ACCOUNT)

    assert await users(any_meter) == {WHO: 1}
    assert [row[0] for row in await any_meter.table(Dimension.ACCOUNT_ID)] == [replacement]


async def test_another_organizations_user_of_that_name_is_not_erased(any_meter: Metering) -> None:
    await any_meter.send(a_call("1", user_id=WHO), organization="globex")
    await erase(any_meter)

    rows = await any_meter.table(Dimension.USER_ID, organization="globex")
    assert [row[0] for row in rows] == [WHO]


async def test_an_erased_user_can_be_corrected(any_meter: Metering) -> None:
    await any_meter.send(a_call("1", user_id=WHO), a_call("2", user_id=WHO))
    replacement = await erase(any_meter)

    await any_meter.cancel("1")

    assert await users(any_meter) == {replacement: 1}
    assert await any_meter.differences() == []


async def test_only_users_and_accounts_can_be_erased(meter: Metering) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await erase(meter, kind=Kind.CLIENT)

    assert refused.value.accepted == "user or account"


async def test_erasing_while_calls_keep_coming_loses_none(any_meter: Metering) -> None:
    async def send(number: int) -> None:
        await any_meter.send(*(a_call(f"{number}-{i}", user_id=WHO) for i in range(20)))

    await asyncio.gather(*map(send, range(20)), erase(any_meter), *map(send, range(20, 40)))

    counted = await users(any_meter)
    assert sum(counted.values()) == 800
    assert await any_meter.differences() == []


async def test_the_journal_holds_no_erased_text(tmp_path: Path) -> None:
    meter = LastingMetering(tmp_path)
    await meter.up()
    await meter.send(a_call("1", user_id=WHO, path=f"/users/{WHO}/keys"), a_call("1", user_id=WHO, status=99))
    await meter.send(a_call("1", user_id=WHO))

    await erase(meter)

    assert holding(tmp_path / "journal") == []
    await meter.down()


def holding(folder: Path, text: str = WHO) -> list[str]:
    """The files below a folder that hold a text."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sorted(path.name for path in files if text.encode() in path.read_bytes())


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[DataDirectory]:
    with DataDirectory(tmp_path / "data") as held:
        yield held


async def opened(directory: DataDirectory) -> Installation:
    installation = Installation(directory, Settings(), FixedClock(NOON))
    await installation.open_meter()
    return installation


async def test_after_the_next_start_no_file_holds_an_erased_text(directory: DataDirectory) -> None:
    installation = await opened(directory)
    await count(
        installation,
        *(a_call(str(n), account_id=WHO, account_name="Ulrike", path=f"/accounts/{WHO}") for n in range(50)),
        a_call("0", account_id=WHO, status=500),
        a_call("x", account_id=WHO, status=99),
        b'{"account_id": "' + WHO.encode() + b'", "broken',
    )
    meter = installation.meter
    assert meter is not None
    await meter.engine.usage(everything())
    assert installation.names.all("acme", Kind.ACCOUNT) == {WHO: "Ulrike"}
    replacement = await meter.maintenance.erase("acme", Kind.ACCOUNT, WHO, "ann", "asked to")
    names = installation.names.all("acme", Kind.ACCOUNT)
    await installation.close()

    installation = await opened(directory)
    assert installation.meter is not None
    answer = await installation.meter.engine.usage(everything(Dimension.ACCOUNT_ID))
    await installation.close()

    assert names == {}
    assert answer.value.rows == ((replacement, 50),)
    assert holding(directory.path) == []
    assert not directory.erased.exists()


def test_executions_that_tell_of_the_erased_are_removed(directory: DataDirectory) -> None:
    installation = Installation(directory, Settings(), FixedClock(NOON))
    database = ControlDatabase.in_directory(directory.path)
    executions = Executions(database, FixedClock(NOON), kept=timedelta(hours=24))
    pages = {
        "as a value": [{"userId": WHO}],
        "in a path": [{"templateUri": f"users/{WHO}/keys"}],
        "as a part of a longer text": [{"userId": f"{WHO}2"}],
        "not": [{"userId": "bob"}],
    }
    asked = {name: kept_execution(executions, "acme", rows) for name, rows in pages.items()}
    asked["damaged"] = kept_execution(executions, "acme", [{"userId": "bob"}])
    with database.writing() as connection:
        damaged = execution_pages.c.execution_id == asked["damaged"]
        connection.execute(update(execution_pages).where(damaged).values(content=b"no page"))
    foreign = kept_execution(executions, "globex", [{"userId": WHO}])

    installation.control_maintenance.erase(Kind.USER, "acme", WHO, "erased-1")

    kept = [name for name, id_ in asked.items() if executions.find("acme", id_)]
    assert kept == ["as a part of a longer text", "not"]
    assert executions.find("globex", foreign) is not None
    database.close()


def kept_execution(executions: Executions, organization: str, rows: list[dict[str, str]]) -> str:
    """The id of a complete execution with these rows as its only page."""
    execution = executions.new(organization, "c", "k", "", "{}")
    executions.keep(execution, ExecutionOutcome([msgspec.json.encode(rows)], len(rows)))
    return execution.execution_id


async def count(installation: Installation, *calls: dict[str, object] | bytes) -> None:
    lines = [call if isinstance(call, bytes) else msgspec.json.encode(call) for call in calls]
    slices = decode_calls(b"\n".join(lines), JsonForm.LINES, max_calls=1000, max_call_bytes=65_536)
    assert installation.meter is not None
    await installation.meter.intake.take(Sender("acme"), [*slices])


def everything(*group_by: Dimension) -> UsageQuery:
    return UsageQuery(organization="acme", window=ALL_TIME, group_by=group_by)


async def test_an_erasure_that_is_on_disk_is_carried_out_though_nobody_waits_for_it(
    directory: DataDirectory,
) -> None:
    installation = await opened(directory)
    await count(installation, a_call("1", account_id=WHO, account_name="Ulrike"))
    meter = installation.meter
    assert meter is not None
    now_ms = int(datetime(2026, 3, 15, 12, tzinfo=UTC).timestamp() * 1000)
    meter.step.erase(Kind.ACCOUNT, "acme", WHO, "erased-1", "ann", "asked to", now_ms)
    await installation.close()

    installation = await opened(directory)
    assert installation.meter is not None
    answer = await installation.meter.engine.usage(everything(Dimension.ACCOUNT_ID))

    assert answer.value.rows == (("erased-1", 1),)
    assert installation.names.all("acme", Kind.ACCOUNT) == {}
    await installation.close()
