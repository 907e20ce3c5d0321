"""Our own usage doors over a real query engine and the naive store, with callers known by heart."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from litestar import Litestar
from litestar.testing import TestClient

from calltally.api.problems import problem_response
from calltally.api.usage_routes import usage_router
from calltally.auth.caller import Caller
from calltally.call import Call
from calltally.clock import FixedClock
from calltally.control.permissions import READ_USAGE, SEND
from calltally.errors import NotAuthenticatedError
from calltally.query.fair_threads import FairThreads
from calltally.query.query_engine import QueryEngine
from calltally.store.memory.memory_store import MemoryUsageStore
from tests.call_batches import batch_of
from tests.support.always_fresh import AlwaysFresh

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)

_CALLERS = {
    "Bearer acme": Caller("acme-client", "acme", frozenset({READ_USAGE})),
    "Bearer globex": Caller("globex-client", "globex", frozenset({READ_USAGE})),
    "Bearer sender": Caller("sender", "acme", frozenset({SEND})),
}


class KnownCallers:
    """A `Authenticator` that admits acme's and globex's readers, and a sender who may not read."""

    async def authenticate(self, authorization: str | None) -> Caller:
        if authorization is None:
            raise NotAuthenticatedError("no bearer token was sent", credentials_were_sent=False)
        if authorization not in _CALLERS:
            raise NotAuthenticatedError("the token is not known", credentials_were_sent=True)
        return _CALLERS[authorization]


@dataclass
class UsageApp:
    """The doors, what they answer from, and their clock, which shows noon on Sunday 15 March 2026."""

    client: TestClient[Litestar]
    store: MemoryUsageStore
    clock: FixedClock

    def count(self, *calls: Call) -> None:
        self.store.apply(batch_of(self.store, *calls))

    def get(self, path: str, *, caller: str = "acme", accept: str = "*/*") -> httpx.Response:
        headers = {"Authorization": f"Bearer {caller}", "Accept": accept}
        return self.client.get(path, headers=headers)

    def usage(self, question: str = "", *, caller: str = "acme") -> Any:
        """The JSON answer to a query string."""
        response = self.get(f"/v1/usage?{question}", caller=caller)
        assert response.status_code == 200, response.text
        return response.json()

    def rows(self, question: str = "", *, caller: str = "acme") -> Any:
        return self.usage(question, caller=caller)["rows"]

    def faults(self, question: str, *, path: str = "/v1/usage") -> Any:
        """What is said to be wrong with a query string."""
        response = self.get(f"{path}?{question}")
        assert response.status_code == 400, response.text
        return response.json()["errors"]


@contextmanager
def usage_app() -> Iterator[UsageApp]:
    store, clock = MemoryUsageStore(), FixedClock(NOW)
    with contextlib.closing(FairThreads(2, "question")) as threads:
        engine = QueryEngine(store, AlwaysFresh(), clock, threads)
        litestar = Litestar(
            [usage_router(engine, KnownCallers(), clock)],
            exception_handlers={Exception: problem_response},
            openapi_config=None,
            logging_config=None,
        )
        with TestClient(litestar, raise_server_exceptions=False) as client:
            yield UsageApp(client, store, clock)
