"""``GET /v1/conflicts`` and ``GET /v1/rejects``: what came in and was not counted, as it came."""

from typing import Any

import msgspec
from litestar import Request, Response, Router, get

from calltally.api.inspection_page import read_book_question
from calltally.api.problems import problem_response
from calltally.api.usage_writing import written_instant
from calltally.auth.caller import Authenticator, Caller
from calltally.call_batch import Conflict, RejectedSample
from calltally.clock import Clock, instant_of
from calltally.control.permissions import READ_USAGE
from calltally.query.query_engine import QueryEngine

_Request = Request[Any, Any, Any]

_JSON = "application/json"


def inspection_router(engine: QueryEngine, authenticator: Authenticator, clock: Clock) -> Router:
    """Answers callers who may read usage about their own organization; errors are problem details."""

    async def authenticate(request: _Request) -> Caller:
        caller = await authenticator.authenticate(request.headers.get("Authorization"))
        caller.require(READ_USAGE)
        return caller

    @get("/conflicts", operation_id="listConflicts")
    async def conflicts(request: _Request) -> Response[bytes]:
        organization = (await authenticate(request)).organization
        now = instant_of(clock.now_ms())
        asked = read_book_question(request.scope["query_string"], organization, "conflicts", now)
        answer = await engine.conflicts(organization, asked.wanted)
        found, not_kept = answer.value.rows, answer.value.not_kept
        page = asked.page(answer.complete_up_to, found, _conflict, not_kept=not_kept)
        return Response(page, media_type=_JSON)

    @get("/rejects", operation_id="listRejects")
    async def rejects(request: _Request) -> Response[bytes]:
        organization = (await authenticate(request)).organization
        now = instant_of(clock.now_ms())
        asked = read_book_question(request.scope["query_string"], organization, "rejects", now, by_code=True)
        answer = await engine.samples(organization, asked.wanted)
        return Response(asked.page(answer.complete_up_to, answer.value, _reject), media_type=_JSON)

    return Router(
        "/v1", route_handlers=[conflicts, rejects], exception_handlers={Exception: problem_response}
    )


def _conflict(one: Conflict) -> dict[str, Any]:
    return {
        "received": written_instant(instant_of(one.received_ms)),
        **_content(one.content),
    }


def _reject(one: RejectedSample) -> dict[str, Any]:
    return {
        "received": written_instant(instant_of(one.received_ms)),
        "code": one.code,
        "field": one.field,
        "reason": one.reason,
        **_content(one.content),
    }


def _content(content: bytes) -> dict[str, Any]:
    """What came: under ``call`` if it is whole JSON, else under ``text``, with question marks for bytes that
    are no UTF-8."""
    try:
        content.decode()
        msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {"text": content.decode("utf-8", "replace")}
    return {"call": msgspec.Raw(content)}
