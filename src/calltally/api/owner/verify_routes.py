"""Recounts everything, and repairs what was counted twice, for the owner of a data directory."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import structlog
from litestar import Router, post
from litestar.params import JSONBody
from litestar.response import Stream

from calltally.api.problems import owner_problem_of, owner_problem_response
from calltally.errors import CalltallyError
from calltally.maintenance import Maintenance
from calltally.query.query_engine import QueryEngine

NDJSON = "application/x-ndjson"

_OWNER = "owner"

log = structlog.get_logger()


class RepairRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Why calls that were counted more often than once are to be counted once."""

    why: str


def owner_verify_router(maintenance: Maintenance, engine: QueryEngine) -> Router:
    """``/owner/verify`` and ``/owner/repair``, which report as they go, in lines of JSON.

    Each step of a verification is a line ``step``, each call that a repair mended a line ``call``; the last
    line is ``end``, of a verification with what starts recovered of the journal, or, after a failure,
    ``problem``.
    """

    @post("/owner/verify", status_code=200)
    async def verify() -> Stream:
        return Stream(_verified(maintenance, engine), media_type=NDJSON)

    @post("/owner/repair", status_code=200)
    async def repair(data: JSONBody[RepairRequest]) -> Stream:
        return Stream(_repaired(maintenance, data.why), media_type=NDJSON)

    return Router(
        "/",
        route_handlers=[verify, repair],
        exception_handlers={Exception: owner_problem_response},
        include_in_schema=False,
    )


def _verified(maintenance: Maintenance, engine: QueryEngine) -> AsyncIterator[bytes]:
    async def lines() -> AsyncIterator[dict[str, Any]]:
        steps = differences = 0
        async for step in maintenance.verify():
            steps += 1
            differences += len(step.differences)
            yield {"step": step}
        counted = (await engine.holdings()).value
        totals = msgspec.to_builtins(counted, enc_hook=str)
        found = {"steps": steps, "differences": differences, **totals}
        yield {"end": {**found, "recoveries": await maintenance.recoveries()}}

    return _reported("a verification", lines())


def _repaired(maintenance: Maintenance, why: str) -> AsyncIterator[bytes]:
    async def lines() -> AsyncIterator[dict[str, Any]]:
        calls = 0
        async for repaired in maintenance.repair(_OWNER, why):
            calls += len(repaired.calls)
            for call in repaired.calls:
                yield {"call": call}
        yield {"end": {"calls": calls}}

    return _reported("a repair", lines())


async def _reported(what: str, lines: AsyncIterator[dict[str, Any]]) -> AsyncIterator[bytes]:
    """Lines as they come; a failure is the last one."""
    try:
        async for line in lines:
            yield _line(line)
    except Exception as error:
        if not isinstance(error, CalltallyError):
            log.exception(f"{what} failed")
        yield _line({"problem": msgspec.Raw(owner_problem_of(error).body)})


def _line(content: object) -> bytes:
    return msgspec.json.encode(content) + b"\n"
