"""What a server takes on at a time is bounded; whoever asks for more is told when to come again."""

import contextlib
import gzip
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from calltally.control.permissions import DEFAULT, WRITE_DIRECTORY
from tests.end_to_end.server_process import ServerProcess, ndjson, total
from tests.end_to_end.wire import Reply, Wire, exchange

MEBIBYTE = 2**20
NOW = datetime.now(UTC).isoformat()
DOORS = {
    "calls": (b"POST /v1/calls", "application/problem+json"),
    "directory": (b"PUT /v1/sources/s-1", "application/problem+json"),
    "token": (b"POST /oauth/token", "application/json"),
    "genesys": (b"POST /api/v2/usage/query", "application/json"),
}
"""Every door that takes a body, with the media type of its refusals."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Four bodies of a mebibyte are all it takes at a time, each with a second for a part."""
    directory = tmp_path_factory.mktemp("overload") / "data"
    settings = {"body_timeout_seconds": 1, "max_body": "1MiB", "max_bodies": "1MiB", "keep_alive_seconds": 1}
    with ServerProcess(directory, **settings) as server:
        yield server


@pytest.fixture(scope="module")
def token(server: ServerProcess) -> str:
    return server.token(server.new_client("acme", *DEFAULT, WRITE_DIRECTORY))


@pytest.fixture(scope="module")
def other_token(server: ServerProcess) -> str:
    """Of another organization."""
    return server.token(server.new_client("globex", *DEFAULT, WRITE_DIRECTORY))


def head(door: str, token: str, *headers: bytes) -> bytes:
    line, _ = DOORS[door]
    bearer = b"Authorization: Bearer " + token.encode()
    return b"\r\n".join([line + b" HTTP/1.1", b"Host: x", bearer, *headers, b"", b""])


def words_of(reply: Reply) -> object:
    """How a refusal is told in the words of its door."""
    told = json.loads(reply.body)
    return told.get("title") or told.get("code") or told["error"]


@pytest.mark.parametrize(
    ("door", "words"),
    [
        ("calls", "Request Timeout"),
        ("directory", "Request Timeout"),
        ("token", "invalid_request"),
        ("genesys", "client.timeout"),
    ],
)
def test_a_body_that_drips_is_refused_with_408(
    server: ServerProcess, token: str, door: str, words: str
) -> None:
    with Wire(server) as wire, ThreadPoolExecutor(1) as reader:
        wire.send(head(door, token, b"Content-Length: 1000"))
        answer = reader.submit(wire.reply)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            wire.keep_sending(b" ")
        reply = answer.result()

    assert (reply.status, reply.content_type) == (408, DOORS[door][1])
    assert words_of(reply) == words


def test_a_slow_body_that_keeps_up_the_least_rate_is_counted(server: ServerProcess, token: str) -> None:
    call = b'{"id": "slow-%d", "time": "%b", "path": "/%b"}\n'
    parts = [call % (number, NOW.encode(), b"x" * 700) for number in range(10)]
    length = b"Content-Length: %d" % sum(map(len, parts))

    with Wire(server) as wire:
        wire.send(head("calls", token, length, b"Content-Type: application/x-ndjson"))
        for part in parts:
            wire.send(part)
            time.sleep(0.2)
        reply = wire.reply()

    assert b'"accepted":10,' in reply.body


@pytest.mark.parametrize(
    ("door", "words"),
    [
        ("calls", "Service Unavailable"),
        ("directory", "Service Unavailable"),
        ("genesys", "service.unavailable"),
    ],
)
@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_body_beyond_its_organizations_share_is_refused_with_503_and_others_are_not(
    server: ServerProcess, token: str, other_token: str, door: str, words: str, framing: str
) -> None:
    size = MEBIBYTE - 1000  # a share alone is two mebibytes
    almost = head("calls", token, b"Content-Length: %d" % (size + 1)) + b" " * size
    body = {
        "length": (b"Content-Length: 60000",),
        "chunks": (b"Transfer-Encoding: chunked",),
    }[framing]
    chunk = b"1000\r\n%b\r\n" % bytes(4096) if framing == "chunks" else b""

    with Wire(server) as one, Wire(server) as other, Wire(server) as third, Wire(server) as fourth:
        one.send(almost)
        other.send(almost)
        time.sleep(0.3)
        reply = third.send(head(door, token, *body), chunk).reply()
        lines = (b"Content-Type: application/x-ndjson", b"Content-Length: 900000")  # which are not copied
        admitted = fourth.send(head("calls", other_token, *lines), b" " * 900_000).reply()
        given_up = [one.reply().status, other.reply().status]

    assert (reply.status, reply.content_type) == (503, DOORS[door][1])
    assert words_of(reply) == words
    assert reply.retry_after
    assert admitted.status == 200
    assert given_up == [408, 408]


