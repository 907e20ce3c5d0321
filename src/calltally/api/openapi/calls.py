"""What the OpenAPI document says of ``POST /v1/calls``."""

import msgspec

from calltally.api.calls_routes import CALLS_PATH, REJECTED_HEADER
from calltally.api.openapi.parts import (
    COUNT,
    SCHEMAS,
    TEXT,
    Data,
    answer,
    choice,
    listing,
    needs,
    operation,
    parameter,
    problems,
    record,
    ref,
)
from calltally.api.problems import PROBLEM_JSON
from calltally.call import MAX_WHOLE_NUMBER, Call
from calltally.control.permissions import BACKFILL, SEND
from calltally.ingest.call_rules import MEASURES, TEXT_LIMITS
from calltally.ingest.receipt import MAX_VERDICTS, CallVerdict

_DESCRIPTION = (
    "Takes in calls and answers once they are de-duplicated and on disk. A call that was not accepted has a"
    " verdict that says why; one bad call never spoils the others. A missing content type is detected."
)
_LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
_SOME = {"type": "integer", "minimum": 1}
_ID = "c-1"
_EXAMPLE = {
    "id": _ID,
    "time": "2026-03-10T12:00:00.250Z",
    "client_id": "shop",
    "method": "GET",
    "path": "/users/17",
    "status": 200,
}


def calls_paths() -> Data:
    lines = {
        **TEXT,
        "description": "One call per line, each an object as in application/json; blank lines are no calls.",
    }
    objects = {"oneOf": [ref("Call"), listing(ref("Call"))]}
    body = {
        "required": True,
        "description": "One call, an array of calls, or one call per line (NDJSON).",
        "content": {
            "application/json": {"schema": objects, "examples": {"one": {"value": _EXAMPLE}}},
            **{media_type: {"schema": lines} for media_type in _LINES},
        },
    }
    post = operation(
        "sendCalls",
        "Calls",
        "Count calls",
        {
            "200": answer(
                {"application/json": ref("Receipt")},
                headers={
                    REJECTED_HEADER: {
                        "description": "How many calls were rejected; absent where none was.",
                        "schema": _SOME,
                    }
                },
            ),
            "422": answer(
                {PROBLEM_JSON: ref("NothingCounted")},
                "Calls were rejected, and none was accepted or counted before. They cannot be accepted as"
                " they are.",
                headers={
                    REJECTED_HEADER: {
                        "description": "How many calls were rejected.",
                        "required": True,
                        "schema": _SOME,
                    }
                },
            ),
            **problems(400, 401, 403, 408, 413, 415, 500, 503),
        },
        description=_DESCRIPTION,
        security=needs(SEND),
        parameters=[
            parameter(
                "backfill",
                f"Takes calls of any age; needs the permission `{BACKFILL}`.",
                {"type": "boolean", "default": False},
            ),
            parameter(
                "Content-Encoding",
                "How the body is packed, if it is.",
                choice(("gzip", "zstd", "identity")),
                place="header",
            ),
            parameter(
                "Prefer",
                "With `return=minimal` no duplicate is among the verdicts; the totals are the same.",
                choice(("return=minimal", "return=representation")),
                place="header",
            ),
        ],
        requestBody=body,
    )
    return {CALLS_PATH: {"post": post}}


def calls_schemas() -> Data:
    """`Call` with the bounds that its values have, and `Receipt`."""
    _, schemas = msgspec.json.schema_components([Call, CallVerdict], ref_template=SCHEMAS + "{name}")
    call = schemas["Call"]
    call["description"] = "One API call. Longest texts are bytes of UTF-8; absent text is empty."
    fields = call["properties"]
    for name, limit in TEXT_LIMITS.items():
        fields[name]["maxLength"] = limit
    fields["id"]["minLength"] = 1
    fields["time"]["format"] = "date-time"
    fields["status"] = {
        "anyOf": [{"const": 0}, {"type": "integer", "minimum": 100, "maximum": 599}],
        "default": 0,
    }
    for name in MEASURES:
        fields[name] = {
            "type": ["integer", "null"],
            "minimum": 0,
            "maximum": MAX_WHOLE_NUMBER,
            "default": None,
        }
    verdicts = {
        "verdicts": {**listing(ref("CallVerdict")), "maxItems": MAX_VERDICTS},
        "truncated": {"const": True, "description": "There are more verdicts than are told."},
    }
    always = ("accepted", "duplicate", "conflict", "rejected", "verdicts")
    schemas["Receipt"] = record(
        {**dict.fromkeys(("accepted", "duplicate", "conflict", "rejected"), COUNT), **verdicts},
        required=always,
        description="How many calls had which verdict, and each that was not accepted.",
    )
    schemas["NothingCounted"] = record(
        {
            **{name: {"const": 0} for name in ("accepted", "duplicate")},
            "conflict": COUNT,
            "rejected": _SOME,
            **verdicts,
            "title": TEXT,
            "status": {"const": 422},
            "detail": TEXT,
        },
        required=(*always, "title", "status", "detail"),
        description="A Receipt of calls none of which is counted, with the members of problem details.",
    )
    return schemas
