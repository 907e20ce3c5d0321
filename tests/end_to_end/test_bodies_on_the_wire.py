"""However a body comes, and whatever comes behind it, it is counted once and answered in its turn."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.end_to_end.server_process import ServerProcess, ndjson
from tests.end_to_end.wire import Wire

NOW = datetime.now(UTC).isoformat()


class Sender:
    """Makes requests of one token."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.token = server.token()

    def head(self, length: int, *headers: bytes, token: bool = True) -> bytes:
        lines = [b"POST /v1/calls HTTP/1.1", b"Host: x", b"Content-Length: %d" % length, *headers]
        if token:
            lines.append(b"Authorization: Bearer " + self.token.encode())
        return b"\r\n".join([*lines, b"", b""])

    def request(self, body: bytes, *, token: bool = True) -> bytes:
        return self.head(len(body), token=token) + body


def calls(name: str, count: int) -> bytes:
    """About 100 bytes for each."""
    return ndjson({"id": f"{name}-{number}", "time": NOW, "path": "/" + "x" * 40} for number in range(count))


@pytest.fixture(scope="module")
def sender(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sender]:
    with ServerProcess(tmp_path_factory.mktemp("wire") / "data") as server:
        yield Sender(server)


def test_a_sender_that_asks_before_it_sends_its_body_is_told_at_once(sender: Sender) -> None:
    body = calls("asked", 100)

    with Wire(sender.server) as wire:
        wire.send(sender.head(len(body), b"Expect: 100-continue"))
        leave = wire.read(len(b"HTTP/1.1 100 Continue\r\n\r\n"))
        reply = wire.send(body).reply()

    assert leave == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert b'"accepted":100,' in reply.body


def test_a_body_that_comes_piece_by_piece_is_counted_whole(sender: Sender) -> None:
    request = sender.request(calls("pieces", 500))
    size = len(request) // 7

    with Wire(sender.server) as wire:
        for start in range(0, len(request), size):
            wire.send(request[start : start + size])
            time.sleep(0.08)
        reply = wire.reply()

    assert b'"accepted":500,' in reply.body


def test_a_body_larger_than_what_is_gathered_at_a_time_is_counted_whole(sender: Sender) -> None:
    body = calls("large", 40_000)
    assert len(body) > 4 * 2**20

    with Wire(sender.server) as wire:
        reply = wire.send(sender.request(body)).reply()

    assert b'"accepted":40000,' in reply.body


def test_large_bodies_sent_one_behind_the_other_are_answered_in_their_order(sender: Sender) -> None:
    counts = [2000, 1, 3000, 30, 1000, 7]
    requests = [sender.request(calls(f"row-{count}", count)) for count in counts]

    with Wire(sender.server) as wire:
        wire.send(*requests)
        answers = [wire.reply().body for _ in counts]

    expected = [f'{{"accepted":{count},'.encode() for count in counts]
    assert [answer[: len(start)] for answer, start in zip(answers, expected, strict=True)] == expected


def test_the_rest_of_a_refused_body_is_passed_over_and_the_next_request_answered(sender: Sender) -> None:
    refused = sender.request(calls("refused", 3000), token=False)

    with Wire(sender.server) as wire:
        wire.send(refused[:1000])
        status = wire.reply().status
        reply = wire.send(refused[1000:], sender.request(calls("refused", 3000))).reply()

    assert status == 401
    assert b'"accepted":3000,' in reply.body


def test_a_connection_that_ends_within_a_body_leaves_nothing_of_it(sender: Sender) -> None:
    request = sender.request(calls("ended", 3000))

    with Wire(sender.server) as wire:
        wire.send(request[:-1])
    with Wire(sender.server) as wire:
        reply = wire.send(request).reply()

    assert b'"accepted":3000,' in reply.body


def test_head_and_body_of_an_answer_come_together(sender: Sender) -> None:
    with Wire(sender.server) as wire:
        wire.send(sender.request(calls("together", 1)))
        packet = wire.packet()

    assert packet.startswith(b"HTTP/1.1 200 OK\r\n")
    assert packet.endswith(b'"verdicts":[]}')
