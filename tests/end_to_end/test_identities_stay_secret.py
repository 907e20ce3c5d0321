"""No identity of a call, and no key of identities, leaves the data directory through any door or command."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pyarrow.parquet as pq
import pytest

from calltally.control.permissions import CORRECT, DEFAULT, WRITE_DIRECTORY
from tests.end_to_end.command_line import calltally
from tests.end_to_end.server_process import ServerProcess, ndjson, post

NOW = datetime.now(UTC)
WINDOW = {"from": "2020-01-01", "to": "2100-01-01"}
GIVEN = {
    "/v1/usage": WINDOW,
    "/v1/dormant": {"kind": "accounts", "days": "1"},
    "/usage/api-calls/daily": {"period": NOW.strftime("%Y-%m-01"), "pagination.count": "10"},
    "/usage/api-calls/sources/daily": {"period": NOW.strftime("%Y-%m-01"), "pagination.count": "10"},
}
"""What doors must be asked with to answer."""

CALLS: list[dict[str, Any]] = [
    {
        "id": f"call-{number}",
        "time": NOW.isoformat(),
        "client_id": "client",
        "user_id": "user",
        "source_id": "source",
        "account_id": "account",
        "method": "GET",
        "path": "/things",
        "status": 200,
    }
    for number in range(5)
]


@dataclass
class Told:
    """Everything that a server and commands said."""

    server: ServerProcess
    texts: list[bytes] = field(default_factory=list)

    def ask(self, visitor: httpx.Client, method: str, path: str, **given: Any) -> httpx.Response:
        answer = visitor.request(method, path, **given)
        self.texts += [answer.content, str(answer.headers).encode()]
        return answer

    def run(self, *words: object, exit_code: int = 0) -> None:
        done = calltally(*words)
        assert done.returncode == exit_code, (words, done.stderr)
        self.texts += [done.stdout.encode(), done.stderr.encode()]

    def everything(self) -> bytes:
        return b"\n".join([*self.texts, self.server.log().encode()])


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    with ServerProcess(tmp_path / "data", log_level="debug") as server:
        yield Told(server)


def walk_doors(told: Told) -> list[str]:
    """Sends calls that come to every verdict and asks at every door; the paths that answered."""
    server = told.server
    token = server.token(server.new_client("acme", *DEFAULT, CORRECT, WRITE_DIRECTORY))
    headers = {"X-SailPoint-Experimental": "true"}
    lines = {"Content-Type": "application/x-ndjson"}
    answered = []
    with server.visitor(token) as visitor:
        assert post(visitor, CALLS)["accepted"] == len(CALLS)
        sent = [*CALLS[:2], {**CALLS[2], "status": 500}, {**CALLS[3], "status": 99}]
        receipt = told.ask(visitor, "POST", "/v1/calls", content=ndjson(sent), headers=lines).json()
        assert [receipt[verdict] for verdict in ("duplicate", "conflict", "rejected")] == [2, 1, 1]
        for wanted in (
            {"action": "amend", "calls": [{**CALLS[0], "status": 404}], "why": "a test"},
            {"action": "cancel", "ids": ["call-1"], "why": "a test"},
            {"action": "cancel", "ids": ["nobody"], "why": "a test"},
            {"action": "amend", "calls": [CALLS[0], CALLS[0]], "why": "a test"},
        ):
            told.ask(visitor, "POST", "/v1/corrections", json=wanted)
        for path, operations in visitor.get("/openapi.json").json()["paths"].items():
            for method in {"get", "post"} & set(operations):
                place = "/".join("source" if part.startswith("{") else part for part in path.split("/"))
                given = {"json": {}} if method == "post" else {"params": GIVEN.get(path, {})}
                if told.ask(visitor, method, place, headers=headers, **given).status_code == 200:
                    answered.append(path)
        (conflict,) = told.ask(visitor, "GET", "/v1/conflicts").json()["rows"]
        assert conflict["call"]["id"] == "call-2"
    return answered


def run_commands(told: Told, folder: Path) -> None:
    """Every command that shows or writes something of calls."""
    data = ("--data", told.server.directory)
    acme = (*data, "--organization", "acme")
    window = ("--from", "2020-01-01", "--to", "2100-01-01")
    again = folder / "calls.ndjson"
    again.write_bytes(ndjson([*CALLS, {**CALLS[2], "status": 501}]) + b"\n")
    told.run("import", *acme, again)
    for as_json in ((), ("--json",)):
        told.run("outcomes", "conflicts", *acme, *as_json)
        told.run("outcomes", "rejects", *acme, *as_json)
        told.run("correct", "list", *acme, *as_json)
        told.run("verify", *data, *as_json)
    for form in ("csv", "parquet"):
        file = folder / f"calls.{form}"
        told.run("export", *acme, *window, "--every-entry", "--force", "--json", file)
        told.texts.append(
            file.read_bytes() if form == "csv" else str(pq.read_table(file).to_pylist()).encode()
        )


def secrets_in(directory: Path) -> tuple[list[tuple[int, int]], bytes]:
    """The halves of every identity that a store holds, and its key; nobody may have the store open."""
    with duckdb.connect(str(directory / "calls.duckdb"), read_only=True) as store:
        halves = [
            row
            for table in ("call", "call_fresh", "conflict")
            for row in store.execute(
                f"SELECT DISTINCT identity_high, identity_low FROM {table}"  # noqa: S608 - a name from here
            ).fetchall()
        ]
        ((secret,),) = store.execute("SELECT secret FROM identity_key").fetchall()
    return halves, secret


def spellings(secret: bytes) -> Iterator[bytes]:
    """How bytes may be written."""
    for each in (secret, secret[::-1]):
        yield each
        yield each.hex().encode()
        yield each.hex().upper().encode()
        yield str(int.from_bytes(each)).encode()
        yield base64.b64encode(each).rstrip(b"=")
        yield base64.urlsafe_b64encode(each).rstrip(b"=")


def forms_of(halves: list[tuple[int, int]], key: bytes) -> set[bytes]:
    """Everything that tells an identity, either of its halves, or the key."""
    parts = [number.to_bytes(8) for pair in halves for number in pair]
    whole = [high.to_bytes(8) + low.to_bytes(8) for high, low in halves]
    signed = {str(number - 2**64).encode() for pair in halves for number in pair}
    return signed.union(*map(spellings, [*parts, *whole, key]))


def found_in(text: bytes, forms: set[bytes]) -> list[bytes]:
    return [form for form in forms if form in text]


def test_no_door_and_no_command_tells_an_identity(told: Told, tmp_path: Path) -> None:
    answered = walk_doors(told)
    run_commands(told, tmp_path)
    told.server.stop()

    assert {"/v1/usage", "/v1/conflicts", "/v1/rejects", "/v1/corrections", "/metrics"} <= set(answered)
    halves, key = secrets_in(told.server.directory)
    assert len(set(halves)) == len(CALLS)
    assert found_in(told.everything(), forms_of(halves, key)) == []


def test_a_recount_names_two_calls_of_one_identity_without_telling_it(told: Told) -> None:
    with told.server.visitor(told.server.token(told.server.new_client("acme"))) as visitor:
        assert post(visitor, CALLS)["accepted"] == len(CALLS)
    told.server.stop()
    halves, key = secrets_in(told.server.directory)
    with duckdb.connect(str(told.server.directory / "calls.duckdb")) as store:
        store.execute("INSERT INTO call_fresh FROM call_fresh")

    told.run("verify", "--data", told.server.directory, exit_code=3)
    told.run("verify", "--data", told.server.directory, "--json", exit_code=3)

    twice = [
        one
        for one in json.loads(told.texts[-2])["differences"]
        if one["what"] == "a call counted more often than once"
    ]
    assert [one["key"] for one in twice] == ["positions 1 to 1"] * len(CALLS)
    assert found_in(told.everything(), forms_of(halves, key)) == []


def test_what_is_looked_for_would_be_found() -> None:
    halves, key = [(0x0123456789ABCDEF, 2**64 - 2)], bytes(range(32))
    forms = forms_of(halves, key)

    for told in (
        b'{"identity":"0123456789abcdeffffffffffffffffe"}',
        b"identity_high=81985529216486895",
        b"-2",
        b"ASNFZ4mrze8",
        b'"' + base64.b64encode(key) + b'"',
    ):
        assert found_in(told, forms)
