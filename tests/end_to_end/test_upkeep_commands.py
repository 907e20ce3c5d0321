"""Commands that correct, prove, copy and prune what was counted, with a server and without one."""

import csv
import json
import subprocess
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.end_to_end.command_line import PROGRAM, calltally, cli_json, environment
from tests.end_to_end.server_process import ServerProcess, ndjson
from tests.spec.test_repairing import forget_identities
from tests.support.metering import LastingMetering

CALLS: list[dict[str, Any]] = [
    {"id": "1", "time": "2024-02-28T12:00:00Z", "client_id": "a", "user_id": "ann", "path": "/users/ann"},
    {"id": "2", "time": "2024-02-29T12:00:00Z", "client_id": "a", "user_id": "ann", "status": 200},
    {"id": "3", "time": "2024-02-29T13:00:00Z", "client_id": "b", "user_id": "bob", "status": 500},
]
ACME = ("--organization", "acme")
FEBRUARY = ("--from", "2024-02-01", "--to", "2024-03-01")


@pytest.fixture(params=["no server", "a running server"])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A data directory with calls, held by a server or by nobody."""
    directory = tmp_path / "data"
    with nullcontext() if request.param == "no server" else ServerProcess(directory):
        send(directory, CALLS)
        yield directory


@pytest.fixture
def idle(tmp_path: Path) -> Path:
    """A data directory with calls that nobody holds."""
    directory = tmp_path / "data"
    send(directory, CALLS)
    return directory


def send(directory: Path, calls: list[dict[str, Any]]) -> None:
    file = directory.with_name("calls.ndjson")
    file.write_bytes(ndjson(calls) + b"\n")
    cli_json("import", "--data", directory, *ACME, "--json", file)


def calls_by(directory: Path, field: str) -> dict[str, int]:
    answer = cli_json("usage", "--data", directory, *ACME, *FEBRUARY, "--group-by", field, "--json")
    return {row[field]: row["calls"] for row in answer["rows"]}


def typed(words: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs the command line with words on its standard input."""
    command = [str(word) for word in (PROGRAM, *arguments)]
    return subprocess.run(
        command, input=words, capture_output=True, text=True, check=False, timeout=300, env=environment()
    )


def test_calls_are_cancelled_amended_and_replaced(data: Path) -> None:
    correct, told = ("correct", "cancel", "--data", data, *ACME, "--why"), ("--data", data, *ACME, "--why")
    amended = json.dumps({**CALLS[1], "client_id": "c"})
    new = json.dumps({"id": "4", "time": "2024-02-29T14:00:00Z", "client_id": "b", "status": 200})

    cancelled = calltally(*correct, "sent by a test", "1")
    restated = typed(amended, "correct", "amend", *told, "wrong client", "-")
    replaced = typed(new, "correct", "replace", *told, "retried", *FEBRUARY, "--where", "status=500", "-")
    refused = calltally(*correct, "a test", "2", "nobody")
    listed = calltally("correct", "list", "--data", data, *ACME)

    assert cancelled.stdout == "withdrew 1 call, restated 0 calls, added 0 calls\n", cancelled.stderr
    assert restated.stdout == "withdrew 1 call, restated 1 call, added 0 calls\n", restated.stderr
    assert refused.returncode == 1
    assert refused.stderr.startswith("calltally: no call 'nobody'")
    assert replaced.returncode == 1
    assert "calls[0].status" in replaced.stderr or "by its status" in replaced.stderr
    assert [line.split("  ")[1] for line in listed.stdout.splitlines() if line.startswith("20")] == [
        "amend by owner: wrong client",
        "cancel by owner: sent by a test",
    ]
    assert calls_by(data, "client_id") == {"b": 1, "c": 1}


