"""The document tells all that is served, and nothing else."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar.routes import HTTPRoute
from openapi_spec_validator import validate

from calltally.api import usage_parameters
from calltally.api.calls_routes import CALLS_PATH
from calltally.api.openapi.document import openapi_document
from calltally.api.openapi.page import openapi_page
from calltally.control.permissions import KNOWN
from calltally.data_directory import DataDirectory
from calltally.server.application import Application
from calltally.settings import Settings
from calltally.wiring import Installation, vendor_descriptions

DESCRIPTIONS = vendor_descriptions()
DOCUMENT = openapi_document(DESCRIPTIONS)
OPERATIONS = [
    (path, method, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
]


@pytest.fixture
async def installation(tmp_path: Path) -> AsyncIterator[Installation]:
    with DataDirectory(tmp_path / "data") as directory:
        installation = Installation(directory, Settings())
        await installation.open_meter()
        yield installation
        await installation.close()


def served_by(application: Application) -> set[tuple[str, str]]:
    """Path and method of all that answers; what only refuses, and what a framework adds, is left out."""
    routes = [route for route in application._others.routes if isinstance(route, HTTPRoute)]
    answering = {
        (shape(route.path), method.lower())
        for route in routes
        for method, (handler, _) in route.route_handler_map.items()
        if not re.search("refuse|options", handler.handler_name)
    }
    return answering | ({(CALLS_PATH, "post")} if application._calls_door else set())


def shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def described(operations: list[tuple[str, str, Any]]) -> set[tuple[str, str]]:
    return {(shape(path), method) for path, method, _ in operations}


def references(data: Any) -> Iterator[str]:
    """Every reference, wherever in the data."""
    if isinstance(data, dict):
        yield from ([data["$ref"]] if "$ref" in data else [])
    parts = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    for part in parts:
        yield from references(part)


def test_the_document_is_valid_openapi() -> None:
    validate(DOCUMENT)


async def test_every_path_that_is_served_is_described_and_no_other(installation: Installation) -> None:
    application = await installation.public_application()

    assert described(OPERATIONS) == served_by(application)


async def test_the_owners_door_describes_what_it_serves(installation: Installation) -> None:
    application = installation.owner_application()

    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://owner") as owner:
        paths = (await owner.get("/openapi.json")).json()["paths"]
    told = {(shape(path), method) for path, item in paths.items() for method in item}
    assert told == {one for one in served_by(application) if not one[0].startswith("/owner")}


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [operation["operationId"] for _, _, operation in OPERATIONS]

    assert len(names) == len(set(names))


def test_every_reference_leads_to_a_schema_and_every_schema_is_used() -> None:
    used = set(references(DOCUMENT))

    assert used == {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}


def test_only_permissions_are_asked_for_that_can_be_granted() -> None:
    asked = {
        permission
        for _, _, operation in OPERATIONS
        for alternative in operation["security"]
        for permission in alternative.get("oauth2", ())
    }

    assert asked <= KNOWN


def test_every_parameter_of_usage_is_described() -> None:
    parameters = DOCUMENT["paths"]["/v1/usage"]["get"]["parameters"]

    assert [parameter["name"] for parameter in parameters] == list(usage_parameters.NAMES)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_the_page_shows_every_operation(path: str, method: str, operation: dict[str, Any]) -> None:
    page = openapi_page(DOCUMENT)

    assert f'id="{operation["operationId"]}"' in page
    assert f'class="{method}">{method.upper()}</b> <code>{path}</code>' in page


@pytest.mark.parametrize("name", DOCUMENT["components"]["schemas"])
def test_the_page_shows_every_schema(name: str) -> None:
    assert f'<article id="{name}">' in openapi_page(DOCUMENT)


def test_every_link_of_the_page_leads_somewhere_on_it() -> None:
    page = openapi_page(DOCUMENT)

    links = set(re.findall(r'href="#([^"]*)"', page))
    assert links <= set(re.findall(r'id="([^"]*)"', page))


def test_the_page_loads_nothing() -> None:
    page = openapi_page(DOCUMENT)

    assert re.findall(r"<(?:script|link|img|iframe)|@import|url\(", page) == []


def test_what_a_document_says_cannot_become_markup() -> None:
    hostile = {**DOCUMENT, "info": {**DOCUMENT["info"], "title": "<script>"}}

    assert "<script" not in openapi_page(hostile)


def test_what_two_vendors_describe_is_refused() -> None:
    twice = [*DESCRIPTIONS, *DESCRIPTIONS]

    with pytest.raises(ValueError, match="described twice"):
        openapi_document(twice)
