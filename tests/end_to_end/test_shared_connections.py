"""Clients that share a connection behind a real proxy get their own answers, whatever one of them sends."""

import contextlib
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import httpx
import pytest

from tests.end_to_end.http_requests import (
    BENIGN,
    BODY,
    EXPECTATIONS,
    FRAMING_ERRORS,
    FRAMINGS,
    METHODS,
    SMUGGLED,
    TOKEN,
    UPGRADES,
)
from tests.end_to_end.proxy_processes import ProxyProcess, haproxy, nginx, streaming_nginx
from tests.end_to_end.server_process import ServerProcess

_SECONDS = 60
_ATTACKERS = 4
_LARGE = BODY * 1000
_LARGE_FRAMINGS = (
    (b"Content-Length: %d\r\n" % len(_LARGE), _LARGE),
    (b"Transfer-Encoding: chunked\r\n", b"%x\r\n%b\r\n" % (len(BODY), BODY) * 1000 + b"0\r\n\r\n"),
)
"""Larger than what a proxy keeps in memory, so that head and body reach the server apart."""

_AT_LEAST = 50


class Shared:
    """A proxy, with what its clients need to send."""

    def __init__(self, proxy: ProxyProcess, token: str) -> None:
        self.proxy = proxy
        self.token = token

    def attacks(self) -> list[bytes]:
        """Every request that two readers might understand differently, each with another one in its body."""
        more = [*UPGRADES.values(), *EXPECTATIONS.values()]
        well_framed = [
            _request(method, path, lines, framing)
            for method, (path, _) in METHODS.items()
            for framing in FRAMINGS.values()
            for lines in more
        ]
        large = [
            _request("POST", "/v1/calls", lines, framing) for framing in _LARGE_FRAMINGS for lines in more
        ]
        refused = [error.request.replace(TOKEN, self.token.encode()) for error in FRAMING_ERRORS.values()]
        return [*large, *well_framed, *refused, *(request for request, _ in BENIGN.values())]

    def attack(self, request: bytes) -> None:
        """Sends it, waits for the beginning of an answer or a moment, and goes."""
        client = socket.create_connection(self.proxy.address, timeout=_SECONDS)
        with client, contextlib.suppress(ConnectionError, TimeoutError):
            client.sendall(request)
            client.settimeout(0.2)
            client.recv(65_536)

    def visit(self, name: str, enough: Event) -> list[str]:
        """Asks until it is enough, and at least so often; returns what was not its own answer."""
        strange: list[str] = []
        headers = {"Authorization": f"Bearer {self.token}"}
        with httpx.Client(base_url=self.proxy.url, headers=headers, timeout=_SECONDS) as client:
            number = 0
            while number < _AT_LEAST or not enough.is_set():
                number += 1
                mark = f"{name}-{number}-"
                reply = client.get("/v1/usage", params={"from": mark})
                if reply.status_code != 400 or mark not in reply.text or SMUGGLED.decode() in reply.text:
                    strange.append(f"{mark} got {reply.status_code} {reply.text}")
                head = client.head("/healthz")
                if head.status_code != 200 or head.headers["content-length"] != "18":
                    strange.append(f"HEAD of {mark} got {head.status_code} {head.headers}")
        return strange


def _request(method: str, path: str, lines: tuple[bytes, ...], framing: tuple[bytes, bytes]) -> bytes:
    headers, body = framing
    head = b"".join(line + b"\r\n" for line in (f"{method} {path} HTTP/1.1".encode(), b"Host: x", *lines))
    return head + headers + b"\r\n" + body


@pytest.fixture(scope="module", params=[nginx, streaming_nginx, haproxy])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """Afterwards the server has logged no fault of its own."""
    start: Callable[[Path, str], ProxyProcess] = request.param
    with ServerProcess(tmp_path_factory.mktemp("shared") / "data") as server:
        with start(tmp_path_factory.mktemp("proxy"), server.address) as proxy:
            yield Shared(proxy, server.token())
        assert [event for event in server.events() if event["level"] in ("error", "critical")] == []


def test_nobody_gets_the_answer_of_another_client(shared: Shared) -> None:
    enough = Event()
    with ThreadPoolExecutor(2) as visitors, ThreadPoolExecutor(_ATTACKERS) as attackers:
        visits = [visitors.submit(shared.visit, name, enough) for name in ("anna", "bob")]
        try:
            list(attackers.map(shared.attack, shared.attacks()))
        finally:
            enough.set()
        strange = [answer for visit in visits for answer in visit.result()]

    assert strange == []