def test_an_empty_file_replaces_nothing_without_being_told_to(data: Path) -> None:
    replace = ("correct", "replace", "--data", data, *ACME, "--why", "a test", *FEBRUARY)

    refused = typed("", *replace, "-")
    assert (refused.returncode, calls_by(data, "client_id")) == (2, {"a": 2, "b": 1})
    assert "--allow-empty" in refused.stderr

    done = typed("", *replace, "--where", "client_id=a", "--allow-empty", "--json", "-")
    assert json.loads(done.stdout)["withdrawn"] == 2
    assert calls_by(data, "client_id") == {"b": 1}


def test_a_recount_finds_every_number_right(data: Path) -> None:
    calltally("correct", "cancel", "--data", data, *ACME, "--why", "a test", "1")

    for_people = calltally("verify", "--data", data)
    found = cli_json("verify", "--data", data, "--json")

    assert for_people.returncode == 0, for_people.stderr
    assert for_people.stdout.startswith("recounted 2 calls of 1 organization on 1 day, in ")
    assert for_people.stdout.endswith("every number is right\n")
    assert found == {
        "equal": True,
        "steps": found["steps"],
        "calls": 2,
        "organizations": 1,
        "days": 1,
        "differences": [],
        "repaired": [],
        "recoveries": {"latest": [], "earlier": 0, "unreadable": 0},
    }


def test_a_recount_tells_which_number_is_wrong_and_ends_with_3(idle: Path) -> None:
    calltally("verify", "--data", idle)
    with duckdb.connect(str(idle / "calls.duckdb")) as store:
        tables = store.execute("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'by_%'")
        for (table,) in tables.fetchall():
            store.execute(f"UPDATE {table} SET calls = calls + 1")  # noqa: S608 - a name from the store

    wrong = calltally("verify", "--data", idle)
    found = calltally("verify", "--data", idle, "--json")

    assert (wrong.returncode, found.returncode) == (3, 3)
    assert "2024-02-29" in wrong.stdout
    assert wrong.stdout.splitlines()[-1].endswith(("difference", "differences"))
    told = json.loads(found.stdout)
    assert not told["equal"]
    assert {one["organization"] for one in told["differences"]} == {"acme"}
    assert {one["day"] for one in told["differences"]} == {"2024-02-28", "2024-02-29"}
    assert all(one["stored"] > one["recounted"] for one in told["differences"])


async def test_calls_that_were_counted_twice_are_repaired_and_printed(idle: Path) -> None:
    meter = LastingMetering(idle)
    await meter.up()
    forget_identities(meter)
    assert (await meter.send(*CALLS[1:], backfill=True)).accepted == 2
    await meter.down()

    wrong = calltally("verify", "--data", idle, "--json")
    repaired = calltally("verify", "--data", idle, "--repair", "--why", "a fault")
    again = cli_json("verify", "--data", idle, "--repair", "--why", "a fault", "--json")
    usage = cli_json("usage", "--data", idle, *ACME, *FEBRUARY, "--json")

    assert wrong.returncode == 3
    assert [
        (one["what"], one["stored"], one["recounted"]) for one in json.loads(wrong.stdout)["differences"]
    ] == [("a call counted more often than once", 2, 1)] * 2
    assert repaired.returncode == 0, repaired.stderr
    *calls, total, _, right = repaired.stdout.splitlines()
    assert sorted(line.partition(" client_id")[0] for line in calls) == [
        "acme: call of 2024-02-29T12:00:00Z",
        "acme: call of 2024-02-29T13:00:00Z",
    ]
    assert all("counted 2 times, now counted once" in line for line in calls)
    assert (total, right) == ("repaired 2 calls", "every number is right")
    assert (again["equal"], again["repaired"]) == (True, [])
    assert usage["rows"][0]["calls"] == 3


def test_a_repair_needs_a_reason(idle: Path) -> None:
    refused = calltally("verify", "--data", idle, "--repair")

    assert refused.returncode == 2
    assert "--repair and --why are used together" in refused.stderr


