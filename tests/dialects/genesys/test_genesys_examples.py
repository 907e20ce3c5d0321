"""Requests and replies, as files; numbers in them were worked out by hand from ``calls.json``."""

import json
import re
from typing import Any

import httpx
import pytest

from tests.dialects.genesys.genesys_app import EXAMPLES

FILES = sorted(set(EXAMPLES.glob("*.json")) - {EXAMPLES / "calls.json"})
UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
async def test_the_replies_are_those_in_the_example(client: httpx.AsyncClient, file: Any) -> None:
    del client.headers["Authorization"]
    conversation = Conversation(client)

    for exchange in json.loads(file.read_text())["exchanges"]:
        reply = await conversation.ask(exchange["request"])

        assert reply.status_code == exchange["reply"]["status"]
        assert conversation.said(reply) == exchange["reply"]["body"]
        assert {name: reply.headers.get(name) for name in exchange["reply"]["headers"]} == (
            exchange["reply"]["headers"]
        )


def test_there_are_examples() -> None:
    assert len(FILES) >= 44


class Conversation:
    """Requests of which later ones can use ``{executionId}`` and ``{after}`` of earlier replies."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._known: dict[str, str] = {}

    async def ask(self, request: Any) -> httpx.Response:
        path = re.sub(r"\{(\w+)\}", lambda match: self._known[match[1]], request["path"])
        body = {"json": request["body"]} if "body" in request else {}
        return await self._client.request(request["method"], path, headers=request["headers"], **body)

    def said(self, reply: httpx.Response) -> Any:
        """The body, with a name for everything that is new each time."""
        body = reply.json()
        self._known.update({key: body[key] for key in ("executionId",) if key in body})
        self._known.update(body.get("cursors", {}))
        text = reply.text.replace(_correlation_id(reply), "<ININ-Correlation-Id>")
        for name, value in self._known.items():
            text = text.replace(value, "<executionId>" if name == "executionId" else "<cursor>")
        return json.loads(text)


def _correlation_id(reply: httpx.Response) -> str:
    correlation_id = reply.headers["ININ-Correlation-Id"]
    assert re.fullmatch(UUID, correlation_id)
    return correlation_id
