"""A server with known calls, which an SDK is told to ask about."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.end_to_end.server_process import Credentials, ServerProcess, post
from tests.sdks.known_calls import calls_of_others, known_calls
from tests.sdks.naive_count import NaiveCount
from tests.sdks.sdk_program import Visit

_SECONDS_FOR_ALL_TESTS = 120


@dataclass(frozen=True)
class Served:
    """The server, what it was told of, and those who may come."""

    server: ServerProcess
    now: datetime
    calls: NaiveCount
    reader: Credentials
    sender: Credentials

    @property
    def visit(self) -> Visit:
        """Of one who may read everything."""
        return self.visit_of(self.reader)

    @property
    def visit_of_a_sender(self) -> Visit:
        """Of one who may send calls and read nothing."""
        return self.visit_of(self.sender)

    @property
    def visit_of_nobody(self) -> Visit:
        return Visit(self.server.address)

    def visit_of(self, credentials: Credentials) -> Visit:
        return Visit(self.server.address, credentials.client_id, credentials.client_secret)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Everything was sent before the first question, and no midnight passes until the last one.

    SDKs take minutes to build, so tests name them before this.
    """
    now = _now_with_time_left_today()
    unlimited = {"sailpoint_requests": 1_000_000, "genesys_requests_per_minute": 1_000_000}
    with ServerProcess(tmp_path_factory.mktemp("sdks") / "data", **unlimited) as server:
        reader, others = server.new_client(), server.new_client("globex")
        for owner, calls in ((reader, known_calls(now)), (others, calls_of_others(now))):
            with server.visitor(server.token(owner)) as visitor:
                assert post(visitor, calls, backfill=True)["accepted"] == len(calls)
        sender = server.new_client("acme", "calls:send")
        yield Served(server, now, NaiveCount(known_calls(now)), reader, sender)


@pytest.fixture
def hurried(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Of one who may read everything on a server without calls; parametrized with its settings."""
    with ServerProcess(tmp_path / "data", **request.param) as server:
        reader = server.new_client()
        yield Visit(server.address, reader.client_id, reader.client_secret)


def _now_with_time_left_today() -> datetime:
    """Questions about today and this month must be asked on the day that they were answered for by hand."""
    now = datetime.now(UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    if (left := (midnight - now).total_seconds()) < _SECONDS_FOR_ALL_TESTS:
        time.sleep(left)
    return datetime.now(UTC).replace(microsecond=0)