def test_bodies_that_are_announced_and_drip_hold_only_what_they_brought(
    server: ServerProcess, token: str, other_token: str
) -> None:
    announced = head("calls", token, b"Content-Length: %d" % MEBIBYTE)

    with contextlib.ExitStack() as wires:
        for _ in range(100):
            wires.enter_context(Wire(server)).send(announced, b" ")
        replies = [
            exchange(server, one_big_body(sender, f"drip-{number}"))
            for number, sender in enumerate((token, other_token))
        ]

    assert [reply.body[:13] for reply in replies] == [b'{"accepted":1', b'{"accepted":1']


def one_big_body(token: str, id_: str) -> bytes:
    body = ndjson([{"id": id_, "time": NOW}]) + b"\n" * 900_000
    return head("calls", token, b"Content-Length: %d" % len(body), b"Content-Type: application/jsonl") + body


def test_there_is_room_again_once_bodies_are_answered(server: ServerProcess, token: str) -> None:
    with server.visitor(token) as visitor:
        for _ in range(10):
            bomb = gzip.compress(bytes(2 * MEBIBYTE))
            assert (
                visitor.post("/v1/calls", content=bomb, headers={"Content-Encoding": "gzip"}).status_code
                == 413
            )
            assert visitor.post("/v1/calls", content=b" " * MEBIBYTE).status_code < 500
        reply = visitor.post("/v1/calls", json=[{"id": "room", "time": NOW}])

    assert reply.json()["accepted"] == 1


def test_a_connection_at_rest_is_closed_after_a_while(server: ServerProcess) -> None:
    with Wire(server) as wire:
        assert wire.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").reply().status == 200
        started = time.monotonic()
        assert wire.is_closed()

    assert 0.8 < time.monotonic() - started < 5


def test_blank_lines_do_not_keep_a_connection_open(server: ServerProcess) -> None:
    with Wire(server) as wire:
        wire.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").reply()
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            wire.keep_sending(b"\r\n")


def test_a_body_that_was_refused_may_not_go_on_without_end(server: ServerProcess) -> None:
    with Wire(server) as wire:
        request = b"POST /v1/calls HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
        assert wire.send(request).reply().status == 401
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            wire.keep_sending(b" ")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /healthz?" + b"q" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /" + b"p" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 200 + b"\r\n", 431),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"v" * 70_000 + b"\r\n\r\n", 431),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX\0: v\r\n\r\n", 400),
        (b"hello\r\n\r\n", 400),
    ],
)
def test_a_head_beyond_its_bounds_or_rules_is_refused_as_a_problem(
    server: ServerProcess, request_: bytes, status: int
) -> None:
    reply = exchange(server, request_)

    assert (reply.status, reply.content_type) == (status, "application/problem+json")
    assert json.loads(reply.body)["status"] == status


def test_what_is_no_request_is_refused_after_the_requests_before_it_were_answered(
    server: ServerProcess, token: str
) -> None:
    body = ndjson([{"id": "before", "time": NOW}])
    good = head("calls", token, b"Content-Length: %d" % len(body)) + body

    with Wire(server) as wire:
        reply = wire.send(good, b"hello\r\n\r\n", good).reply()
        refusal = wire.reply()
        closed = wire.is_closed()

    assert reply.body.startswith((b'{"accepted":1', b'{"accepted":0,"duplicate":1'))
    assert (refusal.status, refusal.content_type) == (400, "application/problem+json")
    assert closed


