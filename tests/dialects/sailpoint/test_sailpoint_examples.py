"""Every request in ``examples/`` gets the reply written beside it."""

import json
import re
from typing import Any

import httpx
import pytest

from tests.dialects.sailpoint.sailpoint_app import EXAMPLES

PAIRS = sorted(set(EXAMPLES.glob("*.json")) - {EXAMPLES / "calls.json"})
NAMES = [file.stem for file in PAIRS]


@pytest.mark.parametrize("example", [json.loads(file.read_text()) for file in PAIRS], ids=NAMES)
async def test_the_reply_is_the_one_in_the_example(
    client: httpx.AsyncClient, example: dict[str, Any]
) -> None:
    del client.headers["Authorization"]

    reply = await client.request(
        example["request"]["method"], example["request"]["path"], headers=example["request"]["headers"]
    )

    assert reply.status_code == example["reply"]["status"]
    assert _without_tracking_id(reply) == example["reply"]["body"]
    assert {name: reply.headers.get(name) for name in example["reply"]["headers"]} == (
        example["reply"]["headers"]
    )


def test_there_are_examples() -> None:
    assert len(PAIRS) >= 39


def _without_tracking_id(reply: httpx.Response) -> Any:
    """The body, with the tracking id replaced by the name of the header that must say the same."""
    request_id = reply.headers["SLPT-Request-ID"]
    assert re.fullmatch("[0-9a-f]{32}", request_id)
    return json.loads(reply.text.replace(request_id, "<SLPT-Request-ID>"))
