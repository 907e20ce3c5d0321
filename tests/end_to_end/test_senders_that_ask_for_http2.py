"""Clients that ask for HTTP/2 in passing are served in HTTP/1.1, and their calls are counted."""

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.end_to_end.server_process import ServerProcess, ndjson, total

_NOW = datetime.now(UTC).isoformat()
_PROGRAM = Path(__file__).parent / "java" / "PostCalls.java"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("http2") / "data") as server:
        yield server


@pytest.fixture(scope="module")
def token(server: ServerProcess) -> str:
    return server.token()


def run(*words: str, sent: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    assert shutil.which(words[0]), f"these tests need {words[0]}"
    return subprocess.run(words, input=sent, capture_output=True, check=False, timeout=120)


def curl(server: ServerProcess, path: str, *options: str, sent: bytes = b"") -> list[str]:
    """Status and version of an answer, and its body."""
    written = "\n%{http_code} %{http_version}"
    done = run("curl", "--silent", "--write-out", written, *options, server.address + path, sent=sent)
    assert done.returncode == 0, done.stderr
    body, _, told = done.stdout.decode().rpartition("\n")
    return [told, body]


def test_javas_http_client_is_served_as_it_comes(server: ServerProcess, token: str) -> None:
    done = run("java", str(_PROGRAM), server.address, token, _NOW)

    one = '200 {"accepted":1,"duplicate":0,"conflict":0,"rejected":0,"verdicts":[]}'
    answers = done.stdout.decode().splitlines()
    assert answers[:3] == [one] * 3, done.stderr
    assert answers[3].startswith('200 {"accepted":1,"duplicate":199,')
    assert answers[4].startswith('200 {"accepted":0,"duplicate":200,')
    assert answers[5:] == ["200 ", '200 {"status":"alive"}']


@pytest.mark.parametrize(
    "chunked", [(), ("--header", "Transfer-Encoding: chunked")], ids=["length", "chunks"]
)
@pytest.mark.parametrize("size", [1, 2_000])
def test_curl_is_served_when_it_asks_for_http2(
    server: ServerProcess, token: str, chunked: tuple[str, ...], size: int
) -> None:
    """Curl sends an ``Expect`` with the larger body, too."""
    name = f"curl-{len(chunked)}-{size}"
    body = ndjson({"id": f"{name}-{number}", "time": _NOW} for number in range(size))
    with server.visitor(token) as visitor:
        before = total(visitor)
        options = ("--http2", "--oauth2-bearer", token, "--header", "Content-Type: application/x-ndjson")
        told, answer = curl(server, "/v1/calls", *options, *chunked, "--data-binary", "@-", sent=body)
        after = total(visitor)

    assert told == "200 1.1"
    assert answer.startswith(f'{{"accepted":{size},')
    assert after - before == size


def test_curl_gets_the_headers_it_asks_for(server: ServerProcess) -> None:
    told, answer = curl(server, "/healthz", "--http2", "--head")

    assert told == "200 1.1"
    assert "content-length: 18" in answer


def test_a_client_that_knows_nothing_but_http2_is_refused(server: ServerProcess) -> None:
    done = run("curl", "--silent", "--http2-prior-knowledge", server.address + "/healthz")

    assert done.returncode != 0
    assert done.stdout == b""
