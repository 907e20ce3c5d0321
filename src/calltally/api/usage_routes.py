"""``GET /v1/usage`` and ``GET /v1/outcomes``: what was counted, and the books of ingest."""

from functools import partial
from typing import Any

from litestar import Request, Response, Router, get
from litestar.datastructures.headers import Accept

from calltally.api.problems import problem_response
from calltally.api.usage_parameters import (
    UsageFormat,
    UsageRequest,
    read_outcome_days,
    read_usage_question,
)
from calltally.api.usage_writing import outcomes_json, usage_csv, usage_json, written_instant
from calltally.auth.caller import Authenticator, Caller
from calltally.clock import Clock, instant_of
from calltally.control.permissions import READ_USAGE
from calltally.query.query_engine import Answer, QueryEngine
from calltally.usage_query import UsageResult

_Request = Request[Any, Any, Any]

_CSV = "text/csv; header=present"  # the framework adds the charset
_JSON = "application/json"

_MANY_ROWS = 500
"""Writing so many takes the event loop a millisecond."""


def usage_router(engine: QueryEngine, authenticator: Authenticator, clock: Clock) -> Router:
    """Answers callers who may read usage about their own organization; errors are problem details."""

    async def authenticate(request: _Request) -> Caller:
        caller = await authenticator.authenticate(request.headers.get("Authorization"))
        caller.require(READ_USAGE)
        return caller

    @get("/usage")
    async def usage(request: _Request) -> Response[bytes]:
        caller = await authenticate(request)
        now = instant_of(clock.now_ms())
        question = read_usage_question(request.scope["query_string"], caller.organization, now)
        answer = await engine.usage(question.query)
        form = question.form or preferred_format(request.headers.get("Accept", ""))
        written = partial(_as_csv if form is UsageFormat.CSV else _as_json, question, answer)
        if len(answer.value.rows) < _MANY_ROWS:
            return written()
        return await engine.threads.run(caller.organization, written)

    @get("/outcomes")
    async def outcomes(request: _Request) -> Response[bytes]:
        caller = await authenticate(request)
        start, end = read_outcome_days(request.scope["query_string"], instant_of(clock.now_ms()))
        answer = await engine.outcome_report(caller.organization)
        return Response(outcomes_json(answer, start, end), media_type=_JSON)

    return Router("/v1", route_handlers=[usage, outcomes], exception_handlers={Exception: problem_response})


def preferred_format(accept: str) -> UsageFormat:
    """CSV where an Accept header prefers ``text/csv`` or ``text/*``, of equals the first; else JSON."""
    try:
        # Litestar would match a type of weight 0, which is one that the client refuses: JSON comes before it.
        preferred = Accept(f"{accept},{_JSON};q=0.01").best_match([_JSON, "text/csv"], _JSON)
    except OverflowError:  # Litestar's, for a weight that is infinite
        return UsageFormat.JSON
    return UsageFormat.CSV if preferred == "text/csv" else UsageFormat.JSON


def _as_json(question: UsageRequest, answer: Answer[UsageResult]) -> Response[bytes]:
    body = usage_json(answer, question.zone, question.next_cursor(answer.value))
    return Response(body, media_type=_JSON, headers={"Vary": "Accept"})


def _as_csv(question: UsageRequest, answer: Answer[UsageResult]) -> Response[bytes]:
    headers = {"Vary": "Accept", "Calltally-Complete-Up-To": written_instant(answer.complete_up_to)}
    if cursor := question.next_cursor(answer.value):
        headers["Link"] = f'<?{question.next_query_string(cursor)}>; rel="next"'
    return Response(usage_csv(answer.value, question.zone), media_type=_CSV, headers=headers)