@pytest.mark.parametrize(
    "endless",
    [b"0\r\n" + b"X-Trailer: more\r\n" * 60_000, b"0\r\nX: " + b"v" * 1_000_000, b"1;" + b"x" * 1_000_000],
    ids=["trailers", "a trailer", "an extension"],
)
def test_what_stands_around_chunks_is_bounded_too(server: ServerProcess, token: str, endless: bytes) -> None:
    with Wire(server) as wire:
        try:
            wire.send(head("calls", token, b"Transfer-Encoding: chunked"), endless)
            assert wire.reply().status == 431
        except (ConnectionResetError, BrokenPipeError):
            pass  # hung up on amid sending, which is as good
    with server.visitor() as visitor:
        assert visitor.get("/healthz").status_code == 200


def test_a_header_behind_the_body_opens_no_door(server: ServerProcess, token: str) -> None:
    trailer = b"0\r\nAuthorization: Bearer %b\r\n\r\n" % token.encode()
    request = b"POST /v1/calls HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n"

    with Wire(server) as wire:
        # The first keeps the server busy, so that the second waits with all that came for it.
        body = ndjson({"id": f"busy-{number}", "time": NOW} for number in range(1000))
        wire.send(head("calls", token, b"Content-Length: %d" % len(body)), body, request, trailer)
        statuses = [wire.reply().status, wire.reply().status]

    assert statuses == [200, 401]


def test_requests_sent_without_reading_answers_take_little_memory(server: ServerProcess) -> None:
    before = server.memory()
    flood = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 30_000
    wires = [Wire(server) for _ in range(30)]
    for wire in wires:
        wire.send_what_is_taken(flood)
    with server.visitor() as visitor:
        assert visitor.get("/healthz").status_code == 200
    for wire in wires:
        wire.__exit__()

    assert server.memory() - before < 60 * MEBIBYTE


def test_a_client_that_reads_no_answer_is_disconnected_and_others_are_answered(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "data", write_timeout_seconds=1) as server:
        question = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
        with Wire(server) as wire, server.visitor() as visitor:
            size = len(visitor.get("/openapi.json").content)
            wire.send_what_is_taken(question * (32 * MEBIBYTE // size))
            assert wire.is_reset()
            assert visitor.get("/healthz").status_code == 200


def test_twenty_thousand_tiny_posts_down_five_connections_are_counted_each(
    server: ServerProcess, token: str
) -> None:
    each = 4_000
    numbers = count()

    def post_all(_: int) -> set[bytes]:
        first = next(numbers) * each
        with Wire(server, seconds=300) as wire, ThreadPoolExecutor(1) as sender:
            requests = b"".join(one_call(first + number) for number in range(each))
            sent = sender.submit(wire.send, requests)
            replies = {wire.reply().body for _ in range(each)}
            sent.result()
        return replies

    def one_call(number: int) -> bytes:
        body = b'{"id":"tiny-%d","time":"%b"}' % (number, NOW.encode())
        return head("calls", token, b"Content-Length: %d" % len(body)) + body

    with server.visitor(token) as visitor:
        before = total(visitor)
        with ThreadPoolExecutor(5) as senders:
            replies = set().union(*senders.map(post_all, range(5)))
        after = total(visitor)

    assert replies == {b'{"accepted":1,"duplicate":0,"conflict":0,"rejected":0,"verdicts":[]}'}
    assert after - before == 20_000


def test_a_connection_too_many_is_refused_and_others_go_on(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "data", max_connections=4, body_timeout_seconds=1) as server:
        with contextlib.ExitStack() as wires:
            opened = [
                wires.enter_context(Wire(server, address=f"127.0.0.{number}")) for number in (1, 1, 2, 3)
            ]
            refused = wires.enter_context(Wire(server, address="127.0.0.4")).reply()
            answers = [
                wire.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").reply().status for wire in opened
            ]
        with server.visitor() as visitor:
            later = visitor.get("/healthz").status_code

    assert (refused.status, refused.content_type) == (503, "application/problem+json")
    assert refused.retry_after
    assert answers == [200] * 4
    assert later == 200


def test_an_address_leaves_connections_to_others(tmp_path: Path) -> None:
    with (
        ServerProcess(tmp_path / "data", max_connections=20) as server,
        contextlib.ExitStack() as wires,
    ):
        many = [wires.enter_context(Wire(server, address="127.0.0.2")) for _ in range(11)]
        refused = many[-1].reply()
        with server.visitor() as visitor:
            answered = visitor.get("/healthz").status_code

    assert (refused.status, answered) == (503, 200)
