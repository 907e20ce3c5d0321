"""The ways in which a body may hold calls."""

from enum import StrEnum


class JsonForm(StrEnum):
    """How a body holds calls."""

    OBJECT_OR_ARRAY = "json"
    LINES = "ndjson"
