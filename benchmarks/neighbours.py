"""How long one organization waits while another does its worst.

    python -m benchmarks.neighbours --seconds 10

See docs/security.md for what the figures mean.
"""

import argparse
import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

import httpx

from benchmarks.figure import Figure, percentile
from benchmarks.filled_directory import YEAR, filled_directory
from benchmarks.hostile_organization import ATTACKS, attacked
from benchmarks.report import Report
from benchmarks.server_process import CALLTALLY, ServerProcess

_POSTS_A_SECOND, _QUESTIONS_A_SECOND = 10.0, 5.0
_CONNECTIONS = 4
"""For each, so that a slow answer does not count for the requests behind it too."""

_CALLS = 100
_UNDER_WAY = 2.0
"""Seconds that an attack has before anything is measured."""

_QUESTION = "/v1/usage?from=2000-01-01&to=2100-01-01&group_by=method"


@dataclass(slots=True)
class _Waited:
    """Milliseconds from when a request fell due to its answer, and how many were refused."""

    posts: list[float] = field(default_factory=list)
    questions: list[float] = field(default_factory=list)
    refused: int = 0


def measure(*, calls: int, seconds: float, attacks: list[str] | None = None) -> Iterator[list[Figure]]:
    """The hostile organization has ``calls`` stored calls to ask about."""
    with filled_directory(calls, YEAR) as directory, ServerProcess(directory) as server:
        neighbour = _Neighbour(server)
        neighbour.waited(_UNDER_WAY)
        alone = neighbour.waited(seconds)
        yield _figures("alone", alone, alone)
        for name in attacks or ATTACKS:
            with attacked(name, server.port, server.headers):
                time.sleep(_UNDER_WAY)
                waited = neighbour.waited(seconds)
            yield _figures(f"beside {name}", waited, alone)
            server.settled()


class _Neighbour:
    """An organization that posts and asks evenly, whatever the server does."""

    def __init__(self, server: ServerProcess) -> None:
        self._numbers = count()
        self._address = server.address
        command = [str(CALLTALLY), "client", "create", "--data", str(server.directory)]
        created = subprocess.run(
            [*command, "--organization", "neighbour", "--name", "benchmark", "--json"],
            check=True,
            capture_output=True,
        )
        login = {
            name: value
            for name, value in json.loads(created.stdout).items()
            if name in ("client_id", "client_secret")
        }
        form = {"grant_type": "client_credentials", **login}
        token = httpx.post(f"{server.address}/oauth/token", data=form).raise_for_status().json()
        self._headers = {"Authorization": f"Bearer {token['access_token']}"}

    def waited(self, seconds: float) -> _Waited:
        found = _Waited()
        threads = [
            threading.Thread(target=self._go_on, args=(seconds, pace, number, ask, times, found))
            for pace, ask, times in (
                (_POSTS_A_SECOND, self._post, found.posts),
                (_QUESTIONS_A_SECOND, self._ask, found.questions),
            )
            for number in range(_CONNECTIONS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found

    def _go_on(
        self,
        seconds: float,
        pace: float,
        first: int,
        ask: Callable[[httpx.Client], httpx.Response],
        times: list[float],
        found: _Waited,
    ) -> None:
        with httpx.Client(base_url=self._address, headers=self._headers, timeout=120) as client:
            began = time.perf_counter()
            for number in range(first, int(seconds * pace), _CONNECTIONS):
                due = began + number / pace
                time.sleep(max(0.0, due - time.perf_counter()))
                try:
                    found.refused += not ask(client).is_success
                except httpx.TransportError:
                    found.refused += 1
                times.append((time.perf_counter() - due) * 1000)
                if time.perf_counter() > began + 3 * seconds:
                    break

    def _post(self, client: httpx.Client) -> httpx.Response:
        now = datetime.now(UTC).isoformat()
        calls = [{"id": str(next(self._numbers)), "time": now, "path": "/orders/1"} for _ in range(_CALLS)]
        body = "\n".join(map(json.dumps, calls))
        return client.post("/v1/calls", content=body, headers={"Content-Type": "application/jsonl"})

    def _ask(self, client: httpx.Client) -> httpx.Response:
        return client.get(_QUESTION)


def _figures(name: str, waited: _Waited, alone: _Waited) -> list[Figure]:
    kinds = (("post", waited.posts, alone.posts), ("question", waited.questions, alone.questions))
    times = [
        Figure(
            name=f"{kind} of {_CALLS} calls, p{percent}, {name}".replace("question of 100 calls", "question"),
            unit="ms",
            ours=percentile(times, percent),
            rival="" if times is before else "alone",
            theirs=None if times is before else percentile(before, percent),
            less_is_better=True,
        )
        for kind, times, before in kinds
        for percent in (50, 99)
    ]
    return [
        *times,
        Figure(name=f"refused, {name}", unit="requests", ours=waited.refused, less_is_better=True),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--calls", type=int, default=1_000_000, help="calls of the hostile organization")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each is measured")
    parser.add_argument("--attacks", choices=list(ATTACKS), nargs="+")
    options = parser.parse_args()
    report = Report()
    report.group("neighbours", {"calls": options.calls, "seconds": options.seconds})
    for figures in measure(calls=options.calls, seconds=options.seconds, attacks=options.attacks):
        report.add(figures)


if __name__ == "__main__":
    main()
