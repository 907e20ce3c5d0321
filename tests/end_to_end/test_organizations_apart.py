"""Whatever one organization asks, at whatever door, it learns nothing of another one."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest

from calltally.control.permissions import CORRECT, DEFAULT, WRITE_DIRECTORY
from tests.end_to_end.server_process import Credentials, ServerProcess, post

MARK = "onlyacmes"
NOW = datetime.now(UTC)
MONTH = NOW.strftime("%Y-%m-01")
FEW = {"granularity": "total", "group_by": "client_id", "limit": "1"}
EXPERIMENTAL = {"X-SailPoint-Experimental": "true"}


@dataclass
class Neighbours:
    """A server that both use; what acme holds there is marked, and nobody ever heard of the stranger's."""

    server: ServerProcess
    acme: httpx.Client
    globex: httpx.Client
    acme_client: Credentials


@pytest.fixture(scope="module")
def neighbours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbours]:
    with ServerProcess(tmp_path_factory.mktemp("apart") / "data") as server:
        acme_client = server.new_client("acme-" + MARK, *DEFAULT, CORRECT, WRITE_DIRECTORY)
        globex_client = server.new_client("globex", *DEFAULT, WRITE_DIRECTORY)
        with (
            server.visitor(server.token(acme_client)) as acme,
            server.visitor(server.token(globex_client)) as globex,
        ):
            calls = [
                {
                    "id": f"{MARK}-{number}",
                    "time": NOW.isoformat(),
                    "client_id": f"{MARK}-client-{number}",
                    "client_name": f"{MARK} client",
                    "source_id": f"{MARK}-source",
                    "source_name": f"{MARK} source",
                    "account_id": f"{MARK}-account",
                    "account_name": f"{MARK} account",
                    "path": f"/{MARK}/path",
                    "method": "GET",
                    "status": 200,
                }
                for number in range(3)
            ]
            assert post(acme, calls)["accepted"] == 3
            assert post(acme, [{**calls[0], "status": 500}])["conflict"] == 1
            assert post(acme, [{**calls[0], "status": 99}])["rejected"] == 1
            correction = {"action": "amend", "calls": [calls[0]], "why": MARK}
            assert acme.post("/v1/corrections", json=correction).json()["restated"] == 1
            yield Neighbours(server, acme, globex, acme_client)


QUESTIONS = [
    ("/v1/usage?group_by=client_id,user_id,source_id,account_id,route", {}),
    ("/v1/usage?client_id={mark}-client-1&source_id={mark}-source", {}),
    ("/v1/outcomes", {}),
    ("/v1/corrections", {}),
    ("/v1/conflicts", {}),
    ("/v1/rejects", {}),
    ("/v1/clients", {}),
    ("/v1/sources", {}),
    ("/v1/accounts", {}),
    ("/v1/dormant?kind=accounts&days=1", {}),
    ("/v2025/api-usage/count", EXPERIMENTAL),
    ("/v2025/api-usage/summary", EXPERIMENTAL),
    ("/v2025/source-usages/{mark}-source/status", {}),
    ("/v2025/source-usages/{mark}-source/summaries", {}),
    ("/v2024/account-usages/{mark}-account/summaries", {}),
    (f"/usage/api-calls/daily?period={MONTH}&pagination.count=50", {}),
    (f"/usage/api-calls/sources/daily?period={MONTH}&pagination.count=50", {}),
    ("/api/v2/oauth/clients/{mark}-client-1/usage/summary", {}),
]


def without_ids(answer: httpx.Response) -> object:
    """What an answer says, but for what is new each time, and for whether results are there already."""
    fresh = ("complete_up_to", "contextId", "trackingId", "executionId", "resultsUri")
    told = json.loads(answer.content)
    kept = (
        {name: value for name, value in told.items() if name not in fresh} if isinstance(told, dict) else told
    )
    status = 200 if answer.status_code == 202 else answer.status_code
    return status, answer.headers["content-type"], kept


