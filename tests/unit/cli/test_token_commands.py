"""``calltally token``, with an office whose owner's doors are in this process."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from litestar import Litestar
from litestar.testing import TestClient

from calltally.api.owner.token_routes import owner_tokens_router
from calltally.api.problems import problem_response
from calltally.cli import token_commands
from calltally.cli.main import cli
from calltally.cli.owner_client import OwnerClient, RefusedError
from calltally.control.clients import NewClient
from calltally.errors import NotAuthenticatedError
from tests.installations import Installation, open_installation


class NearbyOffice(OwnerClient):
    """Asks through a client that needs no socket."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """An installation whose doors the commands find, whatever directory they look into."""
    opened = open_installation(tmp_path)
    app = Litestar(
        [owner_tokens_router(opened.api_tokens)],
        exception_handlers={Exception: problem_response},
        openapi_config=None,
        logging_config=None,
    )
    with TestClient(app, raise_server_exceptions=False) as doors:

        @contextmanager
        def office(*_: Any, **__: Any) -> Iterator[OwnerClient]:
            yield NearbyOffice(doors)

        monkeypatch.setattr(token_commands, "OwnerClient", office)
        yield opened
    opened.database.close()


@pytest.fixture
def client(installation: Installation) -> NewClient:
    return installation.clients.create("acme", "Billing")


def run(*words: str) -> Result:
    """The outcome of a command line; a refusal is raised."""
    return CliRunner().invoke(cli, ["token", *words], catch_exceptions=False)


def create(client: NewClient, name: str = "cron job") -> Any:
    return json.loads(run("create", "--client", client.client_id, "--name", name, "--json").output)


def listed(*words: str) -> Any:
    return json.loads(run("list", "--json", *words).output)


async def test_a_token_is_made_for_a_client_and_printed_for_people(
    installation: Installation, client: NewClient
) -> None:
    done = run("create", "--client", client.client_id, "--name", "cron job")

    token = done.stdout.splitlines()[1].removeprefix("token     ")
    assert (await installation.authority.authenticate(f"Bearer {token}")).client_id == client.client_id
    assert done.stdout.splitlines()[0].startswith("token_id  ")
    assert "shown only once" in done.stderr


async def test_a_token_is_made_for_machines(installation: Installation, client: NewClient) -> None:
    made = create(client)

    assert (made["client_id"], made["name"]) == (client.client_id, "cron job")
    assert (await installation.authority.authenticate(f"Bearer {made['token']}")).organization == "acme"


def test_tokens_are_listed_by_organization_and_client(installation: Installation, client: NewClient) -> None:
    other = installation.clients.create("acme", "Crawler")
    foreign = installation.clients.create("globex", "Billing")
    create(client)
    create(other, "other")
    create(foreign, "foreign")

    assert {token["name"] for token in listed()} == {"cron job", "other", "foreign"}
    assert {token["name"] for token in listed("--organization", "acme")} == {"cron job", "other"}
    assert [token["name"] for token in listed("--client", other.client_id)] == ["other"]
    assert listed("--organization", "acme", "--client", foreign.client_id) == []


def test_the_list_for_people_shows_ids_and_names_and_never_a_token(client: NewClient) -> None:
    made = create(client, "cron")

    output = run("list").output

    assert made["token_id"] in output
    assert "cron" in output
    assert made["token"] not in output


async def test_a_revoked_token_opens_nothing_and_stays_listed(
    installation: Installation, client: NewClient
) -> None:
    made, kept = create(client), create(client, "kept")

    done = run("revoke", made["token_id"])

    assert done.output == f"revoked {made['token_id']}\n"
    assert {token["name"]: token["revoked"] for token in listed()} == {
        "cron job": "2026-03-10T12:00:00+00:00",
        "kept": None,
    }
    assert (
        await installation.authority.authenticate(f"Bearer {kept['token']}")
    ).client_id == client.client_id
    with pytest.raises(NotAuthenticatedError):
        await installation.authority.authenticate(f"Bearer {made['token']}")


@pytest.mark.usefixtures("installation")
def test_unknown_clients_and_tokens_are_refused_in_the_doors_words() -> None:
    with pytest.raises(RefusedError, match="there is no client 'nobody'"):
        run("create", "--client", "nobody", "--name", "cron")
    with pytest.raises(RefusedError, match="there is no API token"):
        run("revoke", "nothing")


def test_client_and_name_must_be_said() -> None:
    assert run("create", "--name", "cron").exit_code == 2
    assert run("create", "--client", "x").exit_code == 2
