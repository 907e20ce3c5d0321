"""Segment's own TypeScript SDK, unmodified, against a real server."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.dialects.segment.segment_server import SegmentServer, serving
from tests.dialects.segment.typescript_sdk import TypeScriptSdk, installed


@pytest.fixture(scope="module")
def server() -> Iterator[SegmentServer]:
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def sdk() -> TypeScriptSdk:
    return installed()


def test_the_workspace_operation_is_read(sdk: TypeScriptSdk, server: SegmentServer) -> None:
    data = sdk.run(server, "return unwrap(api.getDailyWorkspaceAPICallsUsage('2026-03-01', { count: 200 }));")

    totals = [row["apiCalls"] for row in data["dailyWorkspaceAPICallsUsage"]]
    assert totals == ["0", "3", "3", *["4"] * 6, *["5"] * 5, "6"]
    assert data["dailyWorkspaceAPICallsUsage"][1]["timestamp"] == "2026-03-02T00:00:00Z"
    assert data["pagination"]["totalEntries"] == 15


def test_the_per_source_operation_is_read(sdk: TypeScriptSdk, server: SegmentServer) -> None:
    data = sdk.run(
        server, "return unwrap(api.getDailyPerSourceAPICallsUsage('2026-03-14', { count: 1000 }));"
    )

    assert data["dailyPerSourceAPICallsUsage"][-3:] == [
        {"sourceId": "", "apiCalls": "1", "timestamp": "2026-03-15T00:00:00Z"},
        {"sourceId": "src-a", "apiCalls": "3", "timestamp": "2026-03-15T00:00:00Z"},
        {"sourceId": "src-b", "apiCalls": "2", "timestamp": "2026-03-15T00:00:00Z"},
    ]
    assert len(data["dailyPerSourceAPICallsUsage"]) == data["pagination"]["totalEntries"] == 45


@pytest.mark.parametrize(
    ("operation", "key"),
    [
        ("getDailyPerSourceAPICallsUsage", "dailyPerSourceAPICallsUsage"),
        ("getDailyWorkspaceAPICallsUsage", "dailyWorkspaceAPICallsUsage"),
    ],
)
def test_the_sdk_pages_to_the_end(
    sdk: TypeScriptSdk, server: SegmentServer, operation: str, key: str
) -> None:
    rows, whole, pages = sdk.run(
        server,
        f"""
const whole = await unwrap(api.{operation}("2026-02-01", {{ count: 1000 }}));
const rows = [];
let pages = 0;
let cursor = null;
do {{
    const page = await unwrap(api.{operation}("2026-02-01", {{ count: 13, cursor }}));
    rows.push(...page.{key});
    cursor = page.pagination.next;
    pages += 1;
}} while (cursor);
return [rows, whole.{key}, pages];
""",
    )

    assert rows == whole
    assert pages == -(-len(whole) // 13) > 2


def test_an_empty_pagination_is_a_first_page(sdk: TypeScriptSdk, server: SegmentServer) -> None:
    script = "return unwrap(api.getDailyWorkspaceAPICallsUsage('2026-03-01', {}));"

    lost_in_the_client = f"api.useQuerystring = true; {script}"

    assert sdk.run(server, script) == sdk.run(server, lost_in_the_client)


@pytest.mark.parametrize(
    ("period", "pagination", "field"),
    [
        ("last month", "{ count: 1 }", "period"),
        ("2026-03-01", "{ count: 0 }", "pagination.count"),
        ("2026-03-01", "{ count: 1001 }", "pagination.count"),
        ("2026-03-01", "{ count: 1, cursor: 'MQ==' }", "pagination.cursor"),
    ],
)
def test_a_bad_parameter_is_told_by_its_field(
    sdk: TypeScriptSdk, server: SegmentServer, period: str, pagination: str, field: str
) -> None:
    asking = f"api.getDailyPerSourceAPICallsUsage('{period}', {pagination})"

    refusal = sdk.run(server, f"return refused({asking});")
    unwrapped = sdk.run(server, f"return unwrap({asking}).catch((error) => error);")

    assert refusal["status"] == 422
    assert [error["field"] for error in refusal["errors"]] == [field]
    assert unwrapped == refusal["errors"][0]


@pytest.mark.parametrize("token", ["", "forged", "sender-token"])
def test_without_a_token_that_may_read_the_sdk_is_refused(
    sdk: TypeScriptSdk, server: SegmentServer, token: str
) -> None:
    script = "return refused(api.getDailyWorkspaceAPICallsUsage('2026-03-01', { count: 1 }));"

    refusal: Any = sdk.run(server, script, token)

    assert refusal["status"] == 401
    assert refusal["errors"][0]["type"] == "unauthorized"


def test_a_request_too_many_tells_the_sdk_when_to_come_back(sdk: TypeScriptSdk) -> None:
    script = """
const ask = () => api.getDailyWorkspaceAPICallsUsage("2026-03-01", { count: 1 });
const { response } = await ask();
return [response.headers["x-ratelimit-remaining"], await refused(ask())];
"""
    with serving(requests=1, per_seconds=60) as server:
        remaining, refusal = sdk.run(server, script)

    assert remaining == "0"
    assert (refusal["status"], refusal["errors"][0]["message"]) == (429, "Too many requests")
    assert 1 <= int(refusal["retryAfter"]) <= 61


def test_a_trailing_slash_of_the_base_url_does_no_harm(sdk: TypeScriptSdk, server: SegmentServer) -> None:
    script = """
api.basePath = baseUrl + "/";
return unwrap(api.getDailyWorkspaceAPICallsUsage("2026-03-01", { count: 1 }));
"""

    assert sdk.run(server, script)["pagination"]["totalEntries"] == 15
