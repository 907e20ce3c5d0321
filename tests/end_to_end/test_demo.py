"""What ``calltally demo`` prints works when it is pasted, and its numbers are right."""

import re
import shlex
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from calltally.call import Call
from calltally.demo.demo_story import RUNAWAY_CLIENT
from calltally.demo.words import UNUSED_SOURCES
from tests.end_to_end.running_demo import RunningDemo, run, send


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    with RunningDemo(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture(scope="module")
def calls(demo: RunningDemo) -> list[Call]:
    return [call for each in demo.story().slices() for call in each]


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
