"""Requests with calls that are refused as a whole are counted by reason."""

from pathlib import Path
from typing import Any

import httpx

from tests.end_to_end.server_process import ServerProcess


def refused(visitor: httpx.Client) -> dict[str, int]:
    """What the metrics tell."""
    found = {}
    for line in visitor.get("/metrics").text.splitlines():
        if line.startswith("calltally_refused_requests_total{"):
            label, _, number = line.partition(" ")
            found[label.split('"')[1]] = int(float(number))
    return found


def post(visitor: httpx.Client, body: bytes, **more: Any) -> int:
    return visitor.post("/v1/calls", content=body, **more).status_code


def test_each_refused_request_is_counted_under_its_reason(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "data", max_body="1KiB", max_calls=2) as server:
        with server.visitor() as nobody:
            assert post(nobody, b"[]") == 401
        with server.visitor(server.token(server.new_client("acme", "usage:read"))) as reader:
            assert post(reader, b"[]") == 403
        with server.visitor(server.token()) as visitor:
            assert post(visitor, b"x" * 1025) == 413
            assert post(visitor, b"[1, 2, 3]") == 400
            assert post(visitor, b"not JSON", headers={"Content-Type": "application/json"}) == 400
            assert post(visitor, b"[", headers={"Content-Type": "application/json"}) == 400
            assert post(visitor, b"[]", headers={"Content-Type": "text/html"}) == 415
            assert post(visitor, b"[]", params={"colour": "red"}) == 400
            assert post(visitor, b"[]") == 200

            assert refused(visitor) == {
                "not_allowed": 1,
                "too_large": 1,
                "too_many_calls": 1,
                "unreadable": 2,
                "unsupported_type": 1,
                "invalid_parameter": 1,
            }


def test_a_short_disk_is_counted_and_told_with_when_to_come_back(tmp_path: Path) -> None:
    with (
        ServerProcess(tmp_path / "data", minimum_free_disk="100TB") as server,
        server.visitor(server.token()) as visitor,
    ):
        answer = visitor.post("/v1/calls", content=b'{"id": "1", "time": "2026-03-01T12:00:00Z"}')

        assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
        assert refused(visitor) == {"disk_short": 1}
        ready = visitor.get("/readyz")
        assert ready.status_code == 503
        assert (ready.json()["lag_calls"], ready.json()["lag_seconds"]) == (0, 0)


def test_metrics_tell_how_long_syncs_take(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "data") as server, server.visitor(server.token()) as visitor:
        assert (
            post(visitor, b'{"id": "1", "time": "2020-03-01T12:00:00Z"}', params={"backfill": "true"}) == 200
        )
        lines = dict(line.rpartition(" ")[::2] for line in visitor.get("/metrics").text.splitlines())

        assert float(lines["calltally_journal_sync_seconds_count"]) >= 1
        assert float(lines["calltally_journal_sync_seconds_sum"]) > 0
        assert (
            lines['calltally_journal_sync_seconds_bucket{le="+Inf"}']
            == (lines["calltally_journal_sync_seconds_count"])
        )
        assert float(lines["calltally_journal_bytes"]) > 0
        assert float(lines["calltally_lag_calls"]) in (0, 1)
