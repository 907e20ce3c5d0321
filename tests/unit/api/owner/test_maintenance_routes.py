"""Verifying, pruning, erasing, backups and exports over the owner's socket."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from calltally.errors import DamagedDataError
from calltally.store.audit import AuditStep, Difference
from tests.support.doors import Doors, faults, open_doors
from tests.support.metering import LastingMetering, a_call

DAY_BEFORE = "2026-03-14T12:00:00Z"


@pytest_asyncio.fixture
async def meter(tmp_path: Path) -> AsyncIterator[LastingMetering]:
    metering = LastingMetering(tmp_path / "data")
    (tmp_path / "data").mkdir()
    await metering.up()
    yield metering
    await metering.down()


@pytest_asyncio.fixture
async def doors(meter: LastingMetering) -> AsyncIterator[Doors]:
    async with open_doors(meter) as opened:
        yield opened


async def told(doors: Doors) -> list[dict[str, Any]]:
    """The lines of a verification."""
    response = await doors.client.post("/owner/verify")
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.text.splitlines()]


async def test_a_verification_tells_its_steps_and_at_last_what_was_recounted(
    meter: LastingMetering, doors: Doors
) -> None:
    await meter.send(a_call("1"), a_call("2"), a_call("3", time=DAY_BEFORE))
    await meter.send(a_call("1"), organization="globex")

    *steps, last = await told(doors)

    assert all(line["step"]["differences"] == [] for line in steps)
    assert {"what", "done", "total", "differences"} == set(steps[0]["step"])
    assert last == {
        "end": {
            "steps": len(steps),
            "differences": 0,
            "calls": 4,
            "organizations": 2,
            "days": 3,
            "recoveries": {"latest": [], "earlier": 0, "unreadable": 0},
        }
    }


async def test_a_verification_tells_differences_with_where_they_are(
    meter: LastingMetering, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    difference = Difference("calls by day", "acme", date(2026, 3, 15), "route=/x", 2, 1)

    def audit(_: object) -> Iterator[AuditStep]:
        yield AuditStep("calls by day", 1, 1, (difference,))

    monkeypatch.setattr(type(meter.store), "audit", audit)

    first, *_, last = await told(doors)

    assert first["step"]["differences"] == [
        {
            "what": "calls by day",
            "organization": "acme",
            "day": "2026-03-15",
            "key": "route=/x",
            "stored": 2,
            "recounted": 1,
        }
    ]
    assert last["end"]["differences"] == 1


async def test_a_verification_that_breaks_off_ends_with_the_problem(
    meter: LastingMetering, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    def audit(_: object) -> Iterator[AuditStep]:
        yield AuditStep("calls by day", 1, 2)
        raise DamagedDataError("block 7 cannot be read")

    monkeypatch.setattr(type(meter.store), "audit", audit)

    lines = await told(doors)

    assert lines[-1]["problem"]["status"] == 500
    assert lines[-1]["problem"]["detail"] == "block 7 cannot be read"


async def test_what_would_be_pruned_is_told_and_then_pruned(meter: LastingMetering, doors: Doors) -> None:
    await meter.send(a_call("1"), a_call("2", time=DAY_BEFORE))
    await meter.send(a_call("1", time=DAY_BEFORE), a_call("2", time=DAY_BEFORE), organization="globex")

    shown = await doors.client.get("/owner/prune", params={"calls_before": "2026-03-15"})
    pruned = await doors.client.post("/owner/prune", json={"calls_before": "2026-03-15"})
    again = await doors.client.get("/owner/prune", params={"counts_before": "2026-03-15"})

    assert shown.json() == {
        "calls": {"calls": 3, "organizations": 2, "days": 2},
        "counts": {"calls": 0, "organizations": 0, "days": 0},
        "calls_from": None,
        "counts_from": None,
    }
    assert pruned.json() == {
        "calls": 3,
        "counts": 0,
        "texts": 0,
        "calls_from": "2026-03-15",
        "counts_from": None,
    }
    assert again.json()["counts"] == {"calls": 3, "organizations": 2, "days": 2}
    assert again.json()["calls_from"] == "2026-03-15"
    assert await meter.calls() == 2


async def test_days_that_are_not_over_and_counts_of_kept_calls_are_not_pruned(doors: Doors) -> None:
    today = await doors.client.post("/owner/prune", json={"calls_before": "2026-03-16"})
    counts = await doors.client.post("/owner/prune", json={"counts_before": "2026-03-01"})
    no_date = await doors.client.post("/owner/prune", json={"calls_before": "soon"})

    assert faults(today) == [("calls_before", "2026-03-16")]
    assert faults(counts) == [("counts_before", "2026-03-01")]
    assert [field for field, _ in faults(no_date)] == ["calls_before"]


async def test_nothing_is_pruned_over_a_difference_and_the_owner_is_told_which(
    meter: LastingMetering, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    await meter.send(a_call("1", time=DAY_BEFORE))
    difference = Difference("calls by day", "acme", date(2026, 3, 14), "", 2, 1)
    monkeypatch.setattr(
        type(meter.store), "audit", lambda _: iter([AuditStep("calls by day", 1, 1, (difference,))])
    )

    refused = await doors.client.post("/owner/prune", json={"calls_before": "2026-03-15"})

    assert refused.status_code == 500
    assert "stored is 2, recounted 1" in refused.json()["detail"]
    assert await meter.calls() == 1


async def test_somebody_is_erased_and_every_count_stays(meter: LastingMetering, doors: Doors) -> None:
    await meter.send(a_call("1", user_id="ann"), a_call("2", user_id="ann"), a_call("3", user_id="bob"))
    wanted = {"organization": "acme", "kind": "user", "id": "ann", "why": "asked to"}

    shown = await doors.client.get(
        "/owner/erase", params={"organization": "acme", "kind": "user", "identifier": "ann"}
    )
    erased = (await doors.client.post("/owner/erase", json=wanted)).json()

    assert shown.json() == {"calls": 2, "organizations": 1, "days": 1}
    assert erased["replacement"].startswith("erased-")
    assert await meter.calls(user_id=erased["replacement"]) == 2
    assert await meter.calls(user_id="ann") == 0


async def test_only_users_and_accounts_with_a_reason_are_erased(doors: Doors) -> None:
    source = {"organization": "acme", "kind": "source", "id": "crm", "why": "x"}
    no_reason = {"organization": "acme", "kind": "user", "id": "ann", "why": ""}
    nobody = {"organization": "acme", "kind": "user", "id": "", "why": "x"}

    fields = [
        [field for field, _ in faults(await doors.client.post("/owner/erase", json=wanted))]
        for wanted in (source, no_reason, nobody)
    ]

    assert fields == [["kind"], ["why"], ["id"]]


async def test_a_backup_goes_into_a_new_folder_only(
    meter: LastingMetering, doors: Doors, tmp_path: Path
) -> None:
    await meter.send(a_call("1"))
    folder = tmp_path / "backup"

    made = await doors.client.post("/owner/backup", json={"to": str(folder)})
    again = await doors.client.post("/owner/backup", json={"to": str(folder)})
    relative = await doors.client.post("/owner/backup", json={"to": "backup"})

    assert made.json()["folder"] == str(folder)
    assert (made.json()["position"], (folder / "manifest.json").exists()) == (1, True)
    assert [faults(again)[0][0], faults(relative)[0][0]] == ["to", "to"]


async def test_an_export_writes_a_file_and_replaces_none_without_being_told_to(
    meter: LastingMetering, doors: Doors, tmp_path: Path
) -> None:
    await meter.send(a_call("1"), a_call("2"), a_call("3"))
    await meter.cancel("3")
    file = tmp_path / "calls.csv"
    wanted = {
        "organization": "acme",
        "from": "2026-03-15",
        "to": "2026-03-16",
        "what": "calls",
        "format": "csv",
        "file": str(file),
    }

    first = await doors.client.post("/owner/export", json=wanted)
    second = await doors.client.post("/owner/export", json=wanted)
    third = await doors.client.post("/owner/export", json={**wanted, "replace": True, "every_entry": True})

    assert first.json() == {"file": str(file), "rows": 2, "size": first.json()["size"]}
    assert faults(second) == [("file", str(file))]
    assert third.json()["rows"] == 4
    assert len(file.read_text().splitlines()) == 5


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"from": "yesterday"}, "from"),
        ({"to": "2026-02-30"}, "to"),
        ({"file": "calls.csv"}, "file"),
        ({"file": "/nowhere/at/all.csv"}, "file"),
        ({"what": "everything"}, "what"),
        ({"format": "xlsx"}, "format"),
        ({"what": "counts", "from": "2026-03-15T12:00:00Z"}, "from"),
        ({"colour": "red"}, "data"),
    ],
)
async def test_an_export_that_cannot_be_is_refused(
    doors: Doors, tmp_path: Path, changed: dict[str, str], field: str
) -> None:
    wanted = {
        "organization": "acme",
        "from": "2026-03-15",
        "to": "2026-03-16",
        "what": "calls",
        "format": "csv",
        "file": str(tmp_path / "calls.csv"),
    }

    refused = await doors.client.post("/owner/export", json=wanted | changed)

    assert field in [told for told, _ in faults(refused)]
    assert not (tmp_path / "calls.csv").exists()


async def test_an_unforeseen_failure_tells_nothing_of_itself(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calltally.store.duckdb.duckdb_store.DuckDBUsageStore.audit", lambda _: 1 // 0)

    lines = await told(doors)

    assert lines[-1] == {"problem": {"title": "Internal Server Error", "status": 500}}
