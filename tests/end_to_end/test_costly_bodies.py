"""Whatever a small body unpacks to, the server's memory stays within bounds, and it is refused or judged."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.server_process import ServerProcess, total

MEBIBYTE = 2**20
SIZE = 60 * MEBIBYTE
MOST_MEMORY = 400 * MEBIBYTE
JSON, LINES, NOTHING = "application/json", "application/x-ndjson", ""


def filled(start: bytes, unit: bytes, end: bytes) -> bytes:
    """About 60 MiB."""
    return start + unit * ((SIZE - len(start) - len(end)) // len(unit)) + end


@pytest.fixture
def visitor(tmp_path: Path) -> Iterator[httpx.Client]:
    with ServerProcess(tmp_path / "data") as server:
        token = server.token(server.new_client("acme", "calls:send", "calls:correct", "usage:read"))
        with server.visitor(token) as visitor:
            visitor.post("/v1/calls", content=b"{}", headers={"Content-Type": LINES})
            before = server.memory()
            yield visitor
            assert server.memory() - before < MOST_MEMORY
            assert total(visitor) == 0
        assert [event for event in server.events() if event["level"] in ("error", "critical")] == []


@pytest.mark.parametrize(
    ("content_type", "body", "status", "said"),
    [
        (JSON, filled(b"[", b"0,", b"0]"), 400, "more than 100000 calls"),
        (JSON, filled(b"[", b"[],", b"0]"), 400, "more than 100000 calls"),
        (JSON, filled(b"[[", b"[],", b"0]]"), 422, "accepted are at most 65536"),
        (JSON, filled(b"", b"[", b""), 400, "within call 0 of the array"),
        (NOTHING, filled(b'{"a":[', b"[],", b"0]}"), 422, "accepted are at most 65536"),
        (NOTHING, filled(b'{"a":[', b"[],", b""), 422, "accepted are at most 65536"),
        (JSON, filled(b'{"a":[', b"[],", b"0]}"), 422, "accepted are at most 65536"),
        (LINES, filled(b" ", b"\n", b"\n {}"), 422, "is required and missing"),
        (LINES, filled(b'{"id":"', b"\\n", b'"}'), 422, "accepted are at most 65536"),
        (LINES, filled(b"", b'{"id":[' + b"[]," * 250 + b'0],"time":1}\n', b""), 422, "accepted is a text"),
        (
            LINES,
            filled(b"", b'{"id":[' + b"[]," * 20_000 + b'0],"time":1}\n', b""),
            422,
            "accepted is a text",
        ),
    ],
    ids=[
        *("numbers", "lists", "one element", "deep", "no type", "no type, cut off", "object"),
        *("blank lines", "escapes", "wrong types", "long wrong types"),
    ],
)
def test_calls_are_refused_or_rejected_within_memory(
    visitor: httpx.Client, content_type: str, body: bytes, status: int, said: str
) -> None:
    headers = {"Content-Encoding": "gzip", **({"Content-Type": content_type} if content_type else {})}

    answer = visitor.post("/v1/calls", content=gzip.compress(body, 1), headers=headers)

    assert (answer.status_code, said in answer.text) == (status, True)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (filled(b'{"action":"amend","why":"x","calls":[', b"[],", b"0]}"), "more than 100000 elements"),
        (filled(b'{"action":"cancel","why":"x","ids":[', b'"",', b"0]}"), "more than 100000 elements"),
        (filled(b"{", b'"why":1,', b'"why":1}'), "more than 100 fields"),
        (filled(b'{"action":"cancel","ids":[],"why":"', b"x", b'"}'), "bytes; accepted are at most"),
    ],
    ids=["calls", "ids", "fields", "text"],
)
def test_corrections_are_refused_within_memory(visitor: httpx.Client, body: bytes, said: str) -> None:
    headers = {"Content-Encoding": "gzip", "Content-Type": JSON}

    answer = visitor.post("/v1/corrections", content=gzip.compress(body, 1), headers=headers)

    assert (answer.status_code, said in answer.text) == (400, True)
