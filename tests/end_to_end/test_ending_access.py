"""Access that is ended from the command line ends at once, in the server that runs."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.end_to_end.command_line import calltally, cli_json
from tests.end_to_end.server_process import Credentials, ServerProcess

DOORS = (
    "/v1/usage",
    "/v1/clients",
    "/v2024/account-usages/a-1/summaries",
    "/usage/api-calls/daily?period=2026-01-01&pagination.count=1",
    "/api/v2/usage/query/e-1/results",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("access") / "data") as server:
        yield server


@dataclass
class Holder:
    """A client with an access token and an API token, both of which were used."""

    credentials: Credentials
    access_token: str
    api_token: str
    token_id: str


@pytest.fixture
def holder(server: ServerProcess) -> Holder:
    credentials = server.new_client()
    made = cli_json(
        *("token", "create", "--data", server.directory, "--client", credentials.client_id),
        *("--name", "report", "--json"),
    )
    holder = Holder(credentials, server.token(credentials), made["token"], made["token_id"])
    assert 401 not in answers(server, holder.access_token) + answers(server, holder.api_token)
    return holder


def answers(server: ServerProcess, token: str) -> list[int]:
    """How every door answers a token, the one for calls first."""
    with server.visitor(token) as visitor:
        calls = visitor.post("/v1/calls", content=b"[]")
        return [calls.status_code, *(visitor.get(door).status_code for door in DOORS)]


def login(server: ServerProcess, credentials: Credentials) -> httpx.Response:
    form = {"grant_type": "client_credentials", **credentials.as_form()}
    return httpx.post(f"{server.address}/oauth/token", data=form)


def command(server: ServerProcess, *words: str) -> int:
    group, verb, *rest = words
    return calltally(group, verb, "--data", server.directory, *rest).returncode


def key_ids(server: ServerProcess) -> list[str]:
    with server.visitor() as visitor:
        return [key["kid"] for key in visitor.get("/.well-known/jwks.json").json()["keys"]]


def test_a_revoked_client_is_shut_out_with_every_token_it_holds(
    server: ServerProcess, holder: Holder
) -> None:
    assert command(server, "client", "revoke", holder.credentials.client_id) == 0

    assert set(answers(server, holder.access_token)) == {401}
    assert set(answers(server, holder.api_token)) == {401}
    assert login(server, holder.credentials).status_code == 401


def test_a_revoked_api_token_ends_alone(server: ServerProcess, holder: Holder) -> None:
    assert command(server, "token", "revoke", holder.token_id) == 0

    assert set(answers(server, holder.api_token)) == {401}
    assert 401 not in answers(server, holder.access_token)


def test_a_rotated_secret_ends_the_old_one_and_no_token(server: ServerProcess, holder: Holder) -> None:
    made = cli_json("client", "rotate", "--data", server.directory, holder.credentials.client_id, "--json")

    assert login(server, holder.credentials).status_code == 401
    assert login(server, Credentials(made["client_id"], made["client_secret"])).status_code == 200
    assert 401 not in answers(server, holder.access_token) + answers(server, holder.api_token)


def test_a_client_whose_secret_was_rotated_can_be_revoked_and_never_comes_back(
    server: ServerProcess, holder: Holder
) -> None:
    client_id = holder.credentials.client_id
    made = cli_json("client", "rotate", "--data", server.directory, client_id, "--json")
    rotated = Credentials(made["client_id"], made["client_secret"])
    token = server.token(rotated)

    assert command(server, "client", "revoke", client_id) == 0

    assert [login(server, each).status_code for each in (holder.credentials, rotated)] == [401, 401]
    assert set(answers(server, token) + answers(server, holder.access_token)) == {401}
    assert command(server, "client", "rotate", client_id) == 1
    assert command(server, "token", "create", "--client", client_id, "--name", "again") == 1


def test_a_rotated_key_signs_at_once_and_the_tokens_of_the_old_one_stay_good(
    server: ServerProcess, holder: Holder
) -> None:
    old = key_ids(server)

    made = cli_json("key", "rotate", "--data", server.directory, "--json")

    listed = cli_json("key", "list", "--data", server.directory, "--json")
    assert key_ids(server) == [made["key_id"], *old] == [key["key_id"] for key in listed]
    assert listed[0]["needed_until"] is None
    assert listed[1]["needed_until"] > listed[1]["retired"]
    for token in (holder.access_token, server.token(holder.credentials)):
        assert 401 not in answers(server, token)
    server.restart()
    assert key_ids(server) == [made["key_id"], *old]
    assert 401 not in answers(server, holder.access_token)


def test_a_forgotten_key_ends_every_access_token_and_no_api_token(
    server: ServerProcess, holder: Holder
) -> None:
    made = cli_json("key", "rotate", "--data", server.directory, "--forget", "--json")

    assert key_ids(server) == [made["key_id"]]
    assert set(answers(server, holder.access_token)) == {401}
    assert 401 not in answers(server, holder.api_token)
    assert 401 not in answers(server, server.token(holder.credentials))


def test_keys_are_listed_without_telling_them(server: ServerProcess) -> None:
    shown = calltally("key", "list", "--data", server.directory)

    assert key_ids(server)[0] in shown.stdout
    assert "PRIVATE" not in shown.stdout
