"""The JSON forms of a body of calls."""

from enum import StrEnum


class JsonForm(StrEnum):
    """The form of a body of calls."""

    OBJECT_OR_ARRAY = "json"
    LINES = "ndjson"
