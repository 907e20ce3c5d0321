"""A server at its bound of texts takes others after pruning, wherever it was killed, and after restarts."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from soak.town import verified
from soak.watched_disk import Place
from soak.watched_server import WatchedServer

from tests.end_to_end.server_process import ServerProcess, post, usage

BOUND = 3000
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
OLD, NEW = TODAY - timedelta(days=10), TODAY - timedelta(days=2)
FIRST_KEPT = (TODAY - timedelta(days=5)).date()


def calls(first: int, end: int, time: datetime) -> list[dict[str, Any]]:
    """Each of another client."""
    return [
        {"id": f"c-{number}-{time.date()}", "time": time.isoformat(), "client_id": f"client-{number:05}"}
        for number in range(first, end)
    ]


def prune(server: ServerProcess, before: date) -> dict[str, Any]:
    transport = httpx.HTTPTransport(uds=str(server.directory / "owner.sock"))
    wanted = {"calls_before": before.isoformat(), "counts_before": before.isoformat()}
    with httpx.Client(transport=transport, base_url="http://owner", timeout=120) as owner:
        response = owner.post("/owner/prune", json=wanted)
    assert response.status_code == 200, response.text
    report: dict[str, Any] = response.json()
    return report


def clients_held(visitor: httpx.Client) -> int:
    lines = visitor.get("/metrics").text.splitlines()
    (line,) = (line for line in lines if line.startswith('calltally_texts{kind="client"}'))
    return int(float(line.split()[-1]))


def counted(visitor: httpx.Client) -> dict[str, int]:
    span = {"from": FIRST_KEPT.isoformat(), "to": "2100-01-01"}
    return {row["client_id"]: row["calls"] for row in usage(visitor, group_by="client_id", **span)}


def test_after_pruning_as_many_other_texts_are_taken_and_a_restart_keeps_it_so(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "data", max_texts=BOUND) as server:
        client = server.new_client()
        with server.visitor(server.token(client)) as visitor:
            assert post(visitor, calls(0, 10, NEW))["accepted"] == 10
            assert post(visitor, calls(10, BOUND, OLD))["accepted"] == BOUND - 10
            assert post(visitor, calls(BOUND, BOUND + 100, NEW))["rejected"] == 100
            before = counted(visitor)

            report = prune(server, FIRST_KEPT)

            assert report["texts"] == BOUND - 10
            assert clients_held(visitor) == 10
            assert counted(visitor) == before
            others = [*calls(BOUND, 2 * BOUND - 20, NEW), *calls(10, 20, NEW)]
            assert post(visitor, others)["accepted"] == len(others)
            assert post(visitor, others)["duplicate"] == len(others)
            after = counted(visitor)
            assert after == before | {call["client_id"]: 1 for call in others}
        server.restart()
        with server.visitor(server.token(client)) as visitor:
            assert clients_held(visitor) == BOUND
            assert counted(visitor) == after
            assert post(visitor, calls(2 * BOUND, 2 * BOUND + 1, NEW))["rejected"] == 1
        assert verified(server) == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_while_texts_are_removed_changes_no_count_and_pruning_again_ends_it(
    tmp_path: Path, when: str
) -> None:
    server = WatchedServer(tmp_path / "data", max_texts=BOUND)
    server.prepare_to_die(Place(when, "store.remove_texts"))
    with server:
        client = server.new_client()
        with server.visitor(server.token(client)) as visitor:
            post(visitor, calls(0, 10, NEW))
            post(visitor, calls(10, BOUND, OLD))
            before = counted(visitor)
        server.pull_the_trigger()
        with pytest.raises(httpx.HTTPError):
            prune(server, FIRST_KEPT)
        assert server.has_died(60)
        assert server.was_killed()

        server.prepare_to_die(None)
        server.start()
        with server.visitor(server.token(client)) as visitor:
            assert clients_held(visitor) == (BOUND if when == "before" else 10)
            assert counted(visitor) == before
            again = calls(5, 15, NEW + timedelta(hours=1))
            again = [{**call, "id": f"again-{call['id']}"} for call in again]
            assert post(visitor, again)["accepted"] == 10
            prune(server, FIRST_KEPT)
            assert clients_held(visitor) == 15
            assert post(visitor, again)["duplicate"] == 10
            expected = {f"client-{number:05}": 2 if 5 <= number < 10 else 1 for number in range(15)}
            assert counted(visitor) == expected
        server.restart()
        with server.visitor(server.token(client)) as visitor:
            assert (clients_held(visitor), counted(visitor)) == (15, expected)
        assert verified(server) == []
