"""``POST /v1/corrections`` and ``GET /v1/corrections``: what was counted and is wrong, put right."""

from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post

from calltally.api.bodies import ClientGoneError, read_body
from calltally.api.body_budget import BodyBudget
from calltally.api.body_threads import BodyThreads
from calltally.api.calls_routes import BodyLimits
from calltally.api.correction_request import AmendRequest, CancelRequest, ReplaceRequest, read_correction
from calltally.api.inspection_page import read_book_question
from calltally.api.problems import problem_response
from calltally.api.unpacking import unpacked
from calltally.api.usage_writing import written_instant
from calltally.asgi import Receive
from calltally.auth.caller import Authenticator, Caller
from calltally.call_batch import Correction
from calltally.clock import Clock, instant_of
from calltally.control.permissions import CORRECT, READ_USAGE
from calltally.errors import PrunedError, TooSlowError, UnsupportedMediaTypeError
from calltally.maintenance import Maintenance
from calltally.query.query_engine import QueryEngine

_Request = Request[Any, Any, Any]

_JSON = "application/json"


def corrections_router(
    maintenance: Maintenance,
    engine: QueryEngine,
    authenticator: Authenticator,
    clock: Clock,
    budget: BodyBudget,
    threads: BodyThreads,
    limits: BodyLimits,
) -> Router:
    """Corrects the caller's own organization's calls, and lists what was corrected.

    What bodies unpack to is counted in ``budget`` as the sender's, beside what arrived.
    """

    async def authenticate(request: _Request, permission: str) -> Caller:
        caller = await authenticator.authenticate(request.headers.get("Authorization"))
        caller.require(permission)
        return caller

    @post("/corrections", status_code=200, operation_id="correctCalls")
    async def correct(request: _Request) -> Response[bytes]:
        caller = await authenticate(request, CORRECT)
        packed = await _body(request, limits)
        encoding = request.headers.get("Content-Encoding", "")
        receive: Receive = request.receive  # type: ignore[assignment] # the same ASGI, typed more closely
        work = threads.worker(caller.organization, receive)
        asked: list[CancelRequest | AmendRequest | ReplaceRequest] = []

        def read() -> bool:
            asked.append(read_correction(body, max_call_bytes=limits.call))
            return True

        with budget.share(caller.organization) as share:
            try:
                body = await unpacked(packed, encoding, limits.body, share, work)
                share.grow_to(share.size + len(body))  # a list in it is copied
                await work(read, lambda: None)
            except ClientGoneError as gone:
                raise TooSlowError(str(gone)) from None
            done = await _corrected(maintenance, caller, asked[0])
        return Response(msgspec.json.encode(_written(done)), media_type=_JSON)

    @get("/corrections", operation_id="listCorrections")
    async def list_corrections(request: _Request) -> Response[bytes]:
        organization = (await authenticate(request, READ_USAGE)).organization
        now = instant_of(clock.now_ms())
        asked = read_book_question(request.scope["query_string"], organization, "corrections", now)
        answer = await engine.corrections(organization, asked.wanted)
        found = [(position, (position, one)) for position, one in answer.value]
        page = asked.page(answer.complete_up_to, found, _listed)
        return Response(page, media_type=_JSON)

    handlers = [correct, list_corrections]
    return Router("/v1", route_handlers=handlers, exception_handlers={Exception: problem_response})


async def _corrected(
    maintenance: Maintenance, caller: Caller, asked: CancelRequest | AmendRequest | ReplaceRequest
) -> Correction:
    organization, who = caller.organization, caller.client_id
    match asked:
        case CancelRequest(ids, why):
            return await maintenance.cancel(organization, ids, who, why)
        case AmendRequest(calls, why):
            try:
                return await maintenance.amend(organization, calls, who, why)
            except PrunedError as error:  # what it names otherwise is no field of this action
                error.field = "calls"
                raise
        case ReplaceRequest(window, calls, why, where):
            return await maintenance.replace(organization, window, where, calls, who, why)


async def _body(request: _Request, limits: BodyLimits) -> bytes:
    content_type = request.headers.get("Content-Type", _JSON)
    if content_type.partition(";")[0].strip().lower() not in ("", _JSON):
        raise UnsupportedMediaTypeError(f"content type {content_type[:80]!r}; accepted is {_JSON}")
    announced = request.headers.get("Content-Length", "")
    try:
        return await read_body(
            request.receive,  # type: ignore[arg-type] # the same ASGI, typed more closely
            announced=int(announced) if announced.isdigit() else None,
            limit=limits.body,
        )
    except ClientGoneError as gone:
        raise TooSlowError(str(gone)) from None


def _written(one: Correction) -> dict[str, Any]:
    return {
        "received": written_instant(instant_of(one.received_ms)),
        "who": one.who,
        "why": one.why,
        "action": one.action,
        "withdrawn": one.withdrawn,
        "restated": one.restated,
        "added": one.added,
    }


def _listed(one: tuple[int, Correction]) -> dict[str, Any]:
    position, correction = one
    return {"position": position, **_written(correction), "subject": msgspec.Raw(correction.subject.encode())}
