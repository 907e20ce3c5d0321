"""What all tests share: where their chance comes from, and which files run first."""

from pathlib import Path

import pytest

from tests.support.seeds import DEEP, base_seed, load_hypothesis_profile

load_hypothesis_profile()

_TESTS = Path(__file__).parent
_LONGEST_FIRST = ("end_to_end", "sdks", "properties", "openapi", "contract", "spec", "dialects", "clients")


def pytest_report_header() -> str:
    if not DEEP:
        return "chance: the same every time"
    return f"chance: seed {base_seed()}; make deep SEED={base_seed()} runs the same again"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts folders whose files take long first, so that no processor waits for the last of them."""
    ranks = {name: rank for rank, name in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: ranks.get(item.path.relative_to(_TESTS).parts[0], len(ranks)))
