"""The page about the clients: its examples run against a server, and documents every method and error."""

import contextlib
import inspect
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import calltally.clients
from calltally.clients import (
    AsyncGenesysClient,
    AsyncSailPointClient,
    AsyncSegmentClient,
    GenesysClient,
    SailPointClient,
    SegmentClient,
)
from calltally.clients.sync_client import SyncClient
from tests.clients.calltally_server import CalltallyServer

PAGE = Path(__file__).parents[2] / "docs" / "clients.md"
TEXT = PAGE.read_text("utf-8")
DOCUMENTED_ADDRESS = "http://127.0.0.1:8080"


@dataclass(frozen=True)
class Example:
    """A block of Python, the line it begins at, and the block of text behind it: what it prints."""

    line: int
    source: str
    output: str


def examples() -> Iterator[Example]:
    for block in re.finditer(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", TEXT, re.DOTALL):
        yield Example(TEXT[: block.start(1)].count("\n"), block[1], block[2] or "")


def operations(*clients: type) -> list[str]:
    clients = clients or (SailPointClient, SegmentClient, GenesysClient)
    return [name for client in clients for name in vars(client) if not name.startswith("_")]


def test_every_example_runs_and_prints_what_the_page_says(
    calltally: CalltallyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIENT_ID", calltally.reader[0])
    monkeypatch.setenv("CLIENT_SECRET", calltally.reader[1])
    monkeypatch.setenv("ACCESS_TOKEN", calltally.token)
    names: dict[str, Any] = {}

    printed = {example.line: run(example, calltally.base_url, names) for example in examples()}

    assert printed == {example.line: example.output for example in examples()}
    assert len(printed) == TEXT.count("```python")


def run(example: Example, base_url: str, names: dict[str, Any]) -> str:
    """What an example prints; it knows the names of those before it."""
    source = "\n" * example.line + example.source.replace(DOCUMENTED_ADDRESS, base_url)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(source, str(PAGE), "exec"), names)  # noqa: S102 - that is what a reader does with it
    return printed.getvalue()


@pytest.mark.parametrize("name", operations())
def test_the_page_documents_every_method(name: str) -> None:
    assert f"| `{name}(" in TEXT


@pytest.mark.parametrize("name", calltally.clients.__all__)
def test_the_page_documents_every_public_name(name: str) -> None:
    assert f"`{name}" in TEXT


@pytest.mark.parametrize("name", operations())
def test_every_method_explains_itself(name: str) -> None:
    (client,) = (kind for kind in SyncClient.__subclasses__() if hasattr(kind, name))
    method = getattr(client, name)

    assert inspect.getdoc(method)
    assert method.__name__ == name


@pytest.mark.parametrize(
    ("blocks", "is_awaited"),
    [
        (SailPointClient, AsyncSailPointClient),
        (SegmentClient, AsyncSegmentClient),
        (GenesysClient, AsyncGenesysClient),
    ],
)
def test_both_kinds_of_clients_have_the_same_methods(blocks: type, is_awaited: type) -> None:
    assert operations(blocks) == operations(is_awaited)
