"""One question in three vendors' words and in ours: one number."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.server_process import ServerProcess, post, usage

NOW = datetime.now(UTC)
MONTH = NOW.strftime("%Y-%m")
CALLS = 137


@pytest.fixture(scope="module")
def visitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Speaks for an organization with 137 calls this month, 37 of them refused, one a second up to now."""
    with ServerProcess(Path(tmp_path_factory.mktemp("one")) / "data") as server:
        month = datetime(NOW.year, NOW.month, 1, tzinfo=UTC)
        with server.visitor(server.token()) as visitor:
            post(
                visitor,
                [
                    {
                        "id": f"call-{number}",
                        "time": max(month, NOW - timedelta(seconds=number)).isoformat(),
                        "client_id": f"client-{number % 3}",
                        "source_id": f"source-{number % 2}",
                        "method": "GET",
                        "route": "/users/{id}",
                        "status": 429 if number < 37 else 200,
                    }
                    for number in range(CALLS)
                ],
                backfill=True,
            )
            yield visitor


def test_our_own_api_counts_them(visitor: httpx.Client) -> None:
    (row,) = usage(visitor, metrics="calls,status_429,status_400")

    assert row == {"calls": 137, "status_429": 37, "status_400": 37}


def test_sailpoint_counts_them(visitor: httpx.Client) -> None:
    headers = {"X-SailPoint-Experimental": "true"}

    yearly = visitor.get("/v2025/api-usage/count", headers=headers).json()
    by_route = visitor.get("/api-usage/v1/summary").json()

    assert yearly == {"NumberOfCalls": 137}
    assert by_route == [{"RequestedUri": "/users/<id>", "NumberOfCalls": 137}]


def test_segment_counts_them(visitor: httpx.Client) -> None:
    workspace = visitor.get("/usage/api-calls/daily", params={"period": f"{MONTH}-01"}).json()["data"]
    sources = visitor.get("/usage/api-calls/sources/daily", params={"period": f"{MONTH}-01"}).json()["data"]

    today = workspace["dailyWorkspaceAPICallsUsage"][-1]
    of_sources = sources["dailyPerSourceAPICallsUsage"][-2:]
    assert today["apiCalls"] == "137"
    assert [(row["sourceId"], row["apiCalls"]) for row in of_sources] == [
        ("source-0", "69"),
        ("source-1", "68"),
    ]


def test_genesys_counts_them(visitor: httpx.Client) -> None:
    asked = visitor.post("/api/v2/usage/query", json={"interval": f"{MONTH}/{MONTH}"})
    answer: dict[str, Any] = {"queryStatus": "Running"}
    deadline = time.monotonic() + 20
    while answer["queryStatus"] == "Running" and time.monotonic() < deadline:
        answer = visitor.get(asked.json()["resultsUri"]).json()

    rows = answer["results"]
    assert answer["queryStatus"] == "Complete"
    assert sum(row["requests"] for row in rows) == 137
    assert sum(row["status429"] for row in rows) == 37
    assert [row["clientId"] for row in rows] == ["client-0", "client-1", "client-2"]
