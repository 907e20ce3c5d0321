"""Every path of Genesys's that this server handles."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote

import msgspec
from litestar import Request, Response, Router, route
from litestar.enums import HttpMethod

from calltally.asgi import Receive
from calltally.auth.caller import Authenticator, Caller
from calltally.clock import Clock
from calltally.control.permissions import (
    GENESYS_CLIENT_JOBS,
    GENESYS_CLIENT_USAGE,
    GENESYS_ORGANIZATION_JOBS,
    GENESYS_ORGANIZATION_USAGE,
    GENESYS_SIMPLE_SEARCH,
)
from calltally.dialects.genesys import contract
from calltally.dialects.genesys.contract import OPERATIONS, Kind, Operation
from calltally.dialects.genesys.execution_results import ExecutionResults
from calltally.dialects.genesys.execution_runner import ClientNames, ExecutionRunner
from calltally.dialects.genesys.paging import from_genesys_page
from calltally.dialects.genesys.parameters import Parameters
from calltally.dialects.genesys.question import Question
from calltally.dialects.genesys.reading import QuestionReader
from calltally.dialects.genesys.refusals import WrongMethodError, to_genesys_refusal
from calltally.dialects.genesys.request_body import read_json
from calltally.dialects.genesys.request_pace import RequestPace
from calltally.errors import NotFoundError
from calltally.executions import ExecutionStore
from calltally.query.fair_threads import FairThreads
from calltally.query.query_engine import QueryEngine

_Request = Request[Any, Any, Any]
_Handler = Callable[..., Awaitable[Response[bytes]]]

_log = logging.getLogger(__name__)


class GenesysDialect:
    """Serves Genesys's usage operations, and everything else below ``/api/v2``, as Genesys would.

    `start` resumes unfinished executions of an earlier process; new requests are answered without it, too.
    Call `stop` before the engine is stopped.

    The database of executions is used in ``threads``. Each client may send ``requests`` requests in
    ``per_seconds`` seconds. Executions run ``concurrency`` at a time, at most half of them for one
    organization, each within ``time_limit`` seconds and ``max_rows`` rows; a POST waits ``ready_within``
    seconds for its results, and longer executions continue in the background. Bodies have at most
    ``max_body`` bytes; once its body is complete, a request must be done in ``answer_timeout`` seconds. With
    ``lag_days`` the last days, including today, are left out of every result.
    """

    def __init__(
        self,
        engine: QueryEngine,
        authenticator: Authenticator,
        names: ClientNames,
        executions: ExecutionStore,
        clock: Clock,
        threads: FairThreads,
        *,
        requests: int = 300,
        per_seconds: int = 60,
        concurrency: int = 4,
        time_limit: float = 300,
        max_rows: int = 100_000,
        ready_within: float = 0.025,
        max_body: int = 1024 * 1024,
        answer_timeout: float = 30,
        lag_days: int = 0,
        cleaning_seconds: float = 600,
    ) -> None:
        self._authenticator = authenticator
        self._executions = executions
        self._results = ExecutionResults(executions, threads)
        self._reader = QuestionReader(clock, lag_days)
        self._pace = RequestPace(requests, per_seconds)
        self._ready_within = ready_within
        self._max_body = max_body
        self._answer_timeout = answer_timeout
        self._runner = ExecutionRunner(
            engine,
            names,
            executions,
            threads,
            concurrency=concurrency,
            time_limit=time_limit,
            max_rows=max_rows,
            cleaning_seconds=cleaning_seconds,
        )

    def __deepcopy__(self, memo: object) -> "GenesysDialect":
        """Returns itself: Litestar copies handlers, and with a bound method its object."""
        return self

    async def start(self) -> None:
        """See `ExecutionRunner.start`."""
        await self._runner.start()

    async def stop(self) -> None:
        """See `ExecutionRunner.stop`."""
        await self._runner.stop()

    def router(self) -> Router:
        """All paths, from the root of the server, with their own error handling.

        Path parameters are percent-decoded once here, so the server must pass segments undecoded.
        """
        handlers: dict[Operation, _Handler] = {
            contract.POST_USAGE_QUERY: self._post_query,
            contract.GET_USAGE_QUERY_RESULTS: self._get_query_results,
            contract.POST_USAGE_SIMPLESEARCH: self._post_simplesearch,
            contract.GET_USAGE_SIMPLESEARCH_RESULTS: self._get_simplesearch_results,
            contract.POST_CLIENT_USAGE_QUERY: self._post_client_query,
            contract.GET_CLIENT_USAGE_RESULTS: self._get_client_results,
            contract.GET_CLIENT_USAGE_SUMMARY: self._get_client_summary,
            contract.POST_USAGE_JOBS: self._post_job,
            contract.GET_USAGE_JOB: self._get_job,
            contract.POST_CLIENT_USAGE_JOBS: self._post_client_job,
            contract.GET_CLIENT_USAGE_JOB: self._get_client_job,
        }
        return Router(
            "/",
            route_handlers=[
                # Before the operations: a path registered first without OPTIONS would get Litestar's own.
                *(_refuse_other_methods(operation) for operation in OPERATIONS),
                route(_paths_between(), http_method=list(HttpMethod))(_refuse_path),
                *(
                    route(_template(operation), http_method=HttpMethod(operation.method))(handlers[operation])
                    for operation in OPERATIONS
                ),
            ],
            exception_handlers={Exception: _refuse},
        )

    async def _post_query(self, request: _Request) -> Response[bytes]:
        caller = await self._authenticate(request, GENESYS_ORGANIZATION_USAGE)
        question = self._reader.from_genesys_organization_query(await self._body(request))
        return await self._accept(caller, Kind.ORGANIZATION_QUERY, question)

    async def _get_query_results(self, request: _Request) -> Response[bytes]:
        caller = await self._authenticate(request, GENESYS_ORGANIZATION_USAGE)
        return await self._show(caller, request, Kind.ORGANIZATION_QUERY)

    async def _post_simplesearch(self, request: _Request) -> Response[bytes]:
        caller = await self._authenticate(request, GENESYS_SIMPLE_SEARCH)
        question = self._reader.from_genesys_simplesearch(await self._body(request))
        return await self._accept(caller, Kind.SIMPLESEARCH, question)

    async def _get_simplesearch_results(self, request: _Request) -> Response[bytes]:
        caller = await self._authenticate(request, GENESYS_SIMPLE_SEARCH)
        execution_id = _parameter(request, "executionId")
        page = from_genesys_page(Parameters(request.scope["query_string"]), execution_id)
        async with asyncio.timeout(self._answer_timeout):
            return _reply(await self._results.page(caller.organization, execution_id, page))

    async def _post_client_query(self, request: _Request) -> Response[bytes]:
        caller = await self._authenticate(request, GENESYS_CLIENT_USAGE)
        client_id = _parameter(request, "clientId")
        question = self._reader.from_genesys_client_query(await self._body(request), client_id)
        return await self._accept(caller, Kind.CLIENT_QUERY, question, _target(client_id))

    async def _get_client_results(self, request: _Request) -> Response[bytes]:
        caller = await self._authenticate(request, GENESYS_CLIENT_USAGE)
        target = _target(_parameter(request, "clientId"))
        return await self._show(caller, request, Kind.CLIENT_QUERY, Kind.CLIENT_SUMMARY, target=target)

    async def _get_client_summary(self, request: _Request) -> Response[bytes]:
        caller = await self._authenticate(request, GENESYS_CLIENT_USAGE)
        client_id, days = (
            _parameter(request, "clientId"),
            Parameters(request.scope["query_string"]).get("days"),
        )
        question = self._reader.from_genesys_summary(client_id, days)
        return await self._accept(caller, Kind.CLIENT_SUMMARY, question, _target(client_id))

    async def _post_job(self, request: _Request) -> Response[bytes]:
        caller = await self._authenticate(request, GENESYS_ORGANIZATION_JOBS)
        question = self._reader.from_genesys_organization_job(await self._body(request))
        return await self._accept(caller, Kind.ORGANIZATION_JOB, question)

    async def _get_job(self, request: _Request) -> Response[bytes]:
        caller = await self._authenticate(request, GENESYS_ORGANIZATION_JOBS)
        return await self._show_job(caller, request, Kind.ORGANIZATION_JOB)

    async def _post_client_job(self, request: _Request) -> Response[bytes]:
        caller = await self._authenticate(request, GENESYS_CLIENT_JOBS)
        client_id = _parameter(request, "clientId")
        question = self._reader.from_genesys_client_job(await self._body(request), client_id)
        return await self._accept(caller, Kind.CLIENT_JOB, question, _target(client_id))

    async def _get_client_job(self, request: _Request) -> Response[bytes]:
        caller = await self._authenticate(request, GENESYS_CLIENT_JOBS)
        return await self._show_job(
            caller, request, Kind.CLIENT_JOB, _target(_parameter(request, "clientId"))
        )

    async def _authenticate(self, request: _Request, permissions: tuple[str, ...]) -> Caller:
        """The caller; unauthenticated requests count against no limit."""
        caller = await self._authenticator.authenticate(request.headers.get("Authorization"))
        self._pace.take(caller)
        caller.require(*permissions)
        return caller

    async def _body(self, request: _Request) -> object:
        receive: Receive = request.receive  # type: ignore[assignment] # the same ASGI callable, with a narrower type
        return await read_json(request.headers, receive, limit=self._max_body)

    async def _accept(
        self, caller: Caller, kind: Kind, question: Question, target: str = ""
    ) -> Response[bytes]:
        """Store and run a query and return the location of its results: 200 if they are available, else
        202."""
        execution = self._executions.new(
            caller.organization, caller.client_id, kind, target, question.to_text()
        )
        async with asyncio.timeout(self._answer_timeout):
            finished = await self._runner.take(execution, self._ready_within)
        accepted = _accepted(kind, execution.execution_id, target)
        return _reply(accepted, HTTPStatus.OK if finished else HTTPStatus.ACCEPTED)

    async def _show(
        self, caller: Caller, request: _Request, *kinds: Kind, target: str = ""
    ) -> Response[bytes]:
        execution_id = _parameter(request, "executionId")
        async with asyncio.timeout(self._answer_timeout):
            return _reply(await self._results.all(caller.organization, execution_id, kinds, target))

    async def _show_job(
        self, caller: Caller, request: _Request, kind: Kind, target: str = ""
    ) -> Response[bytes]:
        """A page of a job: 200 if it has succeeded, else 202."""
        job_id = _parameter(request, "jobId")
        parameters = Parameters(request.scope["query_string"])
        page = from_genesys_page(parameters, job_id, contract.JOB_PAGE_SIZE)
        uri = _results_uri(kind, job_id, target)
        async with asyncio.timeout(self._answer_timeout):
            job = await self._results.job(caller.organization, job_id, kind, target, page, uri)
        succeeded = job.query_status is contract.JobStatus.SUCCEEDED
        return _reply(job, HTTPStatus.OK if succeeded else HTTPStatus.ACCEPTED)


async def _refuse_path() -> Response[bytes]:
    raise NotFoundError


def _refuse_other_methods(operation: Operation) -> Any:
    async def refuse_method() -> Response[bytes]:
        raise WrongMethodError(operation.method)

    others = [method for method in HttpMethod if method != operation.method]
    return route(_template(operation), http_method=others, status_code=HTTPStatus.METHOD_NOT_ALLOWED)(
        refuse_method
    )


def _refuse(request: _Request, error: Exception) -> Response[bytes]:
    context_id = str(uuid.uuid4())
    refusal = to_genesys_refusal(error, context_id)
    if refusal.status is HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("request %s for %r failed", context_id, request.scope["path"], exc_info=error)
    return _response(refusal.body, context_id, refusal.status, refusal.headers)


def _reply(body: object, status: HTTPStatus = HTTPStatus.OK) -> Response[bytes]:
    return _response(body, str(uuid.uuid4()), status, {})


def _response(
    body: object, correlation_id: str, status: HTTPStatus, headers: dict[str, str]
) -> Response[bytes]:
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type=contract.CONTENT_TYPE,
        headers={contract.CORRELATION_ID: correlation_id, **headers},
    )


def _parameter(request: _Request, name: str) -> str:
    return unquote(request.path_params[name])


def _target(client_id: str) -> str:
    """A client id as it appears in paths, which any database can store."""
    return quote(client_id, safe="")


def _accepted(
    kind: Kind, execution_id: str, target: str
) -> contract.UsageExecutionResult | contract.UsageQueryResponse:
    uri = _results_uri(kind, execution_id, target)
    if kind in (Kind.ORGANIZATION_JOB, Kind.CLIENT_JOB):
        return contract.UsageQueryResponse(execution_id, uri, uri)
    return contract.UsageExecutionResult(execution_id, uri)


def _results_uri(kind: Kind, execution_id: str, target: str) -> str:
    match kind:
        case Kind.ORGANIZATION_QUERY:
            path = contract.GET_USAGE_QUERY_RESULTS.path
        case Kind.SIMPLESEARCH:
            path = contract.GET_USAGE_SIMPLESEARCH_RESULTS.path
        case Kind.ORGANIZATION_JOB:
            path = contract.GET_USAGE_JOB.path
        case Kind.CLIENT_JOB:
            path = contract.GET_CLIENT_USAGE_JOB.path
        case _:
            path = contract.GET_CLIENT_USAGE_RESULTS.path
    return path.format(executionId=execution_id, jobId=execution_id, clientId=target)


def _template(operation: Operation) -> str:
    return operation.path.replace("Id}", "Id:str}")


def _paths_between() -> list[str]:
    """All paths below the prefix that are not known paths.

    Litestar matches segment by segment without backtracking, so every segment of a known path needs its own
    catch-all; where the next segment is a parameter, that catches all.
    """
    known = {_template(operation) for operation in OPERATIONS}
    heads = {"/".join(path.split("/")[:end]) for path in known for end in range(3, path.count("/") + 2)}
    with_parameter = {head.rpartition("/")[0] for head in heads if head.endswith("Id:str}")}
    return sorted((heads - known) | {f"{head}/{{rest:path}}" for head in heads - with_parameter})
