"""Whatever kills the server, every acknowledged call is counted, and none twice."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from tests.end_to_end.command_line import cli_json
from tests.end_to_end.sender import Key, Sender
from tests.end_to_end.server_process import ServerProcess, post, total, usage
from tests.support.seeds import examples, luck

BY_KEY = {"group_by": "client_id,status", "granularity": "day", "limit": "10000"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path / "data") as running:
        yield running


@contextmanager
def sending(server: ServerProcess, token: str, count: int) -> Iterator[list[Sender]]:
    """Senders at work until the block ends, and then until everything they began is acknowledged."""
    senders = [Sender(server, f"sender-{number}", token) for number in range(count)]
    for sender in senders:
        sender.start()
    yield senders
    for sender in senders:
        sender.finish()


def book(senders: Sequence[Sender], kind: str) -> Counter[Key]:
    """One book of all senders; they may go on writing."""
    added: Counter[Key] = Counter()
    for sender in senders:
        added += getattr(sender, kind)
    return added


def days_around_now() -> dict[str, str]:
    today = datetime.now(UTC).date()
    return {
        "from": (today - timedelta(days=5)).isoformat(),
        "to": (today + timedelta(days=2)).isoformat(),
    }


def by_key(rows: Sequence[dict[str, Any]]) -> Counter[Key]:
    return Counter({(row["client_id"], row["start"][:10], row["status"]): row["calls"] for row in rows})


def counted(server: ServerProcess, token: str) -> Counter[Key]:
    with server.visitor(token) as visitor:
        return by_key(usage(visitor, **BY_KEY, **days_around_now()))


def counted_by_command(directory: Path) -> Counter[Key]:
    words = ["usage", "--data", directory, "--organization", "acme", "--json"]
    for name, value in {**BY_KEY, **days_around_now()}.items():
        words += [f"--{name.replace('_', '-')}", value]
    return by_key(cli_json(*words)["rows"])


def outcomes(server: ServerProcess, token: str) -> Counter[str]:
    """The books of ingest, added up over the days."""
    with server.visitor(token) as visitor:
        days = visitor.get("/v1/outcomes", params=days_around_now()).json()["days"]
    names = ("received", "accepted", "duplicate", "conflict", "rejected")
    return Counter({name: sum(day[name] for day in days) for name in names})


def durable_position(server: ServerProcess) -> int:
    """How far the journal of a running server has come."""
    with server.visitor() as visitor:
        lines = visitor.get("/metrics").text.splitlines()
    (position,) = (line.split()[1] for line in lines if line.startswith("calltally_journal_position"))
    return int(float(position))


def stored_position(server: ServerProcess) -> int:
    """How far the store of a killed server had come; a copy tells, so that the server finds it as it was."""
    with TemporaryDirectory() as folder:
        for file in server.directory.glob("calls.duckdb*"):
            copy(file, folder)
        store = DuckDBUsageStore(Path(folder) / "calls.duckdb")
        store.close()
        return store.position


def test_what_senders_were_told_is_what_is_counted_after_kills_at_random_instants(
    server: ServerProcess,
) -> None:
    token = server.token()
    instants = luck("instants of kills")
    acknowledged_at_kills = []
    with sending(server, token, 3) as senders:
        for _ in range(examples(6, deep=40)):
            senders[0].wait_for(senders[0].batches + 1)
            time.sleep(instants.uniform(0, 0.6))
            server.kill()
            acknowledged = book(senders, "acknowledged")
            server.start()
            found = counted(server, token)
            assert acknowledged <= found <= book(senders, "sent")
            acknowledged_at_kills.append(acknowledged.total())

    books = outcomes(server, token)
    told = sum((sender.told for sender in senders), Counter())
    unique = book(senders, "sent")
    assert book(senders, "acknowledged") == unique
    assert counted(server, token) == unique
    assert books["accepted"] == unique.total()
    assert books["received"] == sum(books[verdict] for verdict in told)
    assert all(books[verdict] >= told[verdict] for verdict in told)
    assert sum(sender.posts for sender in senders) > sum(sender.batches for sender in senders)
    assert acknowledged_at_kills == sorted(set(acknowledged_at_kills))
    assert server.stop() == 0
    assert counted_by_command(server.directory) == unique


def test_a_kill_before_and_while_the_journal_is_rolled_up_loses_nothing(server: ServerProcess) -> None:
    token, now = server.token(), datetime.now(UTC).isoformat()
    sent, behind = 0, []
    # What comes soon after a roll waits half a second for the next one.
    for seconds in (0, 0.44, 0.52):
        with server.visitor(token) as visitor:
            for count in (1, 15_000, 15_000):
                calls = ({"id": f"c-{number}", "time": now} for number in range(sent, sent + count))
                assert post(visitor, calls)["accepted"] == count
                sent += count
        durable = durable_position(server)
        time.sleep(seconds)
        server.kill()
        behind.append(stored_position(server) < durable)
        server.start()
        with server.visitor(token) as visitor:
            assert total(visitor) == sent

    assert behind[0]
    server.restart()
    with server.visitor(token) as visitor:
        assert total(visitor) == sent


def test_a_journal_that_cannot_be_written_ends_the_server_and_nothing_acknowledged_is_lost(
    server: ServerProcess,
) -> None:
    token, now = server.token(), datetime.now(UTC).isoformat()
    batches = [[{"id": f"c-{batch}-{number}", "time": now} for number in range(1000)] for batch in range(50)]
    server.limit_file_size(1_000_000)
    acknowledged = 0
    with server.visitor(token) as visitor, suppress(httpx.TransportError, AssertionError):
        for batch in batches:
            acknowledged += post(visitor, batch)["accepted"]
    code = server.wait()
    server.start()

    with server.visitor(token) as visitor:
        counted = total(visitor)
        receipts = [post(visitor, batch) for batch in batches]
        assert total(visitor) == 50_000
    assert code == 70
    assert 0 < acknowledged <= counted <= acknowledged + 1000
    assert sum(receipt["accepted"] for receipt in receipts) == 50_000 - counted


def test_a_kill_while_the_server_still_opens_loses_nothing(server: ServerProcess) -> None:
    token = server.token()
    instants = luck("instants of starts")
    call = {"time": datetime.now(UTC).isoformat()}
    with server.visitor(token) as visitor:
        post(visitor, ({**call, "id": f"c-{number}"} for number in range(50_000)))
    server.kill()

    for _ in range(examples(3, deep=20)):
        server.launch()
        time.sleep(instants.uniform(0.5, 1.1))
        server.kill()
    server.start()

    with server.visitor(token) as visitor:
        again = post(visitor, ({**call, "id": f"c-{number}"} for number in range(50_001)))
        assert (again["accepted"], again["duplicate"]) == (1, 50_000)
        assert total(visitor) == 50_001
