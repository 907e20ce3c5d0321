"""A server that is asked to stop finishes what it began and loses nothing."""

import shutil
import signal
import socket
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.end_to_end.sender import Sender
from tests.end_to_end.server_process import ServerProcess, total


def test_a_stop_amid_traffic_ends_with_0_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "data") as server:
        token = server.token()
        senders = [Sender(server, f"sender-{number}", token) for number in range(3)]
        for sender in senders:
            sender.start()
        codes = []
        for _ in range(2):
            senders[0].wait_for(senders[0].batches + 3)
            codes.append(server.stop())
            server.start()
        for sender in senders:
            sender.finish()
        acknowledged = sum((sender.acknowledged for sender in senders), Counter())
        with server.visitor(token) as visitor:
            counted = total(visitor)
        codes.append(server.stop())

    assert codes == [0, 0, 0]
    assert counted == acknowledged.total()


def test_an_idle_connection_does_not_hold_up_a_stop(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "data") as server:
        host, port = server.address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as idle:
            idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert idle.recv(4096).startswith(b"HTTP/1.1 200")
            started = time.monotonic()
            assert server.stop() == 0

    assert time.monotonic() - started < 5


def test_what_was_rolled_up_at_a_stop_needs_no_journal_at_the_next_start(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "data") as server:
        token = server.token()
        sender = Sender(server, "sender", token)
        sender.start()
        sender.wait_for(2)
        sender.finish()
        server.stop()
        shutil.rmtree(server.directory / "journal")
        server.start()

        with server.visitor(token) as visitor:
            assert total(visitor) == sender.acknowledged.total()


@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_while_the_server_still_opens_ends_with_0_and_loses_nothing(
    tmp_path: Path, signal_: signal.Signals
) -> None:
    with ServerProcess(tmp_path / "data") as server:
        token = server.token()
        sender = Sender(server, "sender", token)
        sender.start()
        sender.wait_for(3)
        sender.finish()
        for delay in (0, 0.02, 0.05, 0.1, 0.2):
            server.kill()
            server.launch()
            server.wait_until_it_opens()
            time.sleep(delay)
            assert server.stop(signal_) == 0
            server.start()
        with server.visitor(token) as visitor:
            assert total(visitor) == sender.acknowledged.total()
