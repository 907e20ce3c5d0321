"""``calltally import``."""

import socket
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path

import click
import msgspec
from rich.progress import BarColumn, DownloadColumn, TimeRemainingColumn

from calltally.cli.options import (
    data_option,
    json_option,
    organization_option,
    read_settings,
    settings_options,
)
from calltally.cli.owner_client import OwnerClient
from calltally.cli.waiting import bars
from calltally.cli.wording import print_json, say
from calltally.imports.access_log import AccessLog
from calltally.imports.log_file import LogFile
from calltally.imports.log_import import (
    ImportReport,
    LogImport,
    PartBounds,
    Post,
    SentReceipt,
)
from calltally.imports.log_part import LogPart
from calltally.imports.logged_calls import LogField
from calltally.imports.ndjson_log import NdjsonLog
from calltally.process import collect_as_ever, collect_less
from calltally.settings import Settings

EXIT_NOTHING_READ = 3
_SHOWN_PROBLEMS = 20
_COLUMNS = (BarColumn(), DownloadColumn(), TimeRemainingColumn())
_AHEAD_BYTES = 32 * 2**20
"""Limit of bytes read ahead of the requests in flight, or while the local server starts."""

_receipt = msgspec.json.Decoder(SentReceipt)


@click.command("import")
@data_option
@organization_option
@click.option(
    "--origin",
    default=socket.gethostname,
    show_default="this machine's name",
    help="The server that wrote the logs: a distinct, constant name for each server.",
)
@click.option(
    "--client-id",
    default=LogField.ADDRESS.value,
    show_default=True,
    metavar="address|user|TEXT",
    help="The client id of calls in access logs: the remote address, the remote user, or a fixed text.",
)
@click.option(
    "--user-id",
    default=LogField.USER.value,
    show_default=True,
    metavar="address|user|TEXT",
    help="The user id of calls in access logs; same choices.",
)
@settings_options
@json_option
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
def import_(
    directory: Path,
    organization: str,
    origin: str,
    client_id: str,
    user_id: str,
    config: Path | None,
    assignments: tuple[str, ...],
    as_json: bool,
    files: tuple[Path, ...],
) -> None:
    """Import calls from FILES: access logs (combined or common format) or NDJSON, plain or compressed.

    Importing a log again never counts a line twice, even if it grew or was rotated, renamed or compressed.
    Calls may have any age. Exit code 0: done, skipped lines included; 3: a file had lines but no valid call.
    """
    settings = read_settings(directory, config, assignments)
    bounds = _bounds(settings)
    who = LogField.of(client_id), LogField.of(user_id)
    collect_less()
    reports = []
    with (
        OwnerClient(directory, settings, counting=True, apart=True) as owner,
        bars(*_COLUMNS, quiet=as_json, transient=False) as progress,
        ThreadPoolExecutor(1, thread_name_prefix="post") as poster,
    ):
        for file in files:
            bar = progress.add_task(file.name, total=file.stat().st_size)
            with LogFile.open(file, bounds.block_bytes) as log:
                run = LogImport(str(file), log, AccessLog(origin, *who), NdjsonLog(log))
                for part, receipt in _sent(run.parts(bounds), _Poster(owner, organization), poster):
                    run.report.take(part, receipt)
                    progress.update(bar, completed=run.bytes_read)
                reports.append(run.report)
    collect_as_ever()
    if as_json:
        print_json(reports)
    else:
        for report in reports:
            _print(report)
    if any(report.lines and not report.accepted + report.duplicate for report in reports):
        raise SystemExit(EXIT_NOTHING_READ)


def _bounds(settings: Settings) -> PartBounds:
    """The calls and bytes of a request: quick to process, and within the limits of the server."""
    usual = PartBounds()
    return PartBounds(min(usual.calls, settings.max_calls // 2), min(usual.size, settings.max_body // 2))


def _sent(
    parts: Iterator[LogPart], post: Post, poster: Executor
) -> Iterator[tuple[LogPart, SentReceipt | None]]:
    """Each part of a log with its receipt; later parts are read while earlier ones are in flight."""
    in_flight: deque[tuple[LogPart, Future[SentReceipt] | None]] = deque()
    ahead = 0
    for part in parts:
        sent = poster.submit(post, part) if part.body else None
        in_flight.append((part, sent))
        ahead += part.size
        while ahead > _AHEAD_BYTES or (in_flight and _is_done(in_flight[0][1])):
            ahead -= in_flight[0][0].size
            yield _done(*in_flight.popleft())
    while in_flight:
        yield _done(*in_flight.popleft())


def _is_done(sent: Future[SentReceipt] | None) -> bool:
    return sent is None or sent.done()


def _done(part: LogPart, sent: Future[SentReceipt] | None) -> tuple[LogPart, SentReceipt | None]:
    return part, None if sent is None else sent.result()


class _Poster:
    """Sends one part of a log to the owner API."""

    def __init__(self, owner: OwnerClient, organization: str) -> None:
        self._owner = owner
        self._organization = organization

    def __call__(self, part: LogPart) -> SentReceipt:
        response = self._owner.ask(
            "POST",
            "/v1/calls",
            organization=self._organization,
            params=[("backfill", "true")],
            content=part.body,
            headers={"Content-Type": "application/x-ndjson", "Prefer": "return=minimal"},
            answers=[HTTPStatus.UNPROCESSABLE_ENTITY],  # every call of the part is rejected
        )
        return _receipt.decode(response.content)


def _print(report: ImportReport) -> None:
    say(
        f"{report.file}: {report.lines:,} lines of {report.format}: {report.accepted:,} counted, "
        f"{report.duplicate:,} duplicates, {report.conflict:,} in conflict, {report.rejected:,} rejected, "
        f"{report.skipped:,} skipped"
    )
    if report.waiting:
        say("  the last line is incomplete and is left for the next import")
    if report.broken:
        say(f"  the file could not be read completely: {report.broken}")
    for problem in report.problems[:_SHOWN_PROBLEMS]:
        say(f"  line {problem.line_number}: {problem.reason}")
    more = report.skipped + report.rejected + report.conflict - _SHOWN_PROBLEMS
    if more > 0:
        say(f"  and {more:,} more; --json lists the first thousand")
