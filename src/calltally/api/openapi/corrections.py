"""What the OpenAPI document says of corrections, and of what came in and was not counted."""

from calltally.api.correction_request import FIELDS, MOST_CALLS
from calltally.api.inspection_page import DEFAULT_ROWS, MOST_ROWS
from calltally.api.openapi.parts import (
    COUNT,
    DAY,
    INSTANT,
    TEXT,
    Data,
    answer,
    listing,
    needs,
    operation,
    parameter,
    problems,
    record,
    ref,
)
from calltally.control.permissions import CORRECT, READ_USAGE
from calltally.usage_query import Dimension, StatusClass

_JSON = "application/json"
_READ = needs(READ_USAGE)
_DESCRIPTION = (
    "Takes calls back (cancel), says anew what they are (amend), or puts others in the place of all calls of"
    " a window (replace). All of it is done, or nothing. Every answer from then on is corrected; `as_of` of"
    " GET /v1/usage tells what was answered before."
)
_EXAMPLE = {"action": "cancel", "ids": ["c-1"], "why": "sent by a test"}
_MOMENT = {"type": "string", "description": "A date or an RFC 3339 instant; a date is its midnight UTC."}
_NOT_KEPT: Data = {**COUNT, "description": "Conflicts of the days asked that are not kept for inspection."}
_JSON_VALUE: Data = {"description": "JSON as it came."}


def corrections_paths() -> Data:
    """``/v1/corrections``, ``/v1/conflicts`` and ``/v1/rejects``."""
    correct = operation(
        "correctCalls",
        "Corrections",
        "Correct what was counted",
        {
            "200": answer({_JSON: ref("Correction")}, "What was corrected."),
            **problems(400, 401, 403, 404, 408, 413, 415, 500, 503),
        },
        description=_DESCRIPTION,
        security=needs(CORRECT),
        requestBody={
            "required": True,
            "content": {
                _JSON: {"schema": ref("CorrectionWanted"), "examples": {"cancel": {"value": _EXAMPLE}}}
            },
        },
    )
    list_ = _listing("listCorrections", "Corrections", "Every correction, the newest first", "CorrectionPage")
    conflicts = _listing(
        "listConflicts",
        "Outcomes",
        "Calls whose id was taken by another call, the newest first",
        "ConflictPage",
    )
    code = parameter("code", "Only those that broke this rule.", TEXT)
    rejects = _listing(
        "listRejects",
        "Outcomes",
        "Some of the calls that were rejected, the newest first",
        "RejectPage",
        code,
    )
    return {
        "/v1/corrections": {"get": list_, "post": correct},
        "/v1/conflicts": {"get": conflicts},
        "/v1/rejects": {"get": rejects},
    }


def corrections_schemas() -> Data:
    done = {
        "received": INSTANT,
        "who": {**TEXT, "description": "The client that asked for it, or owner."},
        "why": TEXT,
        "action": {"enum": [*FIELDS, "repair"]},
        "withdrawn": {**COUNT, "description": "Calls that no longer count as they did."},
        "restated": {**COUNT, "description": "Calls that were known and count as they are said now."},
        "added": {**COUNT, "description": "Calls that only the correction brought."},
    }
    subject = {"description": "What was asked to be corrected.", "type": "object"}
    listed = {"position": COUNT, **done, "subject": subject}
    conflict = {"received": INSTANT, **_content()}
    reject = {"received": INSTANT, "code": TEXT, "field": TEXT, "reason": TEXT, **_content()}
    return {
        "CorrectionWanted": {"oneOf": [_cancel(), _amend(), _replace()]},
        "NamedCall": {
            **record(
                {"id": TEXT, "origin": {**TEXT, "default": ""}},
                required=("id",),
                description="A call by its id and its origin.",
            ),
            "additionalProperties": False,
        },
        "Correction": record(done, description="What a correction did."),
        "CorrectionPage": _page(record(listed)),
        "ConflictPage": _page(record(conflict, required=("received",)), not_kept=_NOT_KEPT),
        "RejectPage": _page(record(reject, required=("received", "code", "field", "reason"))),
    }


def _cancel() -> Data:
    ids = {**listing({"oneOf": [TEXT, ref("NamedCall")]}), "minItems": 1, "maxItems": MOST_CALLS}
    return _wanted("cancel", {"ids": ids})


def _amend() -> Data:
    return _wanted("amend", {"calls": {**_calls(), "minItems": 1}})


def _replace() -> Data:
    filters = {
        **dict.fromkeys(map(str, Dimension), TEXT),
        Dimension.STATUS: {"type": "integer", "minimum": 0, "maximum": 599},
        Dimension.STATUS_CLASS: {"enum": [str(value) for value in StatusClass]},
    }
    either = {
        str(name): {"oneOf": [schema, {**listing(schema), "minItems": 1}]} for name, schema in filters.items()
    }
    needed = {"from": _MOMENT, "to": _MOMENT, "calls": _calls()}
    return _wanted("replace", {**needed, **either}, required=tuple(needed))


def _wanted(action: str, fields: Data, required: tuple[str, ...] | None = None) -> Data:
    why = {"type": "string", "minLength": 1, "maxLength": 1024, "description": "For the list of corrections."}
    properties = {"action": {"const": action}, **fields, "why": why}
    needed = ("action", *(fields if required is None else required), "why")
    return {**record(properties, required=needed), "additionalProperties": False}


def _calls() -> Data:
    return {**listing(ref("Call")), "maxItems": MOST_CALLS}


def _content() -> Data:
    return {
        "call": _JSON_VALUE,
        "text": {**TEXT, "description": "What came, instead of `call`, where it is no whole JSON."},
    }


def _page(row: Data, **more: Data) -> Data:
    following = {"type": ["string", "null"], "description": "The cursor of the next page."}
    return record({"complete_up_to": INSTANT, "rows": listing(row), "next": following, **more})


def _listing(operation_id: str, tag: str, summary: str, schema: str, *more: Data) -> Data:
    limit = {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": DEFAULT_ROWS}
    return operation(
        operation_id,
        tag,
        summary,
        {"200": answer({_JSON: ref(schema)}), **problems(400, 401, 403, 500, 503)},
        security=_READ,
        parameters=[
            parameter("from", "First day of receipt, UTC; without it the first there is.", DAY),
            parameter("to", "Day behind the last.", DAY),
            parameter("limit", "The most rows of a page.", limit),
            parameter("cursor", "The next of the page before.", TEXT),
            *more,
        ],
    )
