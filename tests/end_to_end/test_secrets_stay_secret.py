"""No secret and no token appears in what the server logs or answers, wherever it was put."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.command_line import cli_json
from tests.end_to_end.server_process import ServerProcess

MARKED = "MARKED-s3cret-9f81"
GETS = (
    "/v1/usage",
    "/v1/outcomes",
    "/v1/clients",
    "/v1/dormant",
    "/v2025/api-usage/count",
    "/v2025/api-usage/summary",
    "/v2024/account-usages/a-1/summaries",
    "/v2025/source-usages/s-1/status",
    "/usage/api-calls/daily",
    "/usage/api-calls/sources/daily",
    "/api/v2/usage/query/e-1/results",
    "/api/v2/oauth/clients/c-1/usage/summary",
    "/healthz",
    "/metrics",
    "/openapi",
    "/nowhere",
    "/api/v2/nowhere",
)
POSTS = ("/v1/calls", "/oauth/token", "/api/v2/usage/query", "/api/v2/usage/simplesearch", "/nowhere")
NAMES = ("access_token", "token", "client_secret", "Authorization", "api_key")


@dataclass
class Asked:
    """A server, everything it answered, and which of that was a token it had to tell."""

    server: ServerProcess
    answers: list[httpx.Response] = field(default_factory=list)

    def ask(self, method: str, path: str, **given: object) -> httpx.Response:
        answer = httpx.request(method, f"{self.server.address}{path}", **given)  # type: ignore[arg-type]
        self.answers.append(answer)
        return answer

    def whatever_was_said(self) -> str:
        told = [f"{answer.status_code} {answer.headers} {answer.text}" for answer in self.answers]
        return "\n".join([*told, self.server.log()])


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Asked]:
    """Everything is logged that can be; how lines look makes no difference to what they hold."""
    with ServerProcess(tmp_path / "data", log_level="debug") as server:
        yield Asked(server)


def test_marked_secrets_are_found_nowhere(asked: Asked) -> None:
    made = cli_json(
        *("client", "create", "--data", asked.server.directory),
        *("--organization", "acme", "--name", "test", "--json"),
    )
    basic = base64.b64encode(f"{made['client_id']}:{MARKED}".encode()).decode()
    for path in GETS + POSTS:
        method = "POST" if path in POSTS else "GET"
        for credentials in (f"Bearer {MARKED}", f"Bearer ct_{MARKED}", f"Basic {basic}", MARKED):
            asked.ask(method, path, headers={"Authorization": credentials})
    form = {"grant_type": "client_credentials", "client_id": made["client_id"], "client_secret": MARKED}
    asked.ask("POST", "/oauth/token", data=form)
    asked.ask("POST", "/oauth/token", json=form)
    asked.ask("POST", "/oauth/token", params=form)
    asked.ask("POST", "/oauth/token", files={name: (None, value) for name, value in form.items()})
    asked.ask("POST", "/oauth/token", data={**form, "grant_type": MARKED, "scope": MARKED})
    asked.ask("POST", "/oauth/token", content=b"%" + MARKED.encode(), headers={"Content-Type": MARKED})

    said = asked.whatever_was_said()
    assert MARKED not in said
    assert basic not in said


def test_the_secrets_of_someone_who_is_let_in_are_found_nowhere(asked: Asked) -> None:
    server = asked.server
    credentials = server.new_client()
    api_token = cli_json(
        *("token", "create", "--data", server.directory, "--client", credentials.client_id),
        *("--name", "report", "--json"),
    )["token"]
    access_token = server.token(credentials)

    for token in (api_token, access_token):
        for path in GETS:
            asked.ask("GET", path, headers={"Authorization": f"Bearer {token}"})
            for name in NAMES:
                headers = {"Authorization": f"Bearer {token}", "X-SailPoint-Experimental": "true"}
                asked.ask("GET", path, params={name: MARKED}, headers=headers)
        for path in POSTS:
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            asked.ask("POST", path, params={"access_token": MARKED}, headers=headers, content=b"{")
            asked.ask("POST", path, params={"client_secret": MARKED}, headers=headers, content=b"[]")
    shown = cli_json("client", "list", "--data", server.directory, "--json")
    told = cli_json("token", "list", "--data", server.directory, "--json")

    said = asked.whatever_was_said() + json.dumps([shown, told])
    for secret in (MARKED, api_token, access_token, credentials.client_secret):
        assert secret not in said
