"""Calltally itself as the vendor: three dialects and a login behind a real socket, with known calls."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from litestar import Litestar

from calltally.auth.token_endpoint import token_router
from calltally.clients import GenesysOrganization, SailPointTenant, SegmentWorkspace
from calltally.clock import FixedClock
from calltally.control.executions import Executions
from calltally.control.names import NameDirectory
from calltally.dialects.genesys import GenesysDialect
from calltally.dialects.sailpoint import SailPointDialect
from calltally.dialects.segment import SegmentDialect
from calltally.dictionary import Kind
from calltally.query.fair_threads import FairThreads
from calltally.query.query_engine import QueryEngine
from calltally.server.path_normalizer import PathNormalizer
from calltally.store.memory.memory_store import MemoryUsageStore
from tests.call_batches import a_call, batch_of
from tests.installations import open_installation
from tests.support.always_fresh import AlwaysFresh

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)

_USERS = {"method": "GET", "route": "/users/{id}", "client_id": "billing", "source_id": "crm"}
_ORDERS = {"method": "POST", "route": "/orders", "client_id": "shop", "source_id": "a b/c"}
CALLS: list[dict[str, Any]] = [
    {**_USERS, "account_id": "ann", "time": "2026-02-03T10:00:00Z"},
    {**_USERS, "account_id": "ann", "time": "2026-03-01T10:00:00Z"},
    {**_USERS, "account_id": "ann", "time": "2026-03-02T10:00:00Z", "status": 404},
    {**_USERS, "account_id": "bob", "time": "2026-03-02T11:00:00Z"},
    {**_ORDERS, "account_id": "100%", "time": "2026-03-02T12:00:00Z", "status": 201},
    {**_ORDERS, "account_id": "100%", "time": "2026-03-05T12:00:00Z", "status": 500},
    {**_USERS, "time": "2026-03-04T10:00:00Z", "organization": "globex"},
]


class _Names:
    """The directory of names, asked off the event loop."""

    def __init__(self, directory: NameDirectory) -> None:
        self._directory = directory

    async def has_source(self, organization: str, source_id: str) -> bool:
        return await asyncio.to_thread(self._directory.has_source, organization, source_id)

    async def names(self, organization: str, client_ids: Iterable[str]) -> Mapping[str, str]:
        return await asyncio.to_thread(self._directory.names, organization, Kind.CLIENT, client_ids)

    async def ids(self, organization: str, names: Iterable[str]) -> frozenset[str]:
        return await asyncio.to_thread(self._directory.ids, organization, Kind.CLIENT, names)


@dataclass(frozen=True)
class CalltallyServer:
    """Where it listens, and who of acme's may log in: one who may read usage, and one who may only send."""

    base_url: str
    reader: tuple[str, str]
    sender: tuple[str, str]
    token: str

    @property
    def tenant(self) -> SailPointTenant:
        return SailPointTenant(self.base_url, *self.reader)

    @property
    def workspace(self) -> SegmentWorkspace:
        return SegmentWorkspace(self.token, self.base_url)

    @property
    def organization(self) -> GenesysOrganization:
        return GenesysOrganization(self.base_url, *self.reader)


@contextmanager
def calltally_server(directory: Path) -> Iterator[CalltallyServer]:
    """A server for as long as the block lasts; its clock stands at `NOW`."""
    installation = open_installation(directory)
    installation.names.set("acme", Kind.CLIENT, "billing", "Billing")
    installation.names.set("acme", Kind.CLIENT, "shop", "Shop")
    reader = installation.clients.create("acme", "Reader", ["usage:read"])
    sender = installation.clients.create("acme", "Sender", ["calls:send"])
    store, clock = MemoryUsageStore(), FixedClock(NOW)
    store.apply(batch_of(store, *(a_call(**call) for call in CALLS)))
    with contextlib.closing(FairThreads(2, "question")) as threads:
        engine = QueryEngine(store, AlwaysFresh(), clock, threads)
        authority, names = installation.authority, _Names(installation.names)
        executions = Executions(installation.database, clock)
        routers = [
            token_router(authority, installation.clients),
            SailPointDialect(engine, authority, names, clock).router(),
            SegmentDialect(engine, authority, clock).router(),
            GenesysDialect(engine, authority, names, executions, clock, threads).router(),
        ]
        app: Any = Litestar(routers, openapi_config=None, logging_config=None)
        with _listening(PathNormalizer(app)) as address:
            yield CalltallyServer(
                address,
                (reader.client_id, reader.client_secret),
                (sender.client_id, sender.client_secret),
                installation.issue(reader),
            )
    installation.database.close()


@contextmanager
def _listening(application: Any) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(application, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.005)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
