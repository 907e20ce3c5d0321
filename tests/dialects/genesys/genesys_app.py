"""The Genesys dialect over a real query engine, the naive store and a real control database."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from litestar import Litestar

from calltally.api.body_budget import BodyBudget
from calltally.api.request_share import RequestShares
from calltally.auth.caller import Authenticator, Caller
from calltally.clock import FixedClock
from calltally.control.control_database import ControlDatabase
from calltally.control.executions import Executions
from calltally.control.names import NameDirectory
from calltally.control.permissions import READ_USAGE, SEND
from calltally.dialects.genesys import GenesysDialect
from calltally.dictionary import Kind
from calltally.errors import NotAuthenticatedError
from calltally.query.fair_threads import FairThreads
from calltally.query.query_engine import QueryEngine
from calltally.server.bounded_bodies import BodyTransferLimits, BoundedBodies
from calltally.server.path_normalizer import PathNormalizer
from calltally.shares import Shares
from calltally.store.memory.memory_store import MemoryUsageStore
from tests.call_batches import a_call, batch_of

EXAMPLES = Path(__file__).parent / "examples"
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
NAMES = {
    "acme": {"client-1": "Billing", "client-2": "Reports", "client-4": "Billing"},
    "globex": {"client-1": "Their Billing"},
}


class Doorstep:
    """A `Authenticator` that knows a few tokens by heart."""

    def __init__(self) -> None:
        self.callers = {
            "acme-token": Caller("acme-client", "acme", frozenset({READ_USAGE})),
            "colleague-token": Caller("other-client", "acme", frozenset({READ_USAGE})),
            "globex-token": Caller("globex-client", "globex", frozenset({READ_USAGE})),
            "sender-token": Caller("sender", "acme", frozenset({SEND})),
            "oauth-token": Caller("oauth-reader", "acme", frozenset({"oauth:client:view"})),
            "organization-token": Caller("org-reader", "acme", frozenset({"usage:organization:view"})),
            "search-token": Caller("searcher", "acme", frozenset({"usage:simpleSearch:view"})),
            "client-token": Caller("client-reader", "acme", frozenset({"usage:client:view"})),
        }

    async def authenticate(self, authorization: str | None) -> Caller:
        if authorization is None:
            raise NotAuthenticatedError("no bearer token was sent", credentials_were_sent=False)
        caller = self.callers.get(authorization.removeprefix("Bearer "))
        if caller is None:
            raise NotAuthenticatedError("the token is not known", credentials_were_sent=True)
        return caller


class Gate:
    """`Freshness` of a store that answers at once while the gate is open, and not at all while it is shut."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self.waiting = 0

    def shut(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    def open_for_others(self) -> None:
        """Opens the gate; but those who wait already wait forever, like those whose process was killed."""
        self._open = asyncio.Event()
        self._open.set()

    async def caught_up(self) -> None:
        self.waiting += 1
        await self._open.wait()
        self.waiting -= 1

    def unstored(self) -> None:
        """Too many always, so that everybody waits at the gate."""


class NamesInThreads:
    """The clients of the real directory of names, asked off the event loop."""

    def __init__(self, names: NameDirectory) -> None:
        self._names = names

    async def names(self, organization: str, client_ids: Iterable[str]) -> Mapping[str, str]:
        return await asyncio.to_thread(self._names.names, organization, Kind.CLIENT, client_ids)

    async def ids(self, organization: str, names: Iterable[str]) -> frozenset[str]:
        return await asyncio.to_thread(self._names.ids, organization, Kind.CLIENT, names)


@dataclass
class GenesysApp:
    """What a test can ask and turn; ``options`` are those of `GenesysDialect`, and ``kept`` executions'.

    Unless told otherwise a POST waits for its answer, so that results are complete when they are asked for.
    """

    directory: Path
    options: dict[str, Any] = field(default_factory=dict)
    bounds: dict[str, Any] = field(default_factory=dict)
    body_seconds: float = 30
    body_budget: int = 2**30
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    authenticator: Authenticator = field(default_factory=Doorstep)

    def __post_init__(self) -> None:
        self.store = MemoryUsageStore()
        self.gate = Gate()
        self.threads = FairThreads(2, "question")
        self.engine = QueryEngine(self.store, self.gate, self.clock, self.threads)
        self.database = ControlDatabase.in_directory(self.directory)
        self.executions = Executions(self.database, self.clock, **self.bounds)
        self.names = NameDirectory(self.database)
        for organization, names in NAMES.items():
            for client_id, name in names.items():
                self.names.set(organization, Kind.CLIENT, client_id, name)
        self.count(*json.loads((EXAMPLES / "calls.json").read_text()))
        self.dialect = self.new_dialect()

    def count(self, *calls: dict[str, Any]) -> None:
        self.store.apply(batch_of(self.store, *(a_call(**call) for call in calls)))

    def new_dialect(self) -> GenesysDialect:
        """The dialect as a new process would have it."""
        names = NamesInThreads(self.names)
        options = {"ready_within": 10} | self.options
        return GenesysDialect(
            self.engine,
            self.authenticator,
            names,
            self.executions,
            self.clock,
            self.threads,
            **options,
        )

    def asgi(self) -> Any:
        litestar = Litestar([self.dialect.router()], openapi_config=None, logging_config=None)
        budget = BodyBudget(self.body_budget)
        bounds = BodyTransferLimits(self.body_seconds, 1024, RequestShares(budget, budget, Shares(1000)))
        return PathNormalizer(BoundedBodies(litestar, bounds))  # type: ignore[arg-type] # the same ASGI

    def client(self, token: str = "acme-token") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.asgi(), raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.AsyncClient(transport=transport, base_url="http://genesys", headers=headers)

    async def close(self) -> None:
        self.gate.open()
        await self.dialect.stop()
        self.threads.close()
        self.database.close()
