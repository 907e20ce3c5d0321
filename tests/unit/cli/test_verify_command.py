"""``calltally verify``, told by a door what there is to tell."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from calltally.cli import verify_command
from calltally.cli.main import cli
from calltally.cli.owner_client import OwnerClient, RefusedError

NO_RECOVERIES = {"latest": [], "earlier": 0, "unreadable": 0}
COUNTS = {"steps": 3, "differences": 0, "calls": 1234, "organizations": 1, "days": 2}
END = {"end": {**COUNTS, "recoveries": NO_RECOVERIES}}
DIFFERENCE = {
    "what": "calls by day",
    "organization": "acme",
    "day": "2026-03-15",
    "key": "route=[red]/x\x1b[31m",
    "stored": 1234567,
    "recounted": 1,
}


def step(done: int, *differences: dict[str, Any]) -> dict[str, Any]:
    return {"step": {"what": "calls by day", "done": done, "total": 3, "differences": list(differences)}}


class ToldOffice(OwnerClient):
    """Asks a door that answers with known lines."""

    def __init__(self, status: int, lines: list[dict[str, Any]]) -> None:
        content = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        transport = httpx.MockTransport(lambda _: httpx.Response(status, content=content))
        self._client = httpx.Client(transport=transport, base_url="http://owner")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "control.sqlite").touch()
    return tmp_path


def verify(
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
    *lines: dict[str, Any],
    words: str = "",
    status: int = 200,
) -> Result:
    @contextmanager
    def office(*_: Any, **__: Any) -> Iterator[OwnerClient]:
        yield ToldOffice(status, list(lines))

    monkeypatch.setattr(verify_command, "OwnerClient", office)
    arguments = ["verify", "--data", str(directory), *words.split()]
    return CliRunner().invoke(cli, arguments, catch_exceptions=False)


def test_what_was_recounted_is_told_in_two_lines(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = verify(directory, monkeypatch, step(1), step(2), step(3), END)

    assert (done.exit_code, done.stdout) == (
        0,
        "recounted 1,234 calls of 1 organization on 2 days, in 3 checks\nevery number is right\n",
    )


def test_differences_are_told_with_where_they_are(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = verify(directory, monkeypatch, step(1), step(2, DIFFERENCE), step(3), END)

    assert done.exit_code == 3
    assert "2026-03-15  1,234,567          1" in done.stdout
    assert "route=[red]/x\ufffd[31m" in done.stdout.replace("\n", "").replace(" ", "")
    assert "\x1b" not in done.stdout
    assert done.stdout.endswith("1 difference\n")


def test_of_very_many_differences_some_are_shown_and_all_are_there_for_machines(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [step(1, *[DIFFERENCE] * 60), step(2, *[DIFFERENCE] * 60), END]

    shown = verify(directory, monkeypatch, *lines)
    told = verify(directory, monkeypatch, *lines, words="--json")

    assert shown.stdout.count("2026-03-15") == 50
    assert shown.stdout.endswith("120 differences, of which 50 are shown; --json lists all\n")
    assert told.exit_code == 3
    found = json.loads(told.stdout)
    assert (found["equal"], found["differences"]) == (False, [DIFFERENCE] * 120)


@pytest.mark.parametrize(
    ("lines", "status", "reason"),
    [
        ([step(1)], 200, "the recount is not complete: it was interrupted"),
        ([], 200, "the recount is not complete: it was interrupted"),
        ([step(1), {"problem": {"title": "x", "status": 500, "detail": "block 7"}}], 200, "block 7"),
        ([{"title": "Service Unavailable", "status": 503, "detail": "try again"}], 503, "try again"),
    ],
)
def test_a_recount_that_does_not_end_proves_nothing(
    directory: Path, monkeypatch: pytest.MonkeyPatch, lines: list[dict[str, Any]], status: int, reason: str
) -> None:
    with pytest.raises(RefusedError, match=reason):
        verify(directory, monkeypatch, *lines, status=status)
