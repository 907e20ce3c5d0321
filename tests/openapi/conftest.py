"""One server process for all tests of the document, and who speaks to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest

from calltally.control.permissions import CORRECT, DEFAULT, WRITE_DIRECTORY
from tests.end_to_end.server_process import Credentials, ServerProcess, post

_NO_LIMITS = {
    "sailpoint_requests": 1_000_000,
    "segment_requests_per_minute": 1_000_000,
    "genesys_requests_per_minute": 1_000_000,
    "login_failures_per_minute": 1_000_000,
}
_SECONDS_FOR_A_BODY = 2


@dataclass(frozen=True)
class Served:
    """A server with some calls of today, and a client that may do everything in its organization."""

    server: ServerProcess
    credentials: Credentials
    token: str

    @property
    def address(self) -> str:
        return self.server.address

    def visitor(self) -> httpx.Client:
        return self.server.visitor(self.token)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    directory = tmp_path_factory.mktemp("openapi") / "data"
    with ServerProcess(directory, body_timeout_seconds=_SECONDS_FOR_A_BODY, **_NO_LIMITS) as server:
        credentials = server.new_client("acme", *sorted(DEFAULT | {CORRECT, WRITE_DIRECTORY}))
        token = server.token(credentials)
        now = datetime.now(UTC).isoformat()
        call = {
            "time": now,
            "client_id": "shop",
            "source_id": "s-1",
            "account_id": "a-1",
            "path": "/users/17",
            "status": 200,
        }
        with server.visitor(token) as visitor:
            post(visitor, [{**call, "id": f"c-{number}", "method": "GET"} for number in range(20)])
            post(visitor, [{**call, "id": "c-1"}, {**call, "id": "c-20", "status": 99}])
        yield Served(server, credentials, token)
