"""Jobs about March, begun and looked at as a program would."""

import asyncio
from collections.abc import Iterable
from typing import Any

import httpx

from tests.dialects.genesys.genesys_app import GenesysApp

JOBS = "/api/v2/usage/aggregates/query/jobs"
CLIENT_JOBS = "/api/v2/usage/client/client-1/aggregates/query/jobs"
MARCH = {"interval": "2026-03/2026-03"}


def count_routes(app: GenesysApp, client_id: str, routes: Iterable[str]) -> None:
    """Counts one call of March on each."""
    app.count(*({"time": "2026-03-14T10:00:00Z", "client_id": client_id, "route": route} for route in routes))


async def begun(client: httpx.AsyncClient, path: str = JOBS, **fields: Any) -> str:
    """Asks about March; returns where the results are."""
    reply = await client.post(path, json=MARCH | fields)
    assert reply.status_code == 200, reply.text
    uri: str = reply.json()["resultsUri"]
    return uri


async def entities(client: httpx.AsyncClient, path: str = JOBS, **fields: Any) -> Any:
    """All that a job finds on its first page."""
    reply = await client.get(await begun(client, path, **fields))
    assert (reply.status_code, reply.json()["queryStatus"]) == (200, "Succeeded")
    return reply.json()["entities"]


async def succeeded(client: httpx.AsyncClient, uri: str) -> Any:
    """What a job shows once it is done."""
    for _ in range(1000):
        result = (await client.get(uri)).json()
        if result["queryStatus"] == "Succeeded":
            return result
        await asyncio.sleep(0.005)
    raise TimeoutError


async def refusal(client: httpx.AsyncClient, path: str = JOBS, **fields: Any) -> tuple[int, str, str]:
    body = (reply := await client.post(path, json=MARCH | fields)).json()
    return reply.status_code, body["code"], body["message"]


async def requests(client: httpx.AsyncClient, path: str = JOBS, **fields: Any) -> list[int]:
    rows = await entities(client, path, metrics=["Requests"], **fields)
    return [row["requestCount"] for row in rows]
