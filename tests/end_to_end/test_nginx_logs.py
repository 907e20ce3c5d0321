"""What a real nginx writes is counted the way awk counts it."""

import gzip
import os
import shutil
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import httpx
import pytest

from calltally.call import Call
from calltally.imports.access_log import AccessLog
from calltally.imports.log_file import LogFile
from tests.end_to_end.command_line import cli_json
from tests.support.access_logs import read_blocks

STATUSES = (200, 201, 204, 301, 304, 403, 404, 409, 418, 429, 500, 503)
FORMATS = ("combined", "common", "timed")
ZONE = "-0330"

CONFIGURATION = """
daemon off;
worker_processes 1;
pid nginx.pid;
{user}
events {{}}
http {{
  log_format common '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent';
  log_format timed '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                   '"$http_referer" "$http_user_agent" $request_time $upstream_response_time $request_id';
  access_log combined.log combined;
  access_log common.log common;
  access_log timed.log timed;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{ return 200 "here is $uri"; }}
    {statuses}
    location /hangs {{ proxy_pass http://127.0.0.1:{silent_port}; }}
    location /members {{ auth_basic members; auth_basic_user_file members; try_files /none =404; }}
  }}
}}
"""

COUNT_STATUSES = """
{ split($3, after, " "); count[after[1]]++ }
END { for (status in count) print status, count[status] }
"""
MOVE_TO_EARLIER_DAYS = r"""
{ sub(/\[[0-9]+\/[A-Z][a-z]+\/[0-9]+/, "[" (27 + NR % 3) "/Feb/2024"); print }
"""
COUNT_MINUTES = r"""
match($0, /\[[0-9][0-9]\/[A-Z][a-z][a-z]\/[0-9:]+ [-+][0-9]+\]/) { count[substr($0, RSTART + 1, 17)]++ }
END { for (minute in count) print minute, count[minute] }
"""


class Nginx:
    """A real nginx with its own prefix and port, whose clock runs three and a half hours behind UTC."""

    def __init__(self, prefix: Path) -> None:
        program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
        assert program is not None, "these tests need nginx: apt-get install nginx-light"
        self._silent = socket.create_server(("127.0.0.1", 0))
        self._port = free_port()
        self._prefix = prefix
        (prefix / "members").write_text('anna:{PLAIN}a\nBob "the [B]" Ray:{PLAIN}b\n')
        (prefix / "nginx.conf").write_text(
            CONFIGURATION.format(
                user="user root;" if os.getuid() == 0 else "",
                port=self._port,
                silent_port=self._silent.getsockname()[1],
                statuses="\n".join(f"location /status/{each} {{ return {each}; }}" for each in STATUSES),
            )
        )
        with (prefix / "stderr.log").open("wb") as stderr:
            self._process = subprocess.Popen(
                [program, "-p", f"{prefix}/", "-c", "nginx.conf", "-e", "stderr"],
                env={**os.environ, "TZ": "LOCAL+3:30"},
                stderr=stderr,
            )

    def __enter__(self) -> Self:
        wait_until(lambda: self._listens() or self._process.poll() is not None)
        assert self._process.poll() is None, (self._prefix / "stderr.log").read_text()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._silent.close()

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self._port}")

    def send_raw(self, request: bytes) -> None:
        """Sends bytes that may be no HTTP, and waits until nginx has closed."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=5) as connection:
            connection.sendall(request)
            while connection.recv(4096):
                pass

    def give_up_waiting(self) -> None:
        """Asks for something that never comes and hangs up first, which nginx logs as 499."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=5) as connection:
            connection.sendall(b"GET /hangs HTTP/1.1\r\nHost: x\r\n\r\n")
            upstream, _ = self._silent.accept()
        with upstream:
            wait_until(lambda: b" 499 " in self.log(FORMATS[-1]).read_bytes())

    def log(self, log_format: str) -> Path:
        return self._prefix / f"{log_format}.log"

    def wait_for_lines(self, count: int) -> None:
        """A line may be written a moment after its answer; ``count`` lines are awaited in each log."""
        wait_until(lambda: all(self.log(each).read_bytes().count(b"\n") >= count for each in FORMATS))

    def rotate_logs(self) -> None:
        """Moves the logs away and has nginx open new ones, as logrotate does."""
        for each in FORMATS:
            self.log(each).rename(self._prefix / f"{each}.log.1")
        self._process.send_signal(signal.SIGUSR1)
        wait_until(lambda: all(self.log(each).exists() for each in FORMATS))

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "waited for 10 seconds in vain"
        time.sleep(0.02)


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    with Nginx(tmp_path) as running:
        yield running


def send_requests(nginx: Nginx, rounds: int) -> Counter[int]:
    """Sends all kinds of requests and returns how many were answered with each status."""
    answered: Counter[int] = Counter()
    with nginx.client() as client:
        for number in range(rounds):
            sent = [client.get(f"/status/{each}?page={number}") for each in STATUSES]
            sent += [
                client.head(f"/users/{number}"),
                client.post("/users", content=b"x" * number),
                client.get("/straße/日本語/ümlaut"),
                client.request("PROPFIND", "/dav"),
                client.get("/members", auth=("anna", "a")),
                client.get("/members", auth=('Bob "the [B]" Ray', "b")),
                client.get("/members", auth=("anna", "wrong")),
                client.get("/", headers={"User-Agent": 'a "quoted" \\ agent', "Referer": "[x]"}),
            ]
            answered.update(response.status_code for response in sent)
    return answered


