"""Libraries whose inner workings are relied on are of versions that were tried."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

TRIED = {
    "duckdb": (("2.0",), "2.1"),
    "httptools": (("0.9",), "0.10"),
    "msgspec": (("0.20", "0.21", "0.22", "0.23"), "0.24"),
    "uvicorn": (("0.54",), "0.55"),
}
"""The minor versions tried, and the next one, which pyproject.toml must not allow.

DuckDB: the layout of its file (`calltally.store.duckdb.doublewrite_buffer`), what transactions see of each
other, and the texts of errors (`calltally.store.duckdb.database`). Before a newer one is allowed,
tests/contract and `make soak` must pass; src/calltally/store/duckdb/README.md says what can then be removed.

httptools parses heads (`calltally.server.head_parser`). uvicorn makes connections with a class of ours, to
which it passes what its documentation does not name (`calltally.server.app_server`). Before a newer one is
allowed, tests/end_to_end must pass with it: test_http_conformance, test_overload, test_stopping and test_tls.

msgspec: the texts of its errors, from which faults of calls are made (`calltally.ingest.json_calls`). Before
a newer one is allowed, `make versions` must pass with it.
"""

_HASHED = re.compile(
    r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==[^ /]+( ; [^/\\]+)? \\"  # a name, a version, and where it is needed
    r"| +--hash=sha256:[0-9a-f]{64}( \\)?"
    r"| *#[^/]*"
)
"""What a line of a lock file may be; no address is any of these."""


def requirement(name: str) -> Requirement:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    (found,) = (one for one in map(Requirement, project["dependencies"]) if one.name == name)
    return found


def was_tried(name: str, installed: str) -> bool:
    minors, _ = TRIED[name]
    return installed.startswith(tuple(f"{minor}." for minor in minors))


@pytest.mark.parametrize("name", TRIED)
def test_the_installed_version_was_tried(name: str) -> None:
    assert was_tried(name, version(name)), f"try {name} {version(name)} as TRIED says, then name it there"


@pytest.mark.parametrize("name", TRIED)
def test_the_next_minor_version_counts_as_not_tried(name: str) -> None:
    _, untried = TRIED[name]

    assert not was_tried(name, f"{untried}.0")


@pytest.mark.parametrize("name", TRIED)
def test_no_version_that_was_not_tried_can_be_installed(name: str) -> None:
    minors, untried = TRIED[name]
    allowed = requirement(name).specifier

    assert [minor for minor in minors if not allowed.contains(f"{minor}.0")] == []
    assert not allowed.contains(f"{untried}.0")


def test_every_dependency_has_a_lower_and_an_upper_bound() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    operators = {
        wanted.name: {each.operator for each in wanted.specifier}
        for wanted in map(Requirement, project["dependencies"])
    }

    only_data = {"tzdata": {">="}}
    assert {name: found for name, found in operators.items() if found != {">=", "<"}} == only_data


@pytest.mark.parametrize("name", ["requirements", "requirements-dev", "requirements-bench"])
def test_a_lock_file_has_names_versions_and_hashes_only(name: str) -> None:
    lines = (Path(__file__).parents[1] / f"{name}.lock").read_text().splitlines()

    assert [line for line in lines if not _HASHED.fullmatch(line)] == []
