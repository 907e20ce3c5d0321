"""The document read strictly: what an answer may hold is what is described, and no more."""

from typing import Any

from tests.openapi.test_document import DOCUMENT

_REQUESTS = ("parameters", "requestBody")


def closed(data: Any) -> Any:
    """Data with no room in objects for fields that it does not name; what requests hold stays as it is."""
    if isinstance(data, list):
        return [closed(part) for part in data]
    if not isinstance(data, dict):
        return data
    parts = {name: part if name in _REQUESTS else closed(part) for name, part in data.items()}
    return {"additionalProperties": False, **parts} if _is_an_object_schema(parts) else parts


def _is_an_object_schema(data: dict[str, Any]) -> bool:
    return data.get("type") == "object" and "properties" in data


CLOSED_DOCUMENT: dict[str, Any] = closed(DOCUMENT)
