"""There is one opinion of where a request ends: that of RFC 9110 and 9112."""

import random
import socket
import time
from collections.abc import Callable, Iterator, Sequence

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
from tests.end_to_end.raw_answers import CONTINUE, RawAnswer, raw_answers
from tests.end_to_end.server_process import ServerProcess
from tests.end_to_end.wire import Wire

_SECONDS = 60
_MARK = b"GET /v1/usage?from=%b HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %b\r\n%b\r\n"

Boundary = Callable[[bytes], list[bytes]]


class Line:
    """Sends a pipeline down one connection and reads all that comes until the server closes it."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.token = server.token().encode()

    def request(self, method: str, path: str, framing: str, *more: bytes) -> bytes:
        headers, body = FRAMINGS[framing]
        lines = [
            f"{method} {path} HTTP/1.1".encode(),
            b"Host: x",
            b"Authorization: Bearer " + self.token,
            b"Content-Type: application/json",
            *more,
        ]
        return b"\r\n".join([*lines, headers, body]) if headers else b"\r\n".join([*lines, b"", body])

    def mark(self, name: bytes, *more: bytes) -> bytes:
        """A request whose answer names it."""
        return _MARK % (name, self.token, b"".join(line + b"\r\n" for line in more))

    def pipeline(
        self, method: str, framing: str, headers: tuple[bytes, ...], before: int, cut: Boundary
    ) -> list[RawAnswer]:
        """The answers to a request behind so many marks, and before another one that ends the connection."""
        tested = self.request(method, METHODS[method][0], framing, *headers)
        marks = [self.mark(b"mark-%d" % number) for number in range(before)]
        last = self.mark(b"the-end", b"Connection: close")
        return self.answers(cut(b"".join([*marks, tested, last])), ["GET"] * before + [method, "GET"])

    def answers(self, parts: Sequence[bytes], methods: Sequence[str]) -> list[RawAnswer]:
        return raw_answers(self._stream(parts), methods)

    def _stream(self, parts: Sequence[bytes]) -> bytes:
        host, port = self.server.address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=_SECONDS) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream = b""
            try:
                for part in parts:
                    client.sendall(part)
                    if len(parts) > 1:
                        time.sleep(0.0005)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it was refused on the way; the answer is still there
            while piece := client.recv(65_536):
                stream += piece
            return stream


def whole(data: bytes) -> list[bytes]:
    return [data]


def in_pieces(data: bytes) -> list[bytes]:
    """About twelve pieces, cut the same every time."""
    chance = random.Random(data)  # noqa: S311 - not a secret
    cuts = sorted(chance.sample(range(1, len(data)), min(11, len(data) - 1)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def byte_by_byte(data: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in data]


def assert_in_turn(answers: list[RawAnswer], method: str, framing: str, before: int) -> None:
    """Each answer has the status and the words of its own request; answers behind may be missing."""
    statuses = [*[400] * before, METHODS[method][1], 400]
    marks = [*(b"mark-%d" % number for number in range(before)), b"", b"the-end"]
    assert len(answers) > before
    for answer, status, mark in zip(answers, statuses, marks, strict=False):
        assert answer.status == status
        assert mark in answer.body
    reads = method == "POST" and BODY[5:] in FRAMINGS[framing][1]
    assert [SMUGGLED in answer.body for answer in answers[: before + 1]] == [False] * before + [reads]


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """Afterwards the server has logged no fault of its own."""
    with ServerProcess(tmp_path_factory.mktemp("conformance") / "data") as server:
        yield Line(server)
        assert [event for event in server.events() if event["level"] in ("error", "critical")] == []


@pytest.mark.parametrize("cut", [whole, in_pieces])
@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("method", METHODS)
def test_every_request_of_a_pipeline_is_answered_once_and_in_its_turn(
    line: Line, method: str, framing: str, cut: Boundary
) -> None:
    for name, headers in UPGRADES.items():
        for before in range(3):
            answers = line.pipeline(method, framing, headers, before, cut)

            assert len(answers) == before + 2, name
            assert_in_turn(answers, method, framing, before)
            assert not any(answer.continues for answer in answers)


@pytest.mark.parametrize("cut", [whole, in_pieces])
@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("method", METHODS)
def test_a_request_with_an_expectation_is_answered_once_and_in_its_turn(
    line: Line, method: str, framing: str, cut: Boundary
) -> None:
    """Where the body was neither asked for nor begun, the answer may be the last one."""
    for name, headers in EXPECTATIONS.items():
        for before in range(3):
            answers = line.pipeline(method, framing, headers, before, cut)

            assert_in_turn(answers, method, framing, before)
            is_last = answers[before].headers.get("connection") == "close"
            assert len(answers) == before + 2 - is_last, name
            assert not (is_last and (cut is whole or method == "POST"))
            assert [answer.continues for answer in answers][before] <= (method == "POST")
            assert sum(answer.continues for answer in answers) <= 1


@pytest.mark.parametrize("framing", ["length", "chunks"])
@pytest.mark.parametrize(
    "headers", [*UPGRADES.values(), *EXPECTATIONS.values()], ids=[*UPGRADES, *EXPECTATIONS]
)
def test_a_request_that_comes_byte_by_byte_is_answered_as_if_it_came_at_once(
    line: Line, headers: tuple[bytes, ...], framing: str
) -> None:
    stream = line.request("POST", "/v1/calls", framing, *headers) + line.mark(
        b"the-end", b"Connection: close"
    )

    answers = line.answers(byte_by_byte(stream), ["POST", "GET"])

    assert [answer.status for answer in answers] == [400, 400]
    assert b"the-end" in answers[1].body


@pytest.mark.parametrize(
    "path", ["/healthz", "/v1/calls", "/v1/usage", "/openapi.json", "/nothing", "/metrics"]
)
def test_head_has_the_status_and_the_headers_of_get_and_no_body(line: Line, path: str) -> None:
    get = line.request("GET", path, "no body")
    head = line.request("HEAD", path, "no body")
    last = line.mark(b"the-end", b"Connection: close")

    got, told, end = line.answers([get + head + last], ["GET", "HEAD", "GET"])

    assert told.status == got.status
    assert set(told.headers) == set(got.headers)
    assert told.headers["content-type"] == got.headers["content-type"]
    assert b"the-end" in end.body


@pytest.mark.parametrize("cut", [whole, in_pieces])
@pytest.mark.parametrize("name", FRAMING_ERRORS)
def test_a_request_that_must_be_refused_is_the_last_of_its_connection(
    line: Line, name: str, cut: Boundary
) -> None:
    error = FRAMING_ERRORS[name]
    request = error.request.replace(TOKEN, line.token)

    alone = line.answers(cut(request), ["POST"])
    stream = line.mark(b"mark") + line.request("HEAD", "/healthz", "chunks") + request + BODY
    behind = line.answers(cut(stream), ["GET", "HEAD", "POST"])

    assert [answer.status for answer in alone] == [error.status]
    assert [answer.status for answer in behind] == [400, 200, error.status]
    assert alone[0].headers["content-type"] == "application/problem+json"
    assert alone[0].headers["connection"] == "close"
    assert not any(SMUGGLED in answer.body for answer in behind)


@pytest.mark.parametrize("cut", [whole, in_pieces])
@pytest.mark.parametrize("name", BENIGN)
def test_what_is_odd_and_valid_is_answered(line: Line, name: str, cut: Boundary) -> None:
    request, status = BENIGN[name]
    last = line.mark(b"the-end", b"Connection: close")

    answers = line.answers(cut(request + last), ["GET", "GET"])

    assert answers[0].status == status


def test_http_1_0_is_answered_and_closed(line: Line) -> None:
    stream = b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + line.mark(b"never")

    (answer,) = line.answers([stream], ["GET"])

    assert (answer.status, answer.headers["connection"]) == (200, "close")


def test_nothing_behind_a_request_to_close_is_answered(line: Line) -> None:
    stream = line.mark(b"last", b"Connection: x, Close") + line.mark(b"never")

    (answer,) = line.answers([stream], ["GET"])

    assert b"last" in answer.body


def test_a_body_is_asked_for_once_and_only_where_it_is_read(line: Line) -> None:
    head, _, body = line.request("POST", "/v1/calls", "length", b"Expect: 100-continue").partition(
        b"\r\n\r\n"
    )
    with Wire(line.server, seconds=_SECONDS) as wire:
        wire.send(head, b"\r\n\r\n")
        asked = wire.read(len(CONTINUE))
        read = wire.send(body).reply()
        wire.send(head.replace(line.token, b"wrong"), b"\r\n\r\n")
        unread = wire.reply()
        closed = wire.is_closed()

    assert asked == CONTINUE
    assert (read.status, unread.status) == (400, 401)
    assert closed  # whether the client sends that body or another request could not be told apart


def test_an_answer_that_refuses_a_body_reaches_a_client_that_sends_on(line: Line) -> None:
    head = b"POST /v1/calls HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 500000\r\n\r\n"

    (answer,) = line.answers([head, *[b" " * 10_000] * 50], ["POST"])

    assert answer.status == 401
