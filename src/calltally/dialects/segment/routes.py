"""Every path of Segment's that this server handles."""

import asyncio
import logging
import secrets
from collections.abc import Iterable, Sequence
from datetime import date
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response, Router, get, route
from litestar.enums import HttpMethod

from calltally.auth.caller import Authenticator, Caller
from calltally.clock import Clock, instant_of
from calltally.control.permissions import SEGMENT
from calltally.dialects.segment.accept import from_segment_accept
from calltally.dialects.segment.contract import Operation
from calltally.dialects.segment.page import Page
from calltally.dialects.segment.reading import (
    PageRequest,
    from_segment_days,
    from_segment_query_string,
    from_segment_sources,
)
from calltally.dialects.segment.refusals import WrongMethodError, to_segment_refusal
from calltally.dialects.segment.request_pace import Allowance, RequestPace
from calltally.dialects.segment.usage_grid import WORKSPACE, UsageGrid
from calltally.dialects.segment.writing import (
    to_segment_source_usage,
    to_segment_sources,
    to_segment_workspace_usage,
)
from calltally.errors import NotFoundError
from calltally.query.query_engine import QueryEngine
from calltally.usage_query import UsageResult

_Request = Request[Any, Any, Any]

_log = logging.getLogger(__name__)


class SegmentDialect:
    """Serves Segment's two operations on API calls, and everything else below ``/usage``, as Segment would.

    Each client may send ``requests`` requests in ``per_seconds`` seconds, which begin with its first one.
    """

    def __init__(
        self,
        engine: QueryEngine,
        authenticator: Authenticator,
        clock: Clock,
        *,
        requests: int = 200,
        per_seconds: int = 60,
    ) -> None:
        self._engine = engine
        self._authenticator = authenticator
        self._clock = clock
        self._pace = RequestPace(requests, per_seconds)

    def __deepcopy__(self, memo: object) -> "SegmentDialect":
        """Returns itself: Litestar copies handlers, and with a bound method its object."""
        return self

    def router(self) -> Router:
        """All paths, from the root of the server, with their own error handling."""
        known = [str(operation) for operation in Operation]
        other_methods = [method for method in HttpMethod if method is not HttpMethod.GET]
        return Router(
            "/",
            route_handlers=[
                # Before the operations: a path registered first without OPTIONS would get Litestar's own.
                route(known, http_method=other_methods)(_refuse_method),
                route(_paths_between(known), http_method=list(HttpMethod))(_refuse_path),
                get(Operation.GET_DAILY_PER_SOURCE_API_CALLS_USAGE)(self._per_source_usage),
                get(Operation.GET_DAILY_WORKSPACE_API_CALLS_USAGE)(self._workspace_usage),
            ],
            exception_handlers={Exception: _refuse},
        )

    async def _per_source_usage(self, request: _Request) -> Response[bytes]:
        caller, allowance = await self._authenticate(request)
        operation = Operation.GET_DAILY_PER_SOURCE_API_CALLS_USAGE
        page_request = from_segment_query_string(request.scope["query_string"], operation)
        page = await self._page_of_sources(caller, page_request)
        results = await self._results(caller, page_request, page, by_source=True)
        return _reply(request, to_segment_source_usage(page, results), allowance)

    async def _workspace_usage(self, request: _Request) -> Response[bytes]:
        caller, allowance = await self._authenticate(request)
        operation = Operation.GET_DAILY_WORKSPACE_API_CALLS_USAGE
        page_request = from_segment_query_string(request.scope["query_string"], operation)
        page = Page(UsageGrid(self._days(page_request), WORKSPACE), page_request.cursor, page_request.count)
        results = await self._results(caller, page_request, page, by_source=False)
        return _reply(request, to_segment_workspace_usage(page, results), allowance)

    async def _authenticate(self, request: _Request) -> tuple[Caller, Allowance]:
        """The caller and its allowance; unauthenticated requests count against no limit."""
        caller = await self._authenticator.authenticate(request.headers.get("Authorization"))
        allowance = self._pace.take(caller)
        caller.require(*SEGMENT)
        return caller, allowance

    def _days(self, page_request: PageRequest) -> tuple[date, ...]:
        return page_request.month.days_through(instant_of(self._clock.now_ms()).date())

    async def _page_of_sources(self, caller: Caller, page_request: PageRequest) -> Page:
        days = self._days(page_request)
        sources: Sequence[str] = ()
        if days:
            answer = await self._engine.usage(from_segment_sources(caller.organization, days))
            sources = to_segment_sources(answer.value)
        return Page(UsageGrid(days, sources), page_request.cursor, page_request.count)

    async def _results(
        self, caller: Caller, page_request: PageRequest, page: Page, *, by_source: bool
    ) -> list[UsageResult]:
        """The results for the rows of a page; an empty page needs none."""
        if not page.days:
            return []
        queries = from_segment_days(
            caller.organization, page_request.month, page.days, by_source=by_source, sources=page.some_sources
        )
        answers = await asyncio.gather(*(self._engine.usage(query) for query in queries))
        return [answer.value for answer in answers]


async def _refuse_method() -> Response[bytes]:
    raise WrongMethodError


async def _refuse_path() -> Response[bytes]:
    raise NotFoundError


def _refuse(request: _Request, error: Exception) -> Response[bytes]:
    request_id = secrets.token_hex(16)
    refusal = to_segment_refusal(error, request_id)
    if refusal.status is HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("request %s for %r failed", request_id, request.scope["path"], exc_info=error)
    return _response(request, refusal.body, refusal.status, refusal.headers)


def _reply(request: _Request, body: object, allowance: Allowance) -> Response[bytes]:
    return _response(request, body, HTTPStatus.OK, allowance.headers())


def _response(
    request: _Request, body: object, status: HTTPStatus, headers: dict[str, str]
) -> Response[bytes]:
    accept = ",".join(request.headers.getall("Accept", []))
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type=from_segment_accept(accept),
        headers=headers,
    )


def _paths_between(known: Iterable[str]) -> list[str]:
    """All paths below the first segment of known paths that are not known paths.

    Litestar matches segment by segment without backtracking, so every segment of a known path needs its own
    catch-all.
    """
    known = set(known)
    heads = {"/".join(path.split("/")[:end]) for path in known for end in range(2, path.count("/") + 2)}
    return sorted((heads - known) | {f"{head}/{{rest:path}}" for head in heads})
