"""What ``calltally demo`` prints works when it is pasted, and its numbers are right."""

import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import httpx
import msgspec
import pytest

from calltally.call import Call
from calltally.demo.demo_calls import DemoCalls
from calltally.demo.demo_story import RUNAWAY_CLIENT
from calltally.demo.words import UNUSED_SOURCES

CALLTALLY = str(Path(sys.executable).with_name("calltally"))
CALLS = 20_000


class RunningDemo:
    """A demo in ``.demo`` of a folder, as somebody starts it there, and what it printed."""

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        self.folder = folder
        self._out, self._err = folder / "out.txt", folder / "err.txt"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            command = [CALLTALLY, "demo", "--calls", str(CALLS), "--port", str(port)]
            self._process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=err)

    def __enter__(self) -> Self:
        end = time.monotonic() + 60
        while "Ctrl-C stops" not in self.printed:
            assert self._process.poll() is None, self._err.read_text("utf-8")
            assert time.monotonic() < end, "the demo was not ready within a minute"
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def printed(self) -> str:
        return self._out.read_text("utf-8")

    @property
    def address(self) -> str:
        return self._found(r"ready at (http\S+)")

    @property
    def token(self) -> str:
        return self._found(r"Bearer (\S+)'")

    @property
    def program(self) -> str:
        """The printed SailPoint program, to the byte."""
        return self._found(r"(?s)\n(from sailpoint .*?)\n\n─")

    @property
    def curls(self) -> list[str]:
        return [line for line in self.printed.splitlines() if line.startswith("curl ")]

    @property
    def questions(self) -> list[str]:
        return [line for line in self.printed.splitlines() if " usage --data " in line]

    def story(self) -> DemoCalls:
        """The calls that the demo must have loaded."""
        until = datetime.strptime(self._found(r" to (\S+ \S+) UTC"), "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
        return DemoCalls(until, calls=CALLS)

    def ask(self, path: str, token: str = "") -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return httpx.get(f"{self.address}{path}", headers=headers)

    def interrupt(self) -> int:
        """Presses Ctrl-C and returns the exit code."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(30)

    def _found(self, pattern: str) -> str:
        match = re.search(pattern, self.printed)
        assert match is not None, self.printed
        return match[1]


def send(curl: str) -> httpx.Response:
    """Does what a curl command with headers and a body would do."""
    words = iter(shlex.split(curl)[1:])
    headers, body, url = {}, None, ""
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = next(words)
        elif word != "-s":
            url = word
    return httpx.request("POST" if body else "GET", url, headers=headers, content=body)


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([CALLTALLY, *arguments], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    with RunningDemo(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture(scope="module")
def calls(demo: RunningDemo) -> list[Call]:
    return [call for each in demo.story().slices() for call in each]


def active_days(calls: list[Call], account_id: str) -> list[str]:
    """An account's months, newest first, as the printed program writes them."""
    days = {call.time[:10] for call in calls if call.account_id == account_id}
    months = Counter(day[:7] for day in days)
    return [f"  {month} {count:>3}" for month, count in sorted(months.items(), reverse=True)]


def busiest_routes(calls: list[Call]) -> list[str]:
    routes = Counter(call.route.replace("{id}", "<id>") for call in calls)
    ordered = sorted(routes.items(), key=lambda each: (-each[1], each[0]))
    return [f"{count:>9}  {route}" for route, count in ordered[:5]]


def test_the_printed_sailpoint_program_prints_what_a_naive_count_gives(
    demo: RunningDemo, calls: list[Call], tmp_path: Path
) -> None:
    story = demo.story()
    this_month = [call for call in calls if call.time[:7] == f"{story.until:%Y-%m}"]
    busy, dormant = re.findall(r'account", "([0-9a-f]+)"', demo.program)
    (tmp_path / "report.py").write_text(demo.program, "utf-8")

    done = subprocess.run(
        [sys.executable, "report.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.splitlines() == [
        f"calls since {story.story.first_day}: {len(calls)}",
        f"calls this month: {len(this_month)}",
        "this month's busiest routes:",
        *busiest_routes(this_month),
        f"active days of a busy account, {busy}:",
        *active_days(calls, busy),
        f"active days of a dormant account, {dormant}:",
        *active_days(calls, dormant),
    ]
    assert len(active_days(calls, busy)) > 6
    assert active_days(calls, dormant)[0][:9] < f"  {story.until - timedelta(days=90):%Y-%m}"


def test_the_screen_tells_how_many_calls_were_loaded(demo: RunningDemo, calls: list[Call]) -> None:
    assert f"greenfield has {len(calls):,} calls, from {calls[0].time[:10]} to" in demo.printed


def test_the_printed_question_over_http_is_answered(demo: RunningDemo, calls: list[Call]) -> None:
    month = f"{demo.story().until:%Y-%m}"
    naive = Counter(call.client_id for call in calls if call.time[:7] == month)

    answer = send(demo.curls[0])

    rows = [(row["client_id"], row["calls"]) for row in answer.json()["rows"]]
    assert rows == sorted(naive.items(), key=lambda each: (-each[1], each[0]))[:5]


def test_the_printed_questions_at_the_command_line_have_answers(demo: RunningDemo) -> None:
    answers = [
        subprocess.run(
            [*shlex.split(line), "--json"], cwd=demo.folder, capture_output=True, text=True, check=True
        )
        for line in demo.questions
    ]

    assert len(answers) == 4
    assert all(msgspec.json.decode(answer.stdout)["rows"] for answer in answers)


def test_the_first_of_them_shows_the_runaway_client(demo: RunningDemo, calls: list[Call]) -> None:
    story = demo.story()
    clients = story.organization.clients
    runaway = clients.ids[clients.names.index(RUNAWAY_CLIENT)]
    first, last = str(story.story.runaway_from), str(story.story.runaway_through)
    statuses = [c.status for c in calls if c.client_id == runaway and first <= c.time[:10] <= last]

    done = run(demo.folder, *shlex.split(demo.questions[0])[1:], "--json")

    top: dict[str, Any] = msgspec.json.decode(done.stdout)["rows"][0]
    assert top == {"client_id": runaway, "calls": len(statuses), "status_429": statuses.count(429)}


def test_a_source_that_was_never_called_is_known(demo: RunningDemo) -> None:
    sources = demo.story().organization.sources
    unused = sources.ids[sources.names.index(UNUSED_SOURCES[0])]

    status = demo.ask(f"/v2025/source-usages/{unused}/status")

    assert status.json() == {"status": "COMPLETE"}


def test_the_second_client_may_only_read(demo: RunningDemo) -> None:
    ids = re.findall(r"client_id {6}(\S+)", demo.printed)
    secrets = re.findall(r"client_secret {2}(\S+)", demo.printed)
    form = {"grant_type": "client_credentials", "client_id": ids[1], "client_secret": secrets[1]}
    token: str = httpx.post(f"{demo.address}/oauth/token", data=form).json()["access_token"]

    sent = send(demo.curls[1].replace(demo.token, token))

    assert (demo.ask("/v1/usage", token).status_code, sent.status_code) == (200, 403)


def test_a_second_demo_in_the_directory_is_refused_with_a_way_out(demo: RunningDemo) -> None:
    second = run(demo.folder, "demo")

    assert second.returncode == 1
    assert "a demo is running in .demo" in second.stderr
    assert "calltally demo --data .demo-2" in second.stderr
    assert demo.ask("/v1/usage").status_code == 200


def test_the_next_demo_starts_afresh(tmp_path: Path) -> None:
    with RunningDemo(tmp_path) as demo:
        loaded = demo.ask("/v1/usage").json()["rows"]
        verdicts = [send(demo.curls[1]).json() for _ in range(2)]
        token, code = demo.token, demo.interrupt()
        last_words = demo.printed.splitlines()[-1]
    with RunningDemo(tmp_path) as demo:
        refused, again = demo.ask("/v1/usage", token), demo.ask("/v1/usage").json()["rows"]

    assert [verdict["accepted"] for verdict in verdicts] == [1, 0]
    assert [verdict["duplicate"] for verdict in verdicts] == [0, 1]
    assert (code, last_words) == (0, "Stopped.")
    assert refused.status_code == 401
    assert 0 <= again[0]["calls"] - loaded[0]["calls"] < 10  # the minutes in between may have brought some
    assert sorted(path.name for path in tmp_path.iterdir()) == [".demo", "err.txt", "out.txt"]


def test_a_taken_port_gives_way_to_the_next(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        with RunningDemo(tmp_path, port=port) as demo:
            status = demo.ask("/v1/usage").status_code

    assert status == 200
    assert not demo.address.endswith(f":{port}")
    assert f"Port {port} is taken" in demo.printed


def test_a_directory_that_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    precious = tmp_path / "data" / "precious.txt"
    precious.parent.mkdir()
    precious.write_text("mine")

    refused = run(tmp_path, "demo", "--data", "data")

    assert refused.returncode == 1
    assert "data was not made by a demo" in refused.stderr
    assert [path.read_text() for path in precious.parent.iterdir()] == ["mine"]
