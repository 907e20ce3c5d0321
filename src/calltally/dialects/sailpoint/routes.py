"""Every path of SailPoint's that this server handles."""

import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import Any, Literal, Protocol
from urllib.parse import unquote

import msgspec
from litestar import Request, Response, Router, get, route
from litestar.enums import HttpMethod

from calltally.auth.caller import Authenticator, Caller
from calltally.clock import Clock
from calltally.control.permissions import SAILPOINT_ACTIVITY, SAILPOINT_API_USAGE
from calltally.dialects.sailpoint import contract
from calltally.dialects.sailpoint.contract import OPERATIONS, SERVICE_VERSION, Operation
from calltally.dialects.sailpoint.paging import asks_for_total, from_sailpoint_page, to_sailpoint_total
from calltally.dialects.sailpoint.parameters import Parameters
from calltally.dialects.sailpoint.reading import (
    check_sailpoint_experimental,
    from_sailpoint_account_usages,
    from_sailpoint_api_usage,
    from_sailpoint_sorters,
    past_year,
)
from calltally.dialects.sailpoint.refusals import WrongMethodError, to_sailpoint_refusal
from calltally.dialects.sailpoint.request_pace import RequestPace
from calltally.dialects.sailpoint.writing import (
    to_sailpoint_account_usages,
    to_sailpoint_count,
    to_sailpoint_source_usages,
    to_sailpoint_status,
    to_sailpoint_summary,
)
from calltally.errors import NotFoundError
from calltally.query.query_engine import QueryEngine

_Request = Request[Any, Any, Any]
_Handler = Callable[..., Awaitable[Response[bytes]]]

_log = logging.getLogger(__name__)


class SourceDirectory(Protocol):
    """The part of the directory of names that SailPoint's operations use."""

    async def has_source(self, organization: str, source_id: str) -> bool: ...


