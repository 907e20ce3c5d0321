"""Libraries whose inner workings the server relies on are of versions that were tried."""

import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

TRIED = {
    "httptools": ("0.9", "0.10"),
    "uvicorn": ("0.54", "0.55"),
}
"""The version tried, and the next one, which pyproject.toml must not let in.

httptools parses heads (`calltally.server.head_parser`). uvicorn makes connections with a class of ours, to
which it passes arguments that its documentation does not name (`calltally.server.app_server`). Before a newer
one is let in, these must pass in tests/end_to_end:
test_http_conformance, test_overload, test_stopping and test_tls.
"""


@pytest.mark.parametrize("name", TRIED)
def test_the_installed_version_was_tried(name: str) -> None:
    tried, _ = TRIED[name]

    assert version(name).startswith(f"{tried}."), (
        f"try {name} {version(name)} as TRIED says, then name it there"
    )


@pytest.mark.parametrize("name", TRIED)
def test_no_version_that_was_not_tried_can_be_installed(name: str) -> None:
    tried, untried = TRIED[name]
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    (wanted,) = (one for one in map(Requirement, project["dependencies"]) if one.name == name)

    assert wanted.specifier.contains(f"{tried}.0")
    assert not wanted.specifier.contains(untried)
