"""What ingest remembers so that it need not be done again takes no memory without end."""

import gc
import tracemalloc

import pytest

from calltally.call_batch import NameUpdate
from calltally.dictionary import Kind
from calltally.ingest import name_updates
from calltally.ingest.name_updates import NameUpdates
from calltally.ingest.routes import RouteNamer


def test_names_are_forgotten_before_they_take_more_memory_than_they_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(name_updates, "_MOST_BYTES", 1_000_000)
    news = NameUpdates()
    tracemalloc.start()

    for number in range(20_000):
        name = NameUpdate(Kind.CLIENT, "acme", f"{number}", f"{number}" * 200)
        assert news.among([name]) == [name]

    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 2_000_000


def test_the_routes_of_long_paths_are_not_remembered() -> None:
    naming = RouteNamer()
    gc.collect()
    tracemalloc.start()

    for number in range(5000):
        assert naming.derive("/" + "x" * 4000 + f"/{number}") == "/" + "x" * 4000 + "/{id}"

    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 1_000_000
