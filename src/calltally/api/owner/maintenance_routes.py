"""What copies and deletes what was counted, for the owner of a data directory."""

from datetime import date
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from litestar import Router, get, post
from litestar.params import FromQuery, JSONBody

from calltally.api.problems import owner_problem_response
from calltally.api.usage_window import read_moment
from calltally.dictionary import Kind
from calltally.errors import InvalidInputError
from calltally.maintenance import Maintenance
from calltally.query.call_filter import CallFilter
from calltally.query.query_engine import QueryEngine
from calltally.store.export import Form, What
from calltally.usage_query import Dimension
from calltally.window import Window

_OWNER = "owner"
_UTC = ZoneInfo("UTC")
_KINDS = {"user": (Kind.USER, Dimension.USER_ID), "account": (Kind.ACCOUNT, Dimension.ACCOUNT_ID)}

Erasable = Literal["user", "account"]


class PruneRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The first UTC days whose calls, and whose counts, stay; without a day they all do."""

    calls_before: date | None = None
    counts_before: date | None = None


class EraseRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Who is to be erased in an organization, and why."""

    organization: str
    kind: Erasable
    id: str
    why: str


class BackupRequest(msgspec.Struct, forbid_unknown_fields=True):
    """An absolute path on the machine of the server."""

    to: str


class ExportRequest(msgspec.Struct, forbid_unknown_fields=True, rename={"from_": "from"}):
    """What goes into a file, whose absolute path is on the machine of the server."""

    organization: str
    from_: str
    to: str
    what: What
    format: Form
    file: str
    every_entry: bool = False
    replace: bool = False


def owner_maintenance_router(maintenance: Maintenance, engine: QueryEngine) -> Router:
    """Pruning, erasing, backups and exports. ``GET`` tells what ``POST`` would do."""

    @get("/owner/prune")
    async def show_prunable(
        calls_before: FromQuery[date | None] = None, counts_before: FromQuery[date | None] = None
    ) -> dict[str, Any]:
        return _plain((await engine.prunable(calls_before, counts_before)).value)

    @post("/owner/prune", status_code=200)
    async def prune(data: JSONBody[PruneRequest]) -> dict[str, Any]:
        return _plain(await maintenance.prune(data.calls_before, data.counts_before))

    @get("/owner/erase")
    async def show_erasable(
        organization: FromQuery[str], kind: FromQuery[Erasable], identifier: FromQuery[str]
    ) -> dict[str, Any]:
        holder = CallFilter(organization, {_KINDS[kind][1]: frozenset({identifier})})
        return _plain((await engine.holdings(holder)).value)

    @post("/owner/erase", status_code=200)
    async def erase(data: JSONBody[EraseRequest]) -> dict[str, Any]:
        kind, _ = _KINDS[data.kind]
        return {"replacement": await maintenance.erase(data.organization, kind, data.id, _OWNER, data.why)}

    @post("/owner/backup", status_code=200)
    async def backup(data: JSONBody[BackupRequest]) -> dict[str, Any]:
        report = await maintenance.backup(_absolute(data.to, "to"))
        return {**_plain(report), "folder": str(report.folder)}

    @post("/owner/export", status_code=200)
    async def export(data: JSONBody[ExportRequest]) -> dict[str, Any]:
        file = _absolute(data.file, "file")
        if file.exists() and not (data.replace and file.is_file()):
            raise _refused(f"{file} is there already", "file", data.file, "a file that does not exist")
        if not file.parent.is_dir():
            raise _refused(f"there is no folder {file.parent}", "file", data.file, "a folder that exists")
        window = Window(_moment("from", data.from_), _moment("to", data.to))
        rows = await maintenance.export(
            data.organization, window, data.what, data.format, file, every_entry=data.every_entry
        )
        return {"file": str(file), "rows": rows, "size": file.stat().st_size}

    handlers = [show_prunable, prune, show_erasable, erase, backup, export]
    return Router(
        "/",
        route_handlers=handlers,
        exception_handlers={Exception: owner_problem_response},
        include_in_schema=False,
    )


def _plain(report: object) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(report, enc_hook=str)
    return plain


def _absolute(path: str, field: str) -> Path:
    if not path.startswith("/") or "\0" in path:
        raise _refused("a path must be absolute", field, path, "a path that begins with a slash")
    return Path(path)


def _moment(field: str, text: str) -> Any:
    try:
        return read_moment(text, _UTC)
    except InvalidInputError as error:
        raise _refused(error.reason, field, text, error.accepted) from None


def _refused(reason: str, field: str, received: str, accepted: str) -> InvalidInputError:
    return InvalidInputError(reason, field=field, received=received, accepted=accepted)
