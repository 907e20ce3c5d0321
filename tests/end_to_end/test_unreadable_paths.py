"""A path that is not UTF-8 is refused, in the words of the door it leads to."""

from collections.abc import Iterator

import httpx
import pytest

from calltally.control.permissions import DEFAULT, WRITE_DIRECTORY
from tests.end_to_end.server_process import ServerProcess

_REPLACEMENT = "%EF%BF%BD"


@pytest.fixture(scope="module")
def visitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with ServerProcess(tmp_path_factory.mktemp("paths") / "data") as server:
        token = server.token(server.new_client("acme", *DEFAULT, WRITE_DIRECTORY))
        with server.visitor(token) as visitor:
            yield visitor


@pytest.mark.parametrize(
    ("method", "path", "status", "marks"),
    [
        ("PUT", "/v1/clients/caf%E9", 400, ("title", "detail", "errors")),
        ("GET", "/v1/nothing/%ff", 400, ("title", "detail", "errors")),
        ("GET", "/%C3%28", 400, ("title", "detail", "errors")),
        ("GET", "/%ED%A0%80", 400, ("title", "detail", "errors")),
        ("GET", "/v2025/account-usages/%FF/summaries", 400, ("detailCode", "trackingId", "messages")),
        ("GET", "/api/v2/oauth/clients/%FF/usage/summary", 400, ("message", "code", "status")),
        ("GET", "/usage/api-calls/sources/%FF", 422, ("errors",)),
    ],
)
def test_a_path_that_is_not_utf8_is_refused_in_the_words_of_its_door(
    visitor: httpx.Client, method: str, path: str, status: int, marks: tuple[str, ...]
) -> None:
    reply = visitor.request(method, path, json={"name": "Cafe"} if method == "PUT" else None)

    assert reply.status_code == status
    assert set(marks) <= reply.json().keys()
    assert "not UTF-8" in reply.text


def test_nothing_is_stored_under_what_such_a_path_would_become(visitor: httpx.Client) -> None:
    refused = visitor.put("/v1/clients/caf%E9", json={"name": "Latin"})
    stored = visitor.put(f"/v1/clients/caf{_REPLACEMENT}", json={"name": "Meant so"})
    clients = visitor.get("/v1/clients").json()

    assert (refused.status_code, stored.status_code) == (400, 200)
    assert sorted(one["name"] for one in clients["rows"]) == ["Meant so", "test"]  # the latter by its login