@pytest.mark.parametrize(("path", "headers"), QUESTIONS)
def test_a_question_finds_nothing_of_the_neighbours_and_looks_as_if_there_were_none(
    neighbours: Neighbours, path: str, headers: dict[str, str]
) -> None:
    own = neighbours.acme.get(path.format(mark=MARK), headers=headers)
    asked = neighbours.globex.get(path.format(mark=MARK), headers=headers)
    nobodys = neighbours.globex.get(path.format(mark="nobodys"), headers=headers)

    assert own.status_code in (200, 202)
    assert MARK not in (asked.text + str(asked.headers)).replace(
        path.format(mark=MARK).rpartition("/")[0], ""
    )
    assert without_ids(asked) == without_ids(nobodys)


def test_a_cursor_opens_no_page_of_the_neighbours(neighbours: Neighbours) -> None:
    page = neighbours.acme.get("/v1/usage", params=FEW).json()

    answer = neighbours.globex.get("/v1/usage", params={**FEW, "cursor": page["next"]})

    assert page["next"]
    assert answer.status_code == 400
    assert MARK not in answer.text


@pytest.mark.parametrize("path", ["/api/v2/usage/query", "/api/v2/usage/simplesearch"])
def test_an_execution_of_the_neighbours_does_not_exist(neighbours: Neighbours, path: str) -> None:
    interval = f"{MONTH}/{NOW:%Y-%m-%d}"
    made = neighbours.acme.post(path, json={"interval": interval}).json()["executionId"]

    asked = neighbours.globex.get(f"{path}/{made}/results")
    nobodys = neighbours.globex.get(f"{path}/00000000-0000-4000-8000-000000000000/results")

    assert neighbours.acme.get(f"{path}/{made}/results").status_code == 200
    assert asked.status_code == 404
    assert without_ids(asked) == without_ids(nobodys)


def test_a_call_cannot_be_sent_into_the_neighbours_books(neighbours: Neighbours) -> None:
    call = {"id": f"{MARK}-0", "time": NOW.isoformat()}

    into_theirs = post(neighbours.globex, [{**call, "organization": "acme-" + MARK}])
    into_nobodys = post(neighbours.globex, [{**call, "organization": "nobodys"}])
    same_id = post(neighbours.globex, [call])

    assert [told["rejected"] for told in (into_theirs, into_nobodys)] == [1, 1]
    reasons = [told["verdicts"][0]["reason"] for told in (into_theirs, into_nobodys)]
    assert reasons[0].replace("acme-" + MARK, "nobodys") == reasons[1]
    assert same_id["accepted"] == 1


def test_a_name_given_by_the_neighbours_changes_nothing(neighbours: Neighbours) -> None:
    answer = neighbours.globex.put(f"/v1/sources/{MARK}-source", json={"name": "taken over"})

    names = {row["name"] for row in neighbours.acme.get("/v1/sources").json()["rows"]}
    assert answer.status_code == 200
    assert names == {f"{MARK} source"}


def test_what_is_open_to_everyone_names_nobody(neighbours: Neighbours) -> None:
    with neighbours.server.visitor() as anyone:
        for path in (
            "/healthz",
            "/readyz",
            "/metrics",
            "/openapi.json",
            "/openapi",
            "/.well-known/jwks.json",
        ):
            answer = anyone.get(path)
            assert answer.status_code == 200
            assert MARK not in answer.text
            assert neighbours.acme_client.client_id not in answer.text


def test_a_client_of_the_neighbours_is_as_unknown_as_nobodys(neighbours: Neighbours) -> None:
    def login(client_id: str) -> object:
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": "wrong"}
        answer = neighbours.globex.post("/oauth/token", data=form)
        return answer.status_code, answer.json()

    assert login(neighbours.acme_client.client_id) == login("00000000-0000-4000-8000-000000000000")
