"""The Segment dialect over a real query engine and the naive store, with known calls and known clients."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from litestar import Litestar

from calltally.auth.caller import Caller
from calltally.clock import FixedClock
from calltally.control.permissions import READ_USAGE, SEND
from calltally.dialects.segment import SegmentDialect
from calltally.errors import NotAuthenticatedError
from calltally.query.fair_threads import FairThreads
from calltally.query.query_engine import QueryEngine
from calltally.store.memory.memory_store import MemoryUsageStore
from tests.call_batches import a_call, batch_of
from tests.support.always_fresh import AlwaysFresh

EXAMPLES = Path(__file__).parent / "examples"
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)

PER_SOURCE = "/usage/api-calls/sources/daily"
WORKSPACE = "/usage/api-calls/daily"
PATHS = [PER_SOURCE, WORKSPACE]


class Doorstep:
    """A `Authenticator` that knows a few tokens by heart."""

    def __init__(self) -> None:
        self.callers = {
            "acme-token": Caller("acme-client", "acme", frozenset({READ_USAGE})),
            "globex-token": Caller("globex-client", "globex", frozenset({READ_USAGE})),
            "sender-token": Caller("sender", "acme", frozenset({SEND})),
        }

    async def authenticate(self, authorization: str | None) -> Caller:
        if authorization is None:
            raise NotAuthenticatedError("no bearer token was sent", credentials_were_sent=False)
        caller = self.callers.get(authorization.removeprefix("Bearer "))
        if caller is None:
            raise NotAuthenticatedError("the token is unknown", credentials_were_sent=True)
        return caller


@dataclass
class SegmentApp:
    """What a test can ask and turn; ``options`` are those of `SegmentDialect`."""

    options: dict[str, Any] = field(default_factory=dict)
    known_calls: bool = True
    store: MemoryUsageStore = field(default_factory=MemoryUsageStore)
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    doorstep: Doorstep = field(default_factory=Doorstep)
    threads: FairThreads = field(default_factory=lambda: FairThreads(2, "question"))

    def __post_init__(self) -> None:
        self.engine = QueryEngine(self.store, AlwaysFresh(), self.clock, self.threads)
        if self.known_calls:
            self.count(*json.loads((EXAMPLES / "calls.json").read_text()))

    def count(self, *calls: dict[str, Any]) -> None:
        self.store.apply(batch_of(self.store, *(a_call(**call) for call in calls)))

    def litestar(self) -> Litestar:
        dialect = SegmentDialect(self.engine, self.doorstep, self.clock, **self.options)
        return Litestar([dialect.router()], openapi_config=None, logging_config=None)

    def visitor(self) -> httpx.AsyncClient:
        """A client with acme's token."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.litestar(), raise_app_exceptions=False),  # type: ignore[arg-type]
            base_url="http://segment",
            headers={"Authorization": "Bearer acme-token"},
        )
