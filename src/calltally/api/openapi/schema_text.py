"""JSON Schema in a few words, as HTML."""

from collections.abc import Iterator
from html import escape
from typing import Any

from calltally.api.openapi.parts import SCHEMAS

_Data = dict[str, Any]

_BOUNDS = {
    "minimum": "from {}",
    "maximum": "to {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "default": "default {}",
}


def schema_text(schema: _Data) -> str:
    """What a schema takes, on one line; components are links to where the page tells them."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(SCHEMAS)
        return f'<a href="#{escape(name)}">{escape(name)}</a>'
    return ", ".join([_kind(schema), *_bounds(schema)])


def schema_fields(schema: _Data) -> Iterator[tuple[str, _Data, bool]]:
    """Name, schema and necessity of each field of an object."""
    required = schema.get("required", ())
    for name, part in schema.get("properties", {}).items():
        yield name, part, name in required


def _kind(schema: _Data) -> str:
    if "const" in schema:
        return f"<code>{_shown(schema['const'])}</code>"
    if "enum" in schema:
        return " | ".join(f"<code>{_shown(value)}</code>" for value in schema["enum"])
    for union in ("oneOf", "anyOf"):
        if union in schema:
            return " or ".join(schema_text({**_without_unions(schema), **part}) for part in schema[union])
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {schema_text(schema['items'])}" if "items" in schema else "list"
    if kind == "object" and "properties" in schema:
        fields = ", ".join(
            f"<code>{escape(name)}</code>: {schema_text(part)}" for name, part, _ in schema_fields(schema)
        )
        return f"object ({fields})"
    name = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return f"{name} ({escape(schema['format'])})" if "format" in schema else name


def _without_unions(schema: _Data) -> _Data:
    return {key: schema[key] for key in ("type",) if key in schema}


def _bounds(schema: _Data) -> list[str]:
    found = [text.format(_shown(schema[key])) for key, text in _BOUNDS.items() if _tells(schema, key)]
    return [" ".join(found[:2]), *found[2:]] if "minimum" in schema and "maximum" in schema else found


def _tells(schema: _Data, key: str) -> bool:
    """Empty defaults say nothing that is worth a word."""
    return key in schema and (key != "default" or schema[key] not in (None, "", []))


def _shown(value: object) -> str:
    return escape(str(value).lower() if isinstance(value, bool) else str(value))