def test_a_recount_that_cannot_be_made_ends_with_1(idle: Path, tmp_path: Path) -> None:
    (idle / "calls.duckdb").write_bytes(b"not a store")

    broken = calltally("verify", "--data", idle)
    nowhere = calltally("verify", "--data", tmp_path / "nowhere")
    elsewhere = calltally("verify", "--data", tmp_path)

    assert (broken.returncode, broken.stdout) == (1, "")
    assert (nowhere.returncode, elsewhere.returncode) == (2, 2)
    assert "is not a Calltally data directory" in elsewhere.stderr
    assert not (tmp_path / "nowhere").exists()


def test_a_backup_is_restored_into_a_directory_that_counts_on(data: Path, tmp_path: Path) -> None:
    backup, restored = tmp_path / "backup", tmp_path / "restored"
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()

    made = cli_json("backup", "--data", data, "--json", backup)
    again = calltally("backup", "--data", data, tmp_path / "full")
    done = calltally("restore", backup, "--data", restored)
    over = calltally("restore", backup, "--data", tmp_path / "full")
    send(restored, [*CALLS, {**CALLS[0], "id": "4"}])

    assert (made["folder"], made["files"] > 1) == (str(backup), True)
    assert done.stdout.startswith("restored "), done.stderr
    assert [again.returncode, over.returncode] == [1, 1]
    assert "not empty" in again.stderr
    assert "not empty" in over.stderr
    assert calls_by(restored, "client_id") == {"a": 3, "b": 1}
    assert cli_json("verify", "--data", restored, "--json")["equal"]
    assert calls_by(data, "client_id") == {"a": 2, "b": 1}


