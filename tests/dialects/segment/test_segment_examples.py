"""Every request in ``examples/`` gets the reply written beside it."""

import json
from typing import Any

import httpx
import pytest

from tests.dialects.segment.segment_app import EXAMPLES

PAIRS = sorted(set(EXAMPLES.glob("*.json")) - {EXAMPLES / "calls.json"})
NAMES = [file.stem for file in PAIRS]


@pytest.mark.parametrize("example", [json.loads(file.read_text()) for file in PAIRS], ids=NAMES)
async def test_the_reply_is_the_one_in_the_example(
    client: httpx.AsyncClient, example: dict[str, Any]
) -> None:
    for name in ("Authorization", "Accept"):
        del client.headers[name]

    reply = await client.request(
        example["request"]["method"], example["request"]["path"], headers=example["request"]["headers"]
    )

    assert reply.status_code == example["reply"]["status"]
    assert reply.json() == example["reply"]["body"]
    assert {name: reply.headers.get(name) for name in example["reply"]["headers"]} == (
        example["reply"]["headers"]
    )


def test_there_are_examples() -> None:
    assert len(PAIRS) >= 24