def send_garbage(nginx: Nginx) -> None:
    """Ten requests that nginx logs, most of them as 400."""
    nginx.send_raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\r\n")
    nginx.send_raw(b"hello\r\n\r\n")
    nginx.send_raw(b'GET /a"b\\c HTTP/1.1\r\n\r\n')
    nginx.send_raw(b"GET /caf\xc3\xa9?x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    nginx.send_raw(b"GET /\xff\xfe HTTP/1.0\r\n\r\n")
    nginx.send_raw(b"GET http://example.com/absolute?x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    nginx.send_raw(b"GET /old\r\n")
    nginx.send_raw(b"GET / HTTP/9.9\r\n\r\n")
    nginx.send_raw(b"GET /" + b"long" * 4000 + b" HTTP/1.1\r\n\r\n")
    nginx.send_raw(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"long" * 10_000 + b"\r\n\r\n")


def calls_of(log: Path) -> list[Call]:
    with LogFile.open(log) as file:
        found = read_blocks(AccessLog("web-1"), file.blocks())
    assert found.skipped == []
    return found.calls


def awk(program: str, log: Path) -> dict[str, int]:
    output = subprocess.run(
        ["awk", "-F", '"', program, log], check=True, capture_output=True, text=True
    ).stdout
    return {key: int(count) for key, count in (line.split() for line in output.splitlines())}


def utc_minute(logged: str) -> str:
    local = datetime.strptime(f"{logged} {ZONE}", "%d/%b/%Y:%H:%M %z")
    return local.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")


@pytest.mark.parametrize("log_format", FORMATS)
def test_all_requests_are_counted_by_status_and_by_minute(nginx: Nginx, log_format: str) -> None:
    answered = send_requests(nginx, rounds=15)
    send_garbage(nginx)
    nginx.give_up_waiting()
    nginx.wait_for_lines(answered.total() + 11)

    calls = calls_of(nginx.log(log_format))

    statuses = Counter(call.status for call in calls)
    minutes = Counter(call.time[:16] for call in calls)
    assert len(calls) == answered.total() + 11
    assert {f"{status:03}": count for status, count in statuses.items()} == awk(
        COUNT_STATUSES, nginx.log(log_format)
    )
    assert minutes == {
        utc_minute(minute): count for minute, count in awk(COUNT_MINUTES, nginx.log(log_format)).items()
    }
    assert statuses >= answered
    assert statuses[499] == 1


def test_requests_are_told_with_who_what_and_how_much(nginx: Nginx) -> None:
    answered = send_requests(nginx, rounds=1)
    send_garbage(nginx)
    nginx.wait_for_lines(answered.total() + 10)

    calls = calls_of(nginx.log("combined"))

    told = {(call.user_id, call.method, call.path, call.status) for call in calls}
    sizes = {call.path: call.response_bytes for call in calls if call.status == 200}
    assert {call.client_id for call in calls} == {"127.0.0.1"}
    assert told >= {
        ("", "GET", "/status/429", 429),
        ("", "HEAD", "/users/0", 200),
        ("", "PROPFIND", "/dav", 200),
        ("", "GET", "/stra%C3%9Fe/%E6%97%A5%E6%9C%AC%E8%AA%9E/%C3%BCmlaut", 200),
        ("anna", "GET", "/members", 404),
        ('Bob "the [B]" Ray', "GET", "/members", 404),
        ("", "GET", "/café", 200),
        ("", "GET", "/absolute", 200),
        ("", "GET", "/old", 200),
        ("", "", "", 400),
    }
    assert sizes["/users/0"] == 0
    assert sizes["/dav"] == len("here is /dav")
    assert sizes["/café"] == len("here is /café".encode())


def test_a_log_that_grew_was_rotated_and_compressed_gives_the_same_calls(nginx: Nginx) -> None:
    answered = send_requests(nginx, rounds=3)
    nginx.wait_for_lines(answered.total())
    early = calls_of(nginx.log("combined"))
    answered += send_requests(nginx, rounds=3)
    nginx.wait_for_lines(answered.total())
    grown = calls_of(nginx.log("combined"))
    nginx.rotate_logs()
    send_requests(nginx, rounds=1)
    rotated = nginx.log("combined").with_suffix(".log.1")
    compressed = rotated.with_suffix(".2")
    compressed.write_bytes(gzip.compress(rotated.read_bytes()))

    assert grown[: len(early)] == early
    assert calls_of(rotated) == calls_of(compressed) == grown
    assert len({call.id for call in grown}) == len(grown)


def test_an_imported_log_is_counted_by_status_and_by_day_as_awk_counts_it(
    nginx: Nginx, tmp_path: Path
) -> None:
    answered = send_requests(nginx, rounds=40)
    send_garbage(nginx)
    nginx.wait_for_lines(answered.total() + 10)
    log, data = tmp_path / "earlier.log", tmp_path / "data"
    with log.open("wb") as earlier:
        subprocess.run(["awk", MOVE_TO_EARLIER_DAYS, nginx.log("combined")], check=True, stdout=earlier)
    days: Counter[str] = Counter()
    for minute, count in awk(COUNT_MINUTES, log).items():
        days[utc_minute(minute)[:10]] += count
    words = ("--data", data, "--organization", "acme", "--json")

    (report,) = cli_json("import", *words, log)
    february = (*words, "--from", "2024-01-31", "--to", "2024-03-02")
    by_status = cli_json("usage", *february, "--group-by", "status")["rows"]
    by_day = cli_json("usage", *february, "--granularity", "day")["rows"]

    assert (report["accepted"], report["skipped"]) == (answered.total() + 10, 0)
    assert {f"{row['status']:03}": row["calls"] for row in by_status} == awk(COUNT_STATUSES, log)
    assert {row["start"][:10]: row["calls"] for row in by_day} == days
    assert len(days) >= 3