def test_a_backup_that_was_changed_is_not_restored(idle: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    cli_json("backup", "--data", idle, "--json", backup)
    with (backup / "control.sqlite").open("r+b") as file:
        file.seek(100)
        file.write(b"\xff")

    changed = calltally("restore", backup, "--data", tmp_path / "restored")
    no_backup = calltally("restore", idle, "--data", tmp_path / "restored")

    assert [changed.returncode, no_backup.returncode] == [1, 1]
    assert "control.sqlite differs from what was backed up" in changed.stderr
    assert "is not a backup" in no_backup.stderr
    assert not (tmp_path / "restored").exists()


def test_calls_and_counts_are_exported(data: Path, tmp_path: Path) -> None:
    calls, counts = tmp_path / "calls.parquet", tmp_path / "counts.csv"
    export = ("export", "--data", data, *ACME, *FEBRUARY)

    first = calltally(*export, calls)
    second = calltally(*export, calls)
    forced = cli_json(*export, "--force", "--json", calls)
    counted = calltally(*export, "--what", "counts", counts)
    unnamed = calltally(*export, tmp_path / "calls.txt")

    assert first.stdout.startswith("wrote 3 rows, "), first.stderr
    assert (second.returncode, forced["rows"]) == (1, 3)
    assert "is there already" in second.stderr
    rows = duckdb.read_parquet(str(calls)).order("time").project("client_id, user_id, status").fetchall()
    assert [(row[0], row[1], int(row[2])) for row in rows] == [
        ("a", "ann", 0),
        ("a", "ann", 200),
        ("b", "bob", 500),
    ]
    assert counted.returncode == 0, counted.stderr
    with counts.open(newline="") as file:
        assert sum(int(row["calls"]) for row in csv.DictReader(file)) == 3
    assert (unnamed.returncode, "--format" in unnamed.stderr) == (2, True)


def test_old_calls_are_pruned_after_a_question(data: Path) -> None:
    prune = ("prune", "--data", data, "--calls-before", "2024-02-29")

    kept = typed("n\n", *prune)
    asked = typed("y\n", *prune)
    again = cli_json(*prune, "--yes", "--json")
    hours = calltally("usage", "--data", data, *ACME, *FEBRUARY, "--granularity", "hour")
    nothing = calltally("prune", "--data", data)

    assert (kept.returncode, kept.stdout) == (1, "")
    assert "before 2024-02-29: 1 call of 1 organization\n" in kept.stderr
    assert asked.stdout.splitlines() == [
        "pruned 1 row of the ledger of calls, and the counts of 0 calls",
        "calls are kept since 2024-02-29, counts without limit",
    ]
    assert again == {"calls": 0, "counts": 0, "texts": 0, "calls_from": "2024-02-29", "counts_from": None}
    assert calls_by(data, "client_id") == {"a": 2, "b": 1}
    assert (hours.returncode, "2024-02-29T00:00:00Z" in hours.stderr) == (1, True)
    assert (nothing.returncode, "--calls-before" in nothing.stderr) == (2, True)
    assert cli_json("verify", "--data", data, "--json")["equal"]


def test_a_user_is_erased_after_a_question(data: Path) -> None:
    erase = ("erase", "--data", data, *ACME, "--why", "asked to", "user", "ann")

    kept = typed("n\n", *erase)
    erased = typed("y\n", *erase)

    assert (kept.returncode, kept.stdout) == (1, "")
    assert "user ann of acme has 2 calls\n" in kept.stderr
    replacement = erased.stdout.removeprefix("erased; the user is ").partition(" ")[0]
    assert "Earlier backups and exports still contain the old id" in erased.stderr
    assert calls_by(data, "user_id") == {"bob": 1, replacement: 2}
    assert not any(path.startswith("/users/ann") for path in calls_by(data, "route"))
    assert cli_json("verify", "--data", data, "--json")["equal"]


def test_the_books_tell_what_became_of_all_that_came_in(data: Path) -> None:
    send(data, [CALLS[0], {**CALLS[1], "status": 404}, {**CALLS[2], "id": "5", "status": 99}])
    books = ("--data", data, *ACME)

    outcomes = calltally("outcomes", *books)
    (day,) = cli_json("outcomes", "days", *books, "--json")["days"]
    conflicts = calltally("outcomes", "conflicts", *books)
    rejects = calltally("outcomes", "rejects", *books, "--code", "status.out_of_range")
    none = calltally("outcomes", "rejects", *books, "--code", "time.too_late")

    assert outcomes.stdout.splitlines()[1].split() == [day["day"], "6", "3", "1", "1", "1"]
    assert outcomes.stdout.splitlines()[2:] == [f"{day['day']}  calls rejected by status.out_of_range 1"]
    assert day["rejected_by"] == {"status.out_of_range": 1}
    assert '"status":404' in conflicts.stdout
    assert "status.out_of_range: status is 99" in rejects.stdout
    assert '"id":"5"' in rejects.stdout
    assert none.stdout == "nothing\n"


def test_bad_words_and_files_are_refused_in_one_line(data: Path) -> None:
    told = ("--data", data, *ACME, "--why", "a test")
    refusals = {
        ("correct", "amend", *told, "-"): "line 2 of <stdin> is not valid JSON",
        ("correct", "replace", *told, "--from", "x", "--to", "2024-03-01", "-"): "line 2 of <stdin>",
        ("correct", "list", "--data", data, *ACME, "--from", "yesterday"): "yesterday",
        ("outcomes", "conflicts", "--data", data, *ACME, "--limit", "0"): "'0'",
        ("usage", "--data", data, *ACME, "--as-of", "2999-01-01"): "lies in the future",
        ("prune", "--data", data, "--calls-before", "2999-01-01", "--yes"): "not over",
        ("export", "--data", data, *ACME, "--from", "x", "--to", "y", data / "x" / "y.csv"): "no folder",
        ("erase", *told, "--yes", "user", ""): "not a valid id",
    }
    answers = {words: typed("{}\nno JSON\n", *words) for words in refusals}

    assert {words: answer.returncode for words, answer in answers.items()} == dict.fromkeys(refusals, 1)
    assert [words for words, text in refusals.items() if text not in answers[words].stderr] == []
    assert all(answer.stderr.count("\n") == 1 for answer in answers.values())
    assert all(answer.stdout == "" for answer in answers.values())
