"""The pieces that the description of our own doors is put together from: plain OpenAPI 3.1 data."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from calltally.api.problems import PROBLEM_JSON, InvalidField

Data = dict[str, Any]

SCHEMAS = "#/components/schemas/"

TEXT: Data = {"type": "string"}
COUNT: Data = {"type": "integer", "minimum": 0}
DAY: Data = {"type": "string", "format": "date"}
INSTANT: Data = {"type": "string", "format": "date-time"}

_WHEN = {
    400: "Something in the request can never work; `errors` says what, and what is accepted.",
    401: "No token came, or it is wrong, expired or revoked; `WWW-Authenticate` says which.",
    403: "The token lacks a permission, named as `scope` in `WWW-Authenticate`.",
    404: "What is named does not exist in this organization; nothing was changed.",
    408: "The rest of the body did not come in time.",
    413: "The body is too large.",
    415: "The content type or encoding cannot be read.",
    500: "The server failed; its log says why.",
    503: "The server is busy or about to end; come again after `Retry-After` seconds.",
}
_HEADERS = {
    401: {"WWW-Authenticate": {"required": True, "schema": TEXT}},
    403: {"WWW-Authenticate": {"required": True, "schema": TEXT}},
    503: {"Retry-After": {"description": "Whole seconds.", "required": True, "schema": COUNT}},
}


def problem_schemas() -> Data:
    """The component schemas that `problems` refers to."""
    _, faults = msgspec.json.schema_components([InvalidField], ref_template=SCHEMAS + "{name}")
    problem = record(
        {
            "title": {**TEXT, "description": "What the status says."},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": TEXT,
            "errors": {"type": "array", "items": ref("InvalidField"), "minItems": 1, "maxItems": 100},
        },
        required=("title", "status"),
        description="Problem details (RFC 9457).",
    )
    return {**faults, "Problem": problem}


def problems(*statuses: int) -> Data:
    """The refusals of our own doors, by status."""
    return {
        str(status): {
            "description": _WHEN[status],
            **({"headers": _HEADERS[status]} if status in _HEADERS else {}),
            "content": {PROBLEM_JSON: {"schema": ref("Problem")}},
        }
        for status in statuses
    }


def answer(bodies: Mapping[str, Data], description: str = "The answer.", **more: object) -> Data:
    """A response with a schema for each media type."""
    content = {media_type: {"schema": schema} for media_type, schema in bodies.items()}
    return {"description": description, "content": content, **more}


def operation(
    operation_id: str, tag: str, summary: str, responses: Mapping[str, Data], **more: object
) -> Data:
    """An operation that is open to everyone, unless ``security`` says otherwise."""
    head = {"operationId": operation_id, "tags": [tag], "summary": summary}
    return {**head, "security": [], **more, "responses": dict(sorted(responses.items()))}


def needs(*any_of: str) -> list[Data]:
    """The security of an operation that one of these permissions opens, by either kind of token."""
    return [*({"oauth2": [permission]} for permission in any_of), {"bearer": []}]


def parameter(name: str, description: str, schema: Data, *, place: str = "query", **more: object) -> Data:
    required = {"required": True} if place == "path" else {}
    return {"name": name, "in": place, "description": description, **required, "schema": schema, **more}


def record(
    properties: Mapping[str, Data], *, required: Iterable[str] | None = None, description: str = ""
) -> Data:
    """An object; without further words each of its properties is always there."""
    told = {"description": description} if description else {}
    names = list(properties if required is None else required)
    return {"type": "object", **told, "properties": dict(properties), "required": names}


def listing(items: Data) -> Data:
    return {"type": "array", "items": items}


def choice(values: Sequence[str]) -> Data:
    return {"type": "string", "enum": [str(value) for value in values]}


def ref(name: str) -> Data:
    return {"$ref": SCHEMAS + name}


def phrase(status: int) -> str:
    """What a status says in words."""
    return HTTPStatus(status).phrase
