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

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(
    [*ROOT.glob("*.md"), *(page for room in ("docs", "src", "tests") for page in (ROOT / room).rglob("*.md"))]
)

DRAWN_PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "settings.md": settings_page,
}


@pytest.mark.parametrize("page", DRAWN_PAGES)
def test_a_page_that_is_drawn_from_the_program_is_current(page: str) -> None:
    written = (DOCS / page).read_text("utf-8")

    assert written == DRAWN_PAGES[page](), "run python -m tests.test_docs"


def test_the_figures_of_the_readme_are_those_of_the_page_about_performance() -> None:
    readme = (ROOT / "README.md").read_text("utf-8").partition("## Is it for you?")[0]
    measured = (DOCS / "performance.md").read_text("utf-8")

    figures = re.findall(r"\b\d{1,3},\d{3}\b", readme)

    assert len(figures) >= 8
    assert [figure for figure in figures if figure not in measured] == []


def test_the_page_about_operating_names_only_metrics_that_there_are() -> None:
    named = set(re.findall(r"`calltally_(\w+?)(?:_total)?[`{]", (DOCS / "operating.md").read_text("utf-8")))

    rooms = (ROOT / "src" / "calltally" / room for room in ("api", "journal"))
    exposed = "".join(module.read_text("utf-8") for room in rooms for module in room.glob("*.py"))
    assert len(named) >= 15
    assert [name for name in sorted(named) if not re.search(rf'"(calltally_)?{name}"', exposed)] == []


@pytest.mark.parametrize("name", [field.name for field in msgspec.structs.fields(Call)])
def test_the_page_of_the_api_documents_every_field_of_a_call(name: str) -> None:
    assert f"| `{name}` |" in (DOCS / "api.md").read_text("utf-8")


@pytest.mark.parametrize("name", usage_parameters.NAMES)
def test_the_page_of_the_api_documents_every_parameter_of_usage(name: str) -> None:
    assert f"`{name}`" in (DOCS / "api.md").read_text("utf-8")


def test_the_openapi_document_documents_every_parameter_of_usage() -> None:
    usage = openapi_document()["paths"]["/v1/usage"]["get"]

    documented = [parameter["name"] for parameter in usage["parameters"]]
    assert documented == list(usage_parameters.NAMES)


def anchors(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    headings = re.findall(r"(?m)^#+ (.+)$", page.read_text("utf-8"))
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)", page.read_text("utf-8"))

    missing = [
        (target, anchor)
        for target, anchor in links
        if not (linked := page.parent / target if target else page).exists()
        or (anchor and anchor not in anchors(linked))
    ]
    assert missing == []


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in sorted((ROOT / "src" / "calltally").iterdir())
        if path.is_dir() or path.suffix == ".py"
    ],
    ids=lambda path: path.name,
)
def test_the_architecture_lists_every_room_and_module(path: Path) -> None:
    page = (DOCS / "architecture.md").read_text("utf-8")

    is_listed = f"`{path.name}/`" in page if path.is_dir() else f"`{path.name}`" in page
    assert is_listed or path.name in ("__init__.py", "__pycache__")


def test_the_architecture_lists_every_decision_by_its_title() -> None:
    listed = re.findall(
        r"(?m)^(\d+\. )\[(.+)\]\((decisions/.+)\)$", (DOCS / "architecture.md").read_text("utf-8")
    )

    titles = {
        f"decisions/{page.name}": page.read_text("utf-8").splitlines()[0].removeprefix("# ")
        for page in (DOCS / "decisions").iterdir()
    }
    assert {page: f"{number}{title}" for number, title, page in listed} == titles


if __name__ == "__main__":
    for page, draw in DRAWN_PAGES.items():
        (DOCS / page).write_text(draw(), "utf-8")
