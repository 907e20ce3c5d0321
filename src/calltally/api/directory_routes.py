"""The directory of names, and who in it has fallen asleep."""

from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Annotated, Any
from urllib.parse import unquote

import msgspec
from litestar import Request, Response, Router, get, put
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath

from calltally.api.parameters import Parameters, choice, whole_number
from calltally.api.problems import problem_response
from calltally.api.usage_writing import written_instant
from calltally.auth.caller import Authenticator, Caller
from calltally.call import MAX_ID_BYTES
from calltally.clock import Clock, instant_of
from calltally.control.names import NameDirectory
from calltally.control.permissions import READ_USAGE, WRITE_DIRECTORY
from calltally.dictionary import Kind
from calltally.errors import InvalidInputError
from calltally.query.dormancy import dormant
from calltally.query.fair_threads import FairThreads
from calltally.query.query_engine import QueryEngine
from calltally.usage_query import Dimension

_Request = Request[Any, Any, Any]


class Listed(StrEnum):
    """What the directory lists, as it stands in paths."""

    CLIENTS = "clients"
    SOURCES = "sources"
    ACCOUNTS = "accounts"


KIND_OF = {Listed.CLIENTS: Kind.CLIENT, Listed.SOURCES: Kind.SOURCE, Listed.ACCOUNTS: Kind.ACCOUNT}
_DIMENSION_OF = {
    Listed.CLIENTS: Dimension.CLIENT_ID,
    Listed.SOURCES: Dimension.SOURCE_ID,
    Listed.ACCOUNTS: Dimension.ACCOUNT_ID,
}
_DEFAULT_DAYS = 90
_MOST_DAYS = 36_500
_DEFAULT_ROWS = 1000
_MOST_ROWS = 10_000
_MAX_NAME_BODY = 64 * 1024


class NewName(msgspec.Struct, forbid_unknown_fields=True):
    """What a thing shall be called."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


def directory_router(
    names: NameDirectory,
    engine: QueryEngine,
    authenticator: Authenticator,
    clock: Clock,
    threads: FairThreads,
) -> Router:
    """``PUT /v1/{listed}/{id}`` and ``GET /v1/{listed}`` for all that is `Listed`, and ``GET /v1/dormant``.

    A name that is put here stays, whatever names calls bring. The directory works in ``threads``.
    """

    async def authenticate(request: _Request, permission: str) -> Caller:
        caller = await authenticator.authenticate(request.headers.get("Authorization"))
        caller.require(permission)
        return caller

    def doors_of(listed: Listed) -> list[BaseRouteHandler]:
        kind = KIND_OF[listed]

        @put(f"/{listed}/{{id_:str}}", request_max_body_size=_MAX_NAME_BODY)
        async def put_name(request: _Request, id_: FromPath[str]) -> Response[dict[str, str]]:
            caller = await authenticate(request, WRITE_DIRECTORY)
            thing = _checked_id(unquote(id_))
            name = _read_name(await request.body())
            await threads.run(caller.organization, partial(names.set, caller.organization, kind, thing, name))
            return Response({"id": thing, "name": name})

        @get(f"/{listed}")
        async def list_names(request: _Request) -> Response[dict[str, Any]]:
            caller = await authenticate(request, READ_USAGE)
            found = await threads.run(caller.organization, partial(names.all, caller.organization, kind))
            return Response({"rows": [{"id": id_, "name": name} for id_, name in sorted(found.items())]})

        return [put_name, list_names]

    @get("/dormant")
    async def list_dormant(request: _Request) -> Response[dict[str, Any]]:
        caller = await authenticate(request, READ_USAGE)
        asked = Parameters(request.scope["query_string"], ["kind", "days", "limit"])
        listed = asked.one("kind", choice(Listed), Listed.ACCOUNTS)
        days = asked.one("days", whole_number(1, _MOST_DAYS), _DEFAULT_DAYS)
        limit = asked.one("limit", whole_number(1, _MOST_ROWS), _DEFAULT_ROWS)
        asked.check()
        answer = await engine.last_days(caller.organization, _DIMENSION_OF[listed])
        known = await threads.run(
            caller.organization, partial(names.all, caller.organization, KIND_OF[listed])
        )
        since = instant_of(clock.now_ms()).date() - timedelta(days=days - 1)
        asleep = dormant(answer.value, known, since)
        rows = [
            {"id": one.id, "name": one.name, "last_day": one.last_day and one.last_day.isoformat()}
            for one in asleep[:limit]
        ]
        up_to = written_instant(answer.complete_up_to)
        return Response({"complete_up_to": up_to, "total": len(asleep), "rows": rows})

    handlers = [list_dormant, *(door for listed in Listed for door in doors_of(listed))]
    return Router("/v1", route_handlers=handlers, exception_handlers={Exception: problem_response})


def _read_name(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=NewName).name
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInputError(
            f"the body is no name: {error}", field="body", accepted='{"name": "…"}'
        ) from None


def _checked_id(id_: str) -> str:
    if "\0" not in id_ and len(id_.encode("utf-8", "replace")) <= MAX_ID_BYTES:
        return id_
    accepted = f"at most {MAX_ID_BYTES} bytes without NUL"
    raise InvalidInputError("the id in the path is none", field="id", received=id_, accepted=accepted)
