"""As many calls as a server takes, for minutes, with hostile clients beside."""

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from tests.end_to_end.server_process import ServerProcess, ndjson

from soak.book import Counts, differences, keys_of
from soak.counting import Accountant
from soak.hostile import Hostile, faults_of
from soak.town import GRANTED, WrongCountError, check_bounds, verified

SENDERS = 4
_CALLS = 5000
_CROWDS = 16
_MARK = "~mark~"
_SETTINGS = {"seen_ids_memory": "64MB", "store_memory": "512MB", "minimum_free_disk": 0}
_LONGEST_P99_SECONDS = 30.0


@dataclass(slots=True)
class Load:
    """What came of it; memory in bytes, latencies in seconds."""

    seconds: float = 0.0
    acknowledged: int = 0
    busy: int = 0
    hostile: Counter[int] = field(default_factory=Counter)
    memory: list[int] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    disk: int = 0

    def p(self, percent: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0

    def growth(self) -> float:
        """How much more memory there was in the last quarter than in the second, on average."""
        quarter = len(self.memory) // 4
        if not quarter:
            return 1.0
        return sum(self.memory[-quarter:]) / max(1, sum(self.memory[quarter : 2 * quarter]))


def run(directory: Path, seconds: float, *, seed: int, tell: Callable[[str], None]) -> Load:
    """Raises `WrongCountError` for wrong counts and `RuntimeError` for anything else that may not be."""
    with ServerProcess(directory, **_SETTINGS) as server:
        token = server.token(server.new_client("acme", *GRANTED))
        other = server.token(server.new_client("globex", *GRANTED))
        load = Load(seconds=seconds)
        hostile = [Hostile(server.address, other, seed=seed + number) for number in range(2)]
        with multiprocessing.get_context("spawn").Pool(SENDERS) as senders:
            found = senders.starmap_async(
                _send, [(server.address, token, f"{seed}-{number}", seconds) for number in range(SENDERS)]
            )
            for each in hostile:
                each.start()
            while not found.ready():
                found.wait(1)
                if not server.is_running:
                    raise RuntimeError("the server ended under load")
                load.memory.append(_memory(server))
                tell(f"load: {len(load.memory)} s, {load.memory[-1] >> 20} MiB")
            answers = found.get()
        for each in hostile:
            each.finish()
            load.hostile += each.answers
        counts: Counts = Counter()
        for keys, busy, latencies in answers:
            counts.update(keys)
            load.busy += busy
            load.latencies += latencies
        load.acknowledged = counts.total()
        _check(server, token, counts, load, faults_of(hostile))
        load.disk = sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())
        if code := server.stop():
            raise RuntimeError(f"the server ended with {code} after the load")
    return load


def _check(server: ServerProcess, token: str, counts: Counts, load: Load, faults: list[str]) -> None:
    for way, found in Accountant(server.address, {"acme": token}).in_all_ways().items():
        check_bounds(counts, found, counts)
        if wrong := differences(counts, found):
            raise WrongCountError(f"counted by {way} after the load: {wrong}")
    if audited := verified(server):
        raise WrongCountError(
            f"calltally verify finds {len(audited)} differences after the load: {audited[:5]}"
        )
    if faults:
        raise RuntimeError(f"{len(faults)} answers were faults of the server: {faults[:3]}")
    if load.p(99) > _LONGEST_P99_SECONDS:
        raise RuntimeError(f"one answer in a hundred took longer than {load.p(99):.1f} seconds")
    if load.growth() > 1.5 and load.memory[-1] > 2**30:
        raise RuntimeError(f"the memory grew by {load.growth():.2f} to {load.memory[-1] >> 20} MiB")
    errors = [event for event in server.events() if event["level"] in ("error", "critical")]
    if errors:
        raise RuntimeError(f"the server logged {len(errors)} errors: {errors[:2]}")


def _send(address: str, token: str, name: str, seconds: float) -> tuple[Counts, int, list[float]]:
    """Posts batches of new calls, every tenth one twice; what was acknowledged, by key."""
    crowds = [_template(name, crowd) for crowd in range(_CROWDS)]
    bodies, keys = [ndjson(calls) for calls in crowds], [keys_of("acme", calls) for calls in crowds]
    acknowledged: Counts = Counter()
    busy, number = 0, 0
    latencies: list[float] = []
    deadline = time.monotonic() + seconds
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
    with httpx.Client(base_url=address, headers=headers, timeout=60) as visitor:
        while time.monotonic() < deadline:
            content = bodies[number % _CROWDS].replace(_MARK.encode(), b"%d" % number)
            for verdict in ("accepted", "duplicate")[: 1 + (number % 10 == 0)]:
                while True:
                    started = time.perf_counter()
                    response = visitor.post("/v1/calls", content=content)
                    if response.status_code != 503 or "retry-after" not in response.headers:
                        break
                    busy += 1
                    time.sleep(min(float(response.headers["retry-after"]), 1))
                latencies.append(time.perf_counter() - started)
                receipt = response.json() if response.status_code == 200 else {}
                # A request that was refused amid its slices was taken in part, and is sent again whole.
                known = receipt.get("accepted", 0) + receipt.get("duplicate", 0)
                if known != _CALLS or (verdict == "duplicate" and receipt["accepted"]):
                    raise RuntimeError(f"{name} got {response.status_code} {response.text[:300]}")
            acknowledged.update(keys[number % _CROWDS])
            number += 1
    return acknowledged, busy, latencies


def _template(name: str, crowd: int) -> list[dict[str, Any]]:
    """A batch to be sent again and again under new ids, each of its calls by another user.

    Crowds have no user in common: so what is counted together has tens of thousands of rows of counts, and
    those come into the store in bulk.
    """
    now = datetime.now(UTC)
    return [
        {
            "id": f"{name}-{_MARK}-{number}",
            "time": (now - timedelta(minutes=5 * (number % 700))).isoformat(timespec="milliseconds"),
            "client_id": f"client-{number % 7}",
            "user_id": f"user-{name}-{crowd}-{number}",
            "source_id": f"source-{number % 3}",
            "account_id": f"account-{number % 150}",
            "method": ("GET", "POST")[number % 2],
            "path": f"/things/{number}",
            "status": (200, 200, 201, 404, 429, 500)[number % 6],
            "duration_ms": number,
        }
        for number in range(_CALLS)
    ]


def _memory(server: ServerProcess) -> int:
    """Resident memory now."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    (resident,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(resident.split()[1]) * 1024
