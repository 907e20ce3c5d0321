"""Whatever a client sends, the server answers it in its words, stays alive, and counts only what is right."""

import gzip
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import zstandard

from tests.end_to_end.server_process import ServerProcess, ndjson, total
from tests.end_to_end.wire import Reply, Wire, exchange

MAX_BODY = 4 * 2**20
NOW = datetime.now(UTC).isoformat()
GIBIBYTE_IN_GZIP = gzip.compress(bytes(16 * 2**20)) * 64
GIBIBYTE_IN_ZSTD = zstandard.compress(bytes(16 * 2**20)) * 64


class Door:
    """``POST /v1/calls`` of a server, and how many calls it must have counted."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.token = server.token()
        self.counted = 0

    def head(self, *headers: bytes, token: bool = True) -> bytes:
        lines = [b"POST /v1/calls HTTP/1.1", b"Host: x", *headers]
        if token:
            lines.append(b"Authorization: Bearer " + self.token.encode())
        return b"\r\n".join([*lines, b"", b""])

    def post(self, body: bytes, *headers: bytes) -> Reply:
        length = b"Content-Length: %d" % len(body)
        return exchange(self.server, self.head(*headers, length), body)

    def new_calls(self, count: int) -> bytes:
        """Calls that the server has to count."""
        first, self.counted = self.counted, self.counted + count
        return calls(*(f"good-{number}" for number in range(first, self.counted)))


def calls(*ids: str) -> bytes:
    return ndjson({"id": each, "time": NOW} for each in ids)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    directory = tmp_path_factory.mktemp("hostile") / "data"
    with ServerProcess(directory, body_timeout_seconds=1, max_body=MAX_BODY, max_calls=1000) as server:
        yield Door(server)


@pytest.fixture
def door(opened: Door) -> Iterator[Door]:
    """Afterwards the server is ready, counted what it had to and no more, and logged no fault of its own."""
    yield opened
    with opened.server.visitor(opened.token) as visitor:
        assert visitor.get("/readyz").status_code == 200
        assert total(visitor) == opened.counted
    faults = [event for event in opened.server.events() if event["level"] in ("error", "critical")]
    assert faults == []


@pytest.mark.parametrize(
    ("encoding", "pack"), [(b"gzip", gzip.compress), (b"zstd", zstandard.compress), (b"identity", bytes)]
)
def test_packed_calls_are_counted(door: Door, encoding: bytes, pack: Callable[[bytes], bytes]) -> None:
    reply = door.post(pack(door.new_calls(700)), b"Content-Encoding: " + encoding)

    assert (reply.status, reply.content_type) == (200, "application/json")
    assert b'"accepted":700,' in reply.body


def test_a_body_in_chunks_is_counted(door: Door) -> None:
    body = door.new_calls(50)
    chunks = [b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:7], body[7:2000], body[2000:])]

    reply = exchange(door.server, door.head(b"Transfer-Encoding: chunked"), *chunks, b"0\r\nX-Sum: 1\r\n\r\n")

    assert b'"accepted":50,' in reply.body


def test_pipelined_requests_are_answered_in_their_order(door: Door) -> None:
    bodies = [door.new_calls(count) for count in (3, 5, 7)]
    requests = [door.head(b"Content-Length: %d" % len(body)) + body for body in bodies]

    with Wire(door.server) as wire:
        wire.send(*requests)
        replies = [wire.reply() for _ in requests]

    assert [reply.body[:13] for reply in replies] == [b'{"accepted":3', b'{"accepted":5', b'{"accepted":7']


def test_a_client_that_hangs_up_within_its_body_leaves_nothing(door: Door) -> None:
    for _ in range(20):
        with Wire(door.server) as wire:
            wire.send(door.head(b"Content-Length: 100000"), calls("lost-1", "lost-2"), b"\n")


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 1000", b"Transfer-Encoding: chunked"], ids=["length", "chunks"]
)
def test_a_body_that_does_not_go_on_is_refused_with_408(door: Door, framing: bytes) -> None:
    body = calls("slow")
    started = time.monotonic()

    reply = exchange(door.server, door.head(framing), b"%x\r\n%b\r\n" % (len(body), body))

    assert (reply.status, reply.content_type) == (408, "application/problem+json")
    assert 0.9 < time.monotonic() - started < 5


@pytest.mark.parametrize("sent", [b"", b"POST /v1/calls HT", b"POST /v1/calls HTTP/1.1\r\nHost: x\r\nX-A: b"])
def test_a_request_whose_head_does_not_go_on_is_hung_up_on(door: Door, sent: bytes) -> None:
    with Wire(door.server) as wire:
        assert wire.send(sent).is_closed()


def test_a_login_whose_body_does_not_go_on_is_refused_with_408(door: Door) -> None:
    reply = exchange(door.server, b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\ngrant")

    assert (reply.status, b'"error":"invalid_request"' in reply.body) == (408, True)


@pytest.mark.parametrize(
    ("framing", "status"),
    [
        (b"Content-Length: -1", 400),
        (b"Content-Length: many", 400),
        (b"Content-Length: 9\r\nContent-Length: 10", 400),
        (b"Content-Length: 99999999999999999999999", 400),
        (b"Content-Length: 9\r\nTransfer-Encoding: chunked", 400),
        (b"Transfer-Encoding: chunked, chunked", 400),
        (b"Transfer-Encoding: unheard-of", 400),
        (b"Content-Length: %d" % (MAX_BODY + 1), 413),
        (b"Content-Length: 9223372036854775807", 413),
    ],
)
def test_lies_about_a_bodys_length_are_refused_without_reading_it(
    door: Door, framing: bytes, status: int
) -> None:
    assert exchange(door.server, door.head(framing), b"xx\r\n").status == status


def test_a_length_that_cuts_a_call_in_two_rejects_that_call(door: Door) -> None:
    body = door.new_calls(1) + b"\n" + calls("cut")
    whole = door.post(body[:-5])

    assert b'"accepted":1,"duplicate":0,"conflict":0,"rejected":1' in whole.body


def test_a_body_that_grows_beyond_the_bound_is_refused(door: Door) -> None:
    chunk = b"100000\r\n%b\r\n" % bytes(2**20)

    reply = exchange(door.server, door.head(b"Transfer-Encoding: chunked"), *([chunk] * 5))

    assert reply.status == 413


@pytest.mark.parametrize(
    ("encoding", "bomb"), [("gzip", GIBIBYTE_IN_GZIP), ("zstd", GIBIBYTE_IN_ZSTD)], ids=["gzip", "zstd"]
)
def test_bombs_are_refused_quickly_and_in_little_memory(door: Door, encoding: str, bomb: bytes) -> None:
    before = door.server.memory()
    started = time.monotonic()

    with ThreadPoolExecutor(4) as clients:
        header = b"Content-Encoding: " + encoding.encode()
        replies = list(clients.map(lambda _: door.post(bomb, header), range(8)))

    assert {reply.status for reply in replies} == {413}
    assert door.server.memory() - before < 100 * 2**20
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(("encoding", "pack"), [(b"gzip", gzip.compress), (b"zstd", zstandard.compress)])
def test_bodies_of_empty_members_are_refused_while_logins_and_calls_go_on(
    door: Door, encoding: bytes, pack: Callable[[bytes], bytes]
) -> None:
    body = pack(b"") * (MAX_BODY // len(pack(b"")))
    header = b"Content-Encoding: " + encoding
    client = door.server.new_client("globex")

    with ThreadPoolExecutor(8) as clients:
        hostile = [clients.submit(door.post, body, header) for _ in range(24)]
        tokens = [door.server.token(client) for _ in range(3)]
        honest = door.post(pack(door.new_calls(700)), header)

    assert len(tokens) == 3
    assert b'"accepted":700,' in honest.body
    assert {reply.result().status for reply in hostile} == {400}
    assert all(b"more than 10000 members" in reply.result().body for reply in hostile)


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        ("gzip", gzip.compress(calls(*map(str, range(500))))[:-9], 400),
        ("gzip", gzip.compress(calls("a")) + b"and more", 400),
        ("gzip", calls("a"), 400),
        ("zstd", zstandard.compress(calls(*map(str, range(500))))[:-9], 400),
        ("zstd", zstandard.compress(calls("a")) + b"and more", 400),
        ("zstd", gzip.compress(calls("a")), 400),
        ("br", calls("a"), 415),
        ("gzip, gzip", gzip.compress(gzip.compress(calls("a"))), 415),
        ("gzip" * 1000, calls("a"), 415),
    ],
    ids=lambda value: value[:12] if isinstance(value, str) else "",
)
def test_bodies_that_cannot_be_unpacked_are_refused_and_nothing_is_stored(
    door: Door, encoding: str, body: bytes, status: int
) -> None:
    reply = door.post(body, b"Content-Encoding: " + encoding.encode())

    assert (reply.status, reply.content_type) == (status, "application/problem+json")


@pytest.mark.parametrize(
    "content_type", [b"text/plain", b"application/xml", b"multipart/form-data", b"\xff/;"]
)
def test_other_content_types_are_refused_with_415(door: Door, content_type: bytes) -> None:
    assert door.post(calls("a"), b"Content-Type: " + content_type).status == 415


def test_more_calls_than_a_request_may_hold_are_refused(door: Door) -> None:
    assert door.post(calls(*map(str, range(1001)))).status == 400


@pytest.mark.parametrize(
    "request_",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\r\n\r\n",
        b"POST /v1/calls HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /" + b"long" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /%ff%00%2f%2e%2e/..%2f HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/usage?%ff=%00&limit=" + b"9" * 400 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PUT /v1/calls HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        b"POST /v1/calls HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=lambda request: repr(request[:30]),
)
def test_what_is_no_request_for_us_is_the_clients_mistake(door: Door, request_: bytes) -> None:
    assert 400 <= exchange(door.server, request_).status < 500


def test_endless_headers_are_cut_off_in_little_memory(door: Door) -> None:
    before = door.server.memory()

    with Wire(door.server) as wire, pytest.raises((ConnectionResetError, BrokenPipeError)):
        wire.send(b"GET /healthz HTTP/1.1\r\nX: ", bytes([65]) * 100_000_000)

    assert door.server.memory() - before < 20 * 2**20


def test_a_post_without_login_is_refused_before_its_body_is_read(door: Door) -> None:
    reply = exchange(door.server, door.head(b"Content-Length: 1000000", token=False))

    assert (reply.status, reply.content_type) == (401, "application/problem+json")


def test_two_hundred_connections_at_rest_do_not_keep_others_from_being_served(door: Door) -> None:
    wires = [Wire(door.server) for _ in range(200)]
    for number, wire in enumerate(wires):
        wire.send([b"", b"GET /he", door.head(b"Content-Length: 9")][number % 3])
    started = time.monotonic()
    reply = door.post(door.new_calls(100))
    for wire in wires:
        wire.__exit__()

    assert reply.status == 200
    assert time.monotonic() - started < 5