class SailPointDialect:
    """Serves SailPoint's usage operations, and everything else below their prefixes, as SailPoint would.

    ``experimental_header`` selects the api-usage paths that require ``X-SailPoint-Experimental: true``: those
    with a yearly version, all or none. Each client may send ``requests`` requests in ``per_seconds`` seconds
    to each API version.
    """

    def __init__(
        self,
        engine: QueryEngine,
        authenticator: Authenticator,
        directory: SourceDirectory,
        clock: Clock,
        *,
        experimental_header: Literal["yearly", "always", "never"] = "yearly",
        requests: int = 100,
        per_seconds: int = 10,
    ) -> None:
        self._engine = engine
        self._authenticator = authenticator
        self._directory = directory
        self._clock = clock
        self._experimental_header = experimental_header
        self._pace = RequestPace(requests, per_seconds)

    def __deepcopy__(self, memo: object) -> "SailPointDialect":
        """Returns itself: Litestar copies handlers, and with a bound method its object."""
        return self

    def router(self) -> Router:
        """All paths, from the root of the server, with their own error handling.

        Path parameters are percent-decoded once here, so the server must pass segments undecoded.
        """
        handlers: dict[Operation, _Handler] = {
            contract.GET_TOTAL_COUNT: self._total_count,
            contract.LIST_API_SUMMARY: self._api_summary,
            contract.GET_STATUS_BY_SOURCE_ID: self._source_status,
            contract.GET_USAGES_BY_SOURCE_ID: self._source_usages,
            contract.GET_USAGES_BY_ACCOUNT_ID: self._account_usages,
        }
        known = [_template(operation, version) for operation in OPERATIONS for version in operation.versions]
        other_methods = [method for method in HttpMethod if method is not HttpMethod.GET]
        return Router(
            "/",
            route_handlers=[
                # Before the operations: a path registered first without OPTIONS would get Litestar's own.
                route(known, http_method=other_methods)(_refuse_method),
                route(_paths_between(known), http_method=list(HttpMethod))(_refuse_path),
                *(
                    get(_template(operation, version), version=version)(handlers[operation])
                    for operation in OPERATIONS
                    for version in operation.versions
                ),
            ],
            exception_handlers={Exception: _refuse},
        )

    async def _total_count(self, request: _Request) -> Response[bytes]:
        caller = await self._authenticate(request, SAILPOINT_API_USAGE)
        self._check_experimental(request)
        query = from_sailpoint_api_usage(caller.organization, _parameters(request), self._clock)
        answer = await self._engine.usage(query)
        return _reply(to_sailpoint_count(answer.value))

    async def _api_summary(self, request: _Request) -> Response[bytes]:
        caller = await self._authenticate(request, SAILPOINT_API_USAGE)
        self._check_experimental(request)
        parameters = _parameters(request)
        page = from_sailpoint_page(parameters)
        query = from_sailpoint_api_usage(caller.organization, parameters, self._clock, by_route=True)
        answer = await self._engine.usage(query)
        return _reply(page.of(to_sailpoint_summary(answer.value)))

    async def _source_status(self, request: _Request) -> Response[bytes]:
        caller = await self._authenticate(request, SAILPOINT_ACTIVITY)
        source = caller.organization, _id(request)
        # The engine first: only then has the directory every acknowledged name.
        known = (await self._engine.source_has_accounts(*source)).value
        known = known or await self._directory.has_source(*source)
        return _reply(to_sailpoint_status(known=known))

    async def _source_usages(self, request: _Request) -> Response[bytes]:
        caller = await self._authenticate(request, SAILPOINT_ACTIVITY)
        parameters = _parameters(request)
        page, count = from_sailpoint_page(parameters), asks_for_total(parameters)
        oldest_first = from_sailpoint_sorters(parameters)
        answer = await self._engine.source_activity(caller.organization, _id(request), past_year(self._clock))
        months = to_sailpoint_source_usages(answer.value, oldest_first=oldest_first)
        return _reply(page.of(months), to_sailpoint_total(len(months), requested=count))

    async def _account_usages(self, request: _Request) -> Response[bytes]:
        caller = await self._authenticate(request, SAILPOINT_ACTIVITY)
        parameters = _parameters(request)
        page, count = from_sailpoint_page(parameters), asks_for_total(parameters)
        oldest_first = from_sailpoint_sorters(parameters)
        query = from_sailpoint_account_usages(
            caller.organization, _id(request), page, self._clock, oldest_first=oldest_first
        )
        result = (await self._engine.usage(query)).value
        total = to_sailpoint_total(result.total_rows, requested=count)
        return _reply(to_sailpoint_account_usages(result), total)

    async def _authenticate(self, request: _Request, permissions: tuple[str, ...]) -> Caller:
        """The caller; unauthenticated requests count against no limit."""
        caller = await self._authenticator.authenticate(request.headers.get("Authorization"))
        self._pace.take(caller, request.route_handler.opt["version"])
        caller.require(*permissions)
        return caller

    def _check_experimental(self, request: _Request) -> None:
        yearly = request.route_handler.opt["version"] != SERVICE_VERSION
        if self._experimental_header == "always" or (self._experimental_header == "yearly" and yearly):
            check_sailpoint_experimental(request.headers.get(contract.EXPERIMENTAL))


async def _refuse_method() -> Response[bytes]:
    raise WrongMethodError


async def _refuse_path() -> Response[bytes]:
    raise NotFoundError


def _refuse(request: _Request, error: Exception) -> Response[bytes]:
    tracking_id = secrets.token_hex(16)
    refusal = to_sailpoint_refusal(error, tracking_id)
    if refusal.status is HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("request %s for %r failed", tracking_id, request.scope["path"], exc_info=error)
    return _response(refusal.body, tracking_id, refusal.status, refusal.headers)


def _reply(body: object, headers: dict[str, str] | None = None) -> Response[bytes]:
    return _response(body, secrets.token_hex(16), HTTPStatus.OK, headers or {})


def _response(body: object, request_id: str, status: HTTPStatus, headers: dict[str, str]) -> Response[bytes]:
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type=contract.CONTENT_TYPE,
        headers={contract.REQUEST_ID: request_id, **headers},
    )


def _parameters(request: _Request) -> Parameters:
    return Parameters(request.scope["query_string"])


def _id(request: _Request) -> str:
    return unquote(request.path_params["id"])


def _template(operation: Operation, version: str) -> str:
    return operation.path(version).replace("{id}", "{id:str}")


def _paths_between(known: Iterable[str]) -> list[str]:
    """All paths below the first segments of known paths that are not known paths.

    Litestar matches segment by segment without backtracking, so every segment of a known path needs its own
    catch-all; where the next segment is a parameter, that catches all.
    """
    known = set(known)
    heads = {"/".join(path.split("/")[:end]) for path in known for end in range(2, path.count("/") + 2)}
    with_parameter = {head.rpartition("/")[0] for head in heads if head.endswith("{id:str}")}
    return sorted((heads - known) | {f"{head}/{{rest:path}}" for head in heads - with_parameter})
