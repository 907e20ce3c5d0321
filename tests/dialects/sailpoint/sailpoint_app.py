"""The SailPoint dialect over a real query engine and the naive store, with known calls and known clients."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from litestar import Litestar

from calltally.auth.caller import Caller
from calltally.clock import FixedClock
from calltally.control.permissions import READ_USAGE, SEND
from calltally.dialects.sailpoint import SailPointDialect
from calltally.errors import NotAuthenticatedError
from calltally.query.fair_threads import FairThreads
from calltally.query.query_engine import QueryEngine
from calltally.store.memory.memory_store import MemoryUsageStore
from tests.call_batches import a_call, batch_of
from tests.support.always_fresh import AlwaysFresh

EXAMPLES = Path(__file__).parent / "examples"
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)


class Doorstep:
    """A `Authenticator` that knows a few tokens by heart."""

    def __init__(self) -> None:
        self.callers = {
            "acme-token": Caller("acme-client", "acme", frozenset({READ_USAGE})),
            "globex-token": Caller("globex-client", "globex", frozenset({READ_USAGE})),
            "sender-token": Caller("sender", "acme", frozenset({SEND})),
            "api-usage-token": Caller("counter", "acme", frozenset({"sp:api-usage:read"})),
            "activity-token": Caller("auditor", "acme", frozenset({"idn:identity-history:manage"})),
        }

    async def authenticate(self, authorization: str | None) -> Caller:
        if authorization is None:
            raise NotAuthenticatedError("no bearer token was sent", credentials_were_sent=False)
        caller = self.callers.get(authorization.removeprefix("Bearer "))
        if caller is None:
            raise NotAuthenticatedError("JWT validation failed", credentials_were_sent=True)
        return caller


class NamedSources:
    """A directory that holds one source, of which no call tells."""

    async def has_source(self, organization: str, source_id: str) -> bool:
        return (organization, source_id) == ("acme", "src-named")


@dataclass
class SailPointApp:
    """What a test can ask and turn; ``options`` are those of `SailPointDialect`."""

    options: dict[str, Any] = field(default_factory=dict)
    store: MemoryUsageStore = field(default_factory=MemoryUsageStore)
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    doorstep: Doorstep = field(default_factory=Doorstep)
    threads: FairThreads = field(default_factory=lambda: FairThreads(2, "question"))

    def __post_init__(self) -> None:
        known = json.loads((EXAMPLES / "calls.json").read_text())
        self.engine = QueryEngine(self.store, AlwaysFresh(), self.clock, self.threads)
        self.store.apply(batch_of(self.store, *(a_call(**call) for call in known)))

    def count(self, *calls: dict[str, Any]) -> None:
        self.store.apply(batch_of(self.store, *(a_call(**call) for call in calls)))

    def litestar(self) -> Litestar:
        dialect = SailPointDialect(self.engine, self.doorstep, NamedSources(), self.clock, **self.options)
        return Litestar([dialect.router()], openapi_config=None, logging_config=None)
