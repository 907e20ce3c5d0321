"""Clients that keep to no rule, beside the others."""

import gzip
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence
from http.client import HTTPException, HTTPResponse

import zstandard
from tests.fuzz.mutation import mutated
from tests.fuzz.targets import TARGETS

_PATHS = (
    *(
        "/v1/calls",
        "/v1/usage",
        "/v1/outcomes",
        "/v1/corrections",
        "/v1/conflicts",
        "/v1/rejects",
        "/oauth/token",
    ),
    *("/v2025/api-usage/count", "/v2025/api-usage/summary", "/v2025/source-usages/a/status"),
    *("/v2024/account-usages/a%2Fb/summaries", "/usage/api-calls/sources/daily", "/usage/api-calls/daily"),
    *("/api/v2/usage/query", "/api/v2/usage/simplesearch", "/api/v2/oauth/clients/c/usage/summary"),
    *("/api/v2/usage/query/x/results", "/healthz", "/metrics", "/openapi.json", "/", "/no/where"),
)
_TYPES = (
    b"application/json",
    b"application/x-ndjson",
    b"application/x-www-form-urlencoded",
    b"text/plain",
    b"",
)
_BOMBS = (
    (b"gzip", gzip.compress(bytes(16 * 2**20)) * 8),
    (b"zstd", zstandard.compress(bytes(16 * 2**20)) * 8),
)


class Hostile(threading.Thread):
    """Sends damaged requests, bombs and halves of requests until told to stop.

    ``answers`` counts the statuses; ``faults`` keeps what the server may not answer: a 5xx but for a 503 that
    says when to come again.
    """

    def __init__(self, address: str, token: str, *, seed: int) -> None:
        super().__init__(name=f"hostile-{seed}", daemon=True)
        self.answers: Counter[int] = Counter()
        self.faults: list[str] = []
        self.unanswered = 0
        self._host, _, port = address.removeprefix("http://").partition(":")
        self._port = int(port)
        self._token = token.encode()
        self._luck = random.Random(seed)
        self._corpus = [text for target in TARGETS for text in target.corpus()]
        self._enough = threading.Event()

    def run(self) -> None:
        while not self._enough.is_set():
            request = self._request()
            try:
                self._send(request)
            except (OSError, HTTPException):
                self.unanswered += 1

    def finish(self) -> None:
        self._enough.set()
        self.join(60)

    def _send(self, request: bytes) -> None:
        with socket.create_connection((self._host, self._port), timeout=5) as connection:
            connection.sendall(request)
            if self._luck.random() < 0.05:
                return
            if self._luck.random() < 0.02:
                time.sleep(0.5)
            response = HTTPResponse(connection)
            response.begin()
            body = response.read(2000)
        self.answers[response.status] += 1
        retry = response.status == 503 and response.getheader("retry-after") is not None
        if response.status >= 500 and not retry:
            self.faults.append(f"{response.status} to {request[:300]!r}: {body[:300]!r}")

    def _request(self) -> bytes:
        luck = self._luck
        body, headers = self._damaged(), [b"Host: x"]
        if luck.random() < 0.02:
            encoding, body = luck.choice(_BOMBS)
            headers.append(b"Content-Encoding: " + encoding)
        elif luck.random() < 0.1:
            headers.append(b"Content-Encoding: " + luck.choice((b"gzip", b"zstd", b"br")))
        if luck.random() < 0.8:
            headers.append(b"Authorization: Bearer " + self._token)
        if luck.random() < 0.5:
            headers.append(b"X-SailPoint-Experimental: true")
        headers.append(b"Content-Type: " + luck.choice(_TYPES))
        headers.append(b"Content-Length: %d" % (len(body) + luck.choice((0, 0, 0, 0, 0, 0, 0, -1, 1))))
        query = self._damaged().translate(None, b" \r\n\0")
        method = luck.choice((b"GET", b"POST", b"GET", b"POST", b"PUT", b"DELETE"))
        line = b"%b %b?%b HTTP/1.1" % (method, luck.choice(_PATHS).encode(), query)
        request = b"\r\n".join([line, *headers, b"Connection: close", b"", body])
        return mutated(luck, [request]) if luck.random() < 0.05 else request

    def _damaged(self) -> bytes:
        return mutated(self._luck, self._corpus)


def faults_of(hostile: Sequence[Hostile]) -> list[str]:
    return [fault for each in hostile for fault in each.faults]
