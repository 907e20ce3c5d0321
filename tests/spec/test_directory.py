"""Names stay with what they name, and the directory tells who has fallen asleep."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from litestar import Litestar

from calltally.api.directory_routes import directory_router
from calltally.auth.caller import Caller
from calltally.control.control_database import ControlDatabase
from calltally.control.names import NameDirectory
from calltally.control.permissions import READ_USAGE, WRITE_DIRECTORY
from calltally.dictionary import Kind
from calltally.server.path_normalizer import PathNormalizer
from tests.support.metering import Metering, a_call


class _Door:
    """Admits everyone as what the header says: an organization and its permissions."""

    async def authenticate(self, authorization: str | None) -> Caller:
        organization, *permissions = (authorization or "nobody").split()
        return Caller("client", organization, frozenset(permissions))


class Directory:
    def __init__(self, metering: Metering, names: NameDirectory) -> None:
        self.names = names
        router = directory_router(
            names, metering.meter.engine, _Door(), metering.clock, metering.meter.questions
        )
        app = Litestar([router], openapi_config=None)
        transport = httpx.ASGITransport(PathNormalizer(app))  # type: ignore[arg-type]
        self._client = httpx.AsyncClient(transport=transport, base_url="http://calltally")

    async def ask(
        self, method: str, path: str, as_: str = f"acme {READ_USAGE} {WRITE_DIRECTORY}", **more: Any
    ) -> Any:
        return await self._client.request(method, path, headers={"Authorization": as_}, **more)

    async def dormant(self, query: str) -> list[tuple[str, str, str | None]]:
        response = await self.ask("GET", f"/v1/dormant?{query}")
        return [(row["id"], row["name"], row["last_day"]) for row in response.json()["rows"]]


@pytest_asyncio.fixture
async def directory(meter: Metering, tmp_path: Path) -> AsyncIterator[Directory]:
    database = ControlDatabase.in_directory(tmp_path)
    yield Directory(meter, NameDirectory(database))
    database.close()


async def test_a_name_that_was_put_is_listed(directory: Directory) -> None:
    put = await directory.ask("PUT", "/v1/sources/crm%2Feu", json={"name": "CRM Europe"})

    listed = await directory.ask("GET", "/v1/sources")

    assert put.json() == {"id": "crm/eu", "name": "CRM Europe"}
    assert listed.json() == {"rows": [{"id": "crm/eu", "name": "CRM Europe"}]}


async def test_names_are_their_organizations_own(directory: Directory) -> None:
    await directory.ask("PUT", "/v1/sources/s", json={"name": "Ours"})

    theirs = await directory.ask("GET", "/v1/sources", as_=f"globex {READ_USAGE}")

    assert theirs.json() == {"rows": []}


async def test_naming_needs_its_permission(directory: Directory) -> None:
    refused = await directory.ask("PUT", "/v1/sources/s", as_=f"acme {READ_USAGE}", json={"name": "x"})

    assert refused.status_code == 403


@pytest.mark.parametrize(
    "body", ["", "{", "[]", '{"name":""}', '{"name":7}', '{"name":"x","more":1}', '{"name":"a\\u0000"}']
)
async def test_a_body_that_is_no_name_is_refused(directory: Directory, body: str) -> None:
    refused = await directory.ask("PUT", "/v1/clients/c", content=body)

    assert refused.status_code == 400
    assert (await directory.ask("GET", "/v1/clients")).json() == {"rows": []}


async def test_who_had_no_call_for_so_many_days_is_dormant_with_the_last_day_seen(
    meter: Metering, directory: Directory
) -> None:
    await meter.send(
        a_call("1", account_id="awake", time="2026-03-06T00:00:00Z"),
        a_call("2", account_id="asleep", time="2026-03-05T23:59:59Z"),
        a_call("3", account_id="longer", time="2026-02-20T10:00:00Z"),
    )
    directory.names.set("acme", Kind.ACCOUNT, "never", "Never Seen")

    rows = await directory.dormant("kind=accounts&days=10")

    assert rows == [("never", "Never Seen", None), ("longer", "", "2026-02-20"), ("asleep", "", "2026-03-05")]


async def test_sources_and_clients_fall_asleep_too(meter: Metering, directory: Directory) -> None:
    await meter.send(a_call("1", source_id="s", client_id="c", time="2026-03-01T00:00:00Z"))

    assert await directory.dormant("kind=sources&days=5") == [("s", "", "2026-03-01")]
    assert await directory.dormant("kind=clients&days=5") == [("c", "", "2026-03-01")]
    assert await directory.dormant("kind=clients&days=15") == []


@pytest.mark.parametrize("query", ["kind=routes", "days=0", "days=x", "limit=0", "colour=red"])
async def test_a_question_that_cannot_be_read_is_refused(directory: Directory, query: str) -> None:
    assert (await directory.ask("GET", f"/v1/dormant?{query}")).status_code == 400
