"""Who gets in, as whom, and for how long."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from calltally.control.clients import NewClient
from tests.front_door import front_door
from tests.installations import NOON, Installation, open_installation


@pytest.fixture
async def installation(tmp_path: Path) -> AsyncIterator[Installation]:
    opened = open_installation(tmp_path)
    yield opened
    opened.database.close()


@pytest.fixture
async def door(installation: Installation) -> AsyncIterator[httpx.AsyncClient]:
    async with front_door(installation) as opened:
        yield opened


async def log_in(door: httpx.AsyncClient, client: NewClient) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": client.client_id,
        "client_secret": client.client_secret,
    }
    answer = await door.post("/oauth/token", data=form)
    assert answer.status_code == 200
    return str(answer.json()["access_token"])


async def knock(door: httpx.AsyncClient, token: str) -> httpx.Response:
    return await door.get("/whoami", headers={"Authorization": f"Bearer {token}"})


async def test_a_program_logs_in_with_its_secret_and_is_known_by_its_token(
    installation: Installation, door: httpx.AsyncClient
) -> None:
    client = installation.clients.create("acme", "Billing")

    token = await log_in(door, client)

    assert (await knock(door, token)).json() == {
        "client_id": client.client_id,
        "organization": "acme",
        "permissions": ["calls:backfill", "calls:send", "usage:read"],
    }


async def test_a_program_that_cannot_log_in_uses_an_api_token(
    installation: Installation, door: httpx.AsyncClient
) -> None:
    client = installation.clients.create("acme", "Billing")
    token = installation.api_tokens.create(client.client_id, "cron job").token

    assert (await knock(door, token)).json()["client_id"] == client.client_id


async def test_without_a_token_nobody_gets_in(door: httpx.AsyncClient) -> None:
    assert (await door.get("/whoami")).status_code == 401


async def test_each_token_speaks_for_the_organization_of_its_client(
    installation: Installation, door: httpx.AsyncClient
) -> None:
    ours = await log_in(door, installation.clients.create("acme", "Billing"))
    theirs = await log_in(door, installation.clients.create("globex", "Billing"))

    assert (await knock(door, ours)).json()["organization"] == "acme"
    assert (await knock(door, theirs)).json()["organization"] == "globex"


async def test_a_token_lasts_24_hours(installation: Installation, door: httpx.AsyncClient) -> None:
    token = await log_in(door, installation.clients.create("acme", "Billing"))

    installation.clock.move_to(NOON + timedelta(hours=23, minutes=59))
    assert (await knock(door, token)).status_code == 200

    installation.clock.move_to(NOON + timedelta(hours=24))
    assert (await knock(door, token)).status_code == 401


async def test_a_revoked_client_gets_in_no_more_with_any_token(
    installation: Installation, door: httpx.AsyncClient
) -> None:
    client = installation.clients.create("acme", "Billing")
    access_token = await log_in(door, client)
    api_token = installation.api_tokens.create(client.client_id, "cron job").token
    assert (await knock(door, access_token)).status_code == 200
    assert (await knock(door, api_token)).status_code == 200

    installation.clients.revoke(client.client_id)

    assert (await knock(door, access_token)).status_code == 401
    assert (await knock(door, api_token)).status_code == 401


async def test_a_permission_that_was_taken_away_is_gone_at_once(
    installation: Installation, door: httpx.AsyncClient
) -> None:
    client = installation.clients.create("acme", "Billing")
    token = await log_in(door, client)
    await knock(door, token)

    installation.clients.set_permissions(client.client_id, ["usage:read"])

    assert (await knock(door, token)).json()["permissions"] == ["usage:read"]


async def test_tokens_stay_valid_when_the_keys_are_rotated(
    installation: Installation, door: httpx.AsyncClient
) -> None:
    client = installation.clients.create("acme", "Billing")
    before = await log_in(door, client)

    installation.keys.rotate()

    assert (await knock(door, before)).status_code == 200
    assert (await knock(door, await log_in(door, client))).status_code == 200


async def test_a_token_of_another_installation_opens_nothing(
    door: httpx.AsyncClient, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = open_installation(tmp_path_factory.mktemp("elsewhere"))
    client = elsewhere.clients.create("acme", "Billing")
    async with front_door(elsewhere) as their_door:
        token = await log_in(their_door, client)

    assert (await knock(door, token)).status_code == 401
    elsewhere.database.close()
