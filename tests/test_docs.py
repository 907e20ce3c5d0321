"""The documentation says what the program does.

``python -m tests.test_docs`` writes the pages that are drawn from the program.
"""

import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from calltally.api import usage_parameters
from calltally.api.openapi.document import openapi_document
from calltally.call import Call
from calltally.cli.cli_page import cli_page
from calltally.settings.settings_page import settings_page

DOCS = Path(__file__).parent.parent / "docs"

DRAWN_PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "settings.md": settings_page,
}


@pytest.mark.parametrize("page", DRAWN_PAGES)
def test_a_page_that_is_drawn_from_the_program_is_current(page: str) -> None:
    written = (DOCS / page).read_text("utf-8")

    assert written == DRAWN_PAGES[page](), "run python -m tests.test_docs"


def test_the_figures_of_the_readme_are_those_of_the_page_about_performance() -> None:
    readme = (DOCS.parent / "README.md").read_text("utf-8").partition("## Is it for you?")[0]
    measured = (DOCS / "performance.md").read_text("utf-8")

    figures = re.findall(r"\b\d{1,3},\d{3}\b", readme)

    assert len(figures) >= 8
    assert [figure for figure in figures if figure not in measured] == []


@pytest.mark.parametrize("name", [field.name for field in msgspec.structs.fields(Call)])
def test_the_page_of_the_api_tells_every_field_of_a_call(name: str) -> None:
    assert f"| `{name}` |" in (DOCS / "api.md").read_text("utf-8")


@pytest.mark.parametrize("name", usage_parameters.NAMES)
def test_the_page_of_the_api_tells_every_parameter_of_usage(name: str) -> None:
    assert f"`{name}`" in (DOCS / "api.md").read_text("utf-8")


def test_the_openapi_document_tells_every_parameter_of_usage() -> None:
    usage = openapi_document()["paths"]["/v1/usage"]["get"]

    told = [parameter["name"] for parameter in usage["parameters"]]
    assert told == list(usage_parameters.NAMES)


if __name__ == "__main__":
    for page, draw in DRAWN_PAGES.items():
        (DOCS / page).write_text(draw(), "utf-8")
