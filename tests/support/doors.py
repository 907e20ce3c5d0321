"""Our own doors over a running meter, and callers who knock on them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
from litestar import Litestar

from calltally.api.body_budget import BodyBudget
from calltally.api.body_threads import BodyThreads
from calltally.api.calls_routes import BodyLimits
from calltally.api.corrections_routes import corrections_router
from calltally.api.inspection_routes import inspection_router
from calltally.api.owner.maintenance_routes import owner_maintenance_router
from calltally.api.owner.verify_routes import owner_verify_router
from calltally.api.problems import problem_response
from calltally.api.usage_routes import usage_router
from calltally.auth.caller import Caller
from calltally.control.permissions import CORRECT, READ_USAGE, SEND
from calltally.errors import NotAuthenticatedError
from tests.support.metering import Metering

_CALLERS = {
    f"Bearer {organization}{suffix}": Caller(f"{organization}-{name}", organization, permissions)
    for organization in ("acme", "globex")
    for suffix, name, permissions in (
        ("", "books", frozenset({READ_USAGE, CORRECT})),
        ("-reader", "reader", frozenset({READ_USAGE})),
        ("-sender", "sender", frozenset({SEND})),
    )
}
"""``acme`` may read and correct, ``acme-reader`` only read, ``acme-sender`` neither; so globex's."""

MOST_CALL_BYTES = 1024
MOST_BODY_BYTES = 100_000
MOST_BODIES_BYTES = 90_000


class _KnownCallers:
    async def authenticate(self, authorization: str | None) -> Caller:
        if authorization is None:
            raise NotAuthenticatedError("no bearer token was sent", credentials_were_sent=False)
        if authorization not in _CALLERS:
            raise NotAuthenticatedError("the token is not known", credentials_were_sent=True)
        return _CALLERS[authorization]


class Doors:
    """What callers send and are answered."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, path: str, *, caller: str = "acme", **params: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {caller}"}
        return await self.client.get(path, params=params, headers=headers)

    async def answer(self, path: str, *, caller: str = "acme", **params: str) -> Any:
        """The JSON answer to a question that must be answered."""
        response = await self.get(path, caller=caller, **params)
        assert response.status_code == 200, response.text
        return response.json()

    async def rows(self, path: str, *, caller: str = "acme", **params: str) -> Any:
        return (await self.answer(path, caller=caller, **params))["rows"]

    async def correct(self, *, caller: str = "acme", **body: Any) -> httpx.Response:
        """Asks for a correction; ``why`` is said unless the body says otherwise."""
        content = msgspec.json.encode({"why": "a test", **body})
        return await self.send(content, caller=caller)

    async def send(self, content: bytes, *, caller: str = "acme", **headers: str) -> httpx.Response:
        """Sends a correction's body as it is."""
        told = {"Authorization": f"Bearer {caller}", "Content-Type": "application/json"}
        return await self.client.post(
            "/v1/corrections",
            content=content,
            headers={**told, **{name.replace("_", "-"): value for name, value in headers.items()}},
        )

    async def corrected(self, *, caller: str = "acme", **body: Any) -> Any:
        """What became of a correction that must succeed."""
        response = await self.correct(caller=caller, **body)
        assert response.status_code == 200, response.text
        return response.json()


@asynccontextmanager
async def open_doors(metering: Metering) -> AsyncIterator[Doors]:
    """The doors of a meter that runs, the owner's among them."""
    meter, keeper, clock = metering.meter, _KnownCallers(), metering.clock
    limits = BodyLimits(body=MOST_BODY_BYTES, call=MOST_CALL_BYTES)
    threads = BodyThreads()
    litestar = Litestar(
        [
            usage_router(meter.engine, keeper, clock),
            inspection_router(meter.engine, keeper, clock),
            corrections_router(
                meter.maintenance,
                meter.engine,
                keeper,
                clock,
                BodyBudget(2 * MOST_BODIES_BYTES),
                threads,
                limits,
            ),
            owner_verify_router(meter.maintenance, meter.engine),
            owner_maintenance_router(meter.maintenance, meter.engine),
        ],
        exception_handlers={Exception: problem_response},
        openapi_config=None,
        logging_config=None,
    )
    transport = httpx.ASGITransport(litestar, raise_app_exceptions=False)  # type: ignore[arg-type] # the same ASGI
    async with httpx.AsyncClient(transport=transport, base_url="http://calltally.example") as client:
        yield Doors(client)
    threads.close()


def faults(response: httpx.Response) -> list[tuple[str, Any]]:
    """The fields that a refusal names, each with what was received; everything says what is wrong."""
    assert response.status_code == 400, response.text
    assert response.headers["content-type"] == "application/problem+json"
    errors = response.json()["errors"]
    assert all(error["detail"] for error in errors)
    return [(error["field"], error.get("received")) for error in errors]
