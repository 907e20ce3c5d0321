"""API tokens over the owner's socket."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from calltally.api.owner.token_routes import owner_tokens_router
from calltally.api.problems import problem_response
from tests.installations import Installation, open_installation


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    opened = open_installation(tmp_path)
    yield opened
    opened.database.close()


@pytest.fixture
def door(installation: Installation) -> Iterator[TestClient[Litestar]]:
    app = Litestar(
        [owner_tokens_router(installation.api_tokens)],
        exception_handlers={Exception: problem_response},
        openapi_config=None,
        logging_config=None,
    )
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


async def test_a_token_that_is_made_here_speaks_for_its_client(
    installation: Installation, door: TestClient[Litestar]
) -> None:
    client = installation.clients.create("acme", "Billing")

    reply = door.post("/owner/tokens", json={"client_id": client.client_id, "name": "cron job"})

    assert reply.status_code == 201
    made = reply.json()
    assert list(made) == ["token_id", "token", "client_id", "name"]
    assert (made["client_id"], made["name"]) == (client.client_id, "cron job")
    caller = await installation.authority.authenticate(f"Bearer {made['token']}")
    assert (caller.client_id, caller.organization) == (client.client_id, "acme")


def test_tokens_are_listed_by_organization_without_their_texts(
    installation: Installation, door: TestClient[Litestar]
) -> None:
    ours = installation.clients.create("acme", "Billing").client_id
    theirs = installation.clients.create("globex", "Billing").client_id
    made = [
        door.post("/owner/tokens", json={"client_id": client_id, "name": "cron"}).json()
        for client_id in (ours, theirs)
    ]

    listed = door.get("/owner/tokens", params={"organization": "acme"})

    assert listed.json() == {
        "tokens": [
            {
                "token_id": made[0]["token_id"],
                "client_id": ours,
                "name": "cron",
                "created": "2026-03-10T12:00:00+00:00",
                "expires": None,
                "revoked": None,
            }
        ]
    }
    everybody = door.get("/owner/tokens")
    assert {token["client_id"] for token in everybody.json()["tokens"]} == {ours, theirs}
    assert made[0]["token"] not in everybody.text


def test_a_revoked_token_opens_nothing_and_stays_listed(
    installation: Installation, door: TestClient[Litestar]
) -> None:
    client = installation.clients.create("acme", "Billing")
    made = door.post("/owner/tokens", json={"client_id": client.client_id, "name": "cron"}).json()

    assert door.post(f"/owner/tokens/{made['token_id']}/revoke").status_code == 204

    (token,) = door.get("/owner/tokens").json()["tokens"]
    assert token["revoked"] == "2026-03-10T12:00:00+00:00"


def test_unknown_clients_tokens_and_fields_are_refused_as_problems(door: TestClient[Litestar]) -> None:
    no_client = door.post("/owner/tokens", json={"client_id": "nobody", "name": "cron"})
    no_token = door.post("/owner/tokens/nothing/revoke")
    unknown_field = door.post("/owner/tokens", json={"client_id": "x", "name": "y", "expires": 1})
    no_name = door.post("/owner/tokens", json={"client_id": "x", "name": ""})

    replies = [no_client, no_token, unknown_field, no_name]
    assert [reply.status_code for reply in replies] == [404, 404, 400, 400]
    assert "'nobody'" in no_client.json()["detail"]
    assert "'nothing'" in no_token.json()["detail"]
