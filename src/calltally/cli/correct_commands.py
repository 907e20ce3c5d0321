"""``calltally correct``: correct calls that were already counted."""

from pathlib import Path
from typing import Any, BinaryIO

import click
import msgspec

from calltally.cli.options import (
    data_option,
    existing_data_option,
    json_option,
    organization_option,
    read_settings,
    settings_options,
    why_option,
)
from calltally.cli.owner_client import OwnerClient, RefusedError
from calltally.cli.wording import counted, print_json, say
from calltally.usage_query import Dimension

_PATH = "/v1/corrections"
_COUNTS = ("withdrawn", "restated", "added")


@click.group("correct")
def correct_group() -> None:
    """Correct calls that were already counted, and list corrections.

    A correction is applied completely or not at all, whether or not a server runs. It loses nothing: the
    original calls stay in the ledger, calltally usage --as-of shows the earlier answers, and calltally
    correct list shows who corrected what, when and why. Calls of pruned days cannot be corrected.
    """


@correct_group.command("cancel")
@existing_data_option
@organization_option
@why_option
@click.option("--origin", default="", help="The origin of all the calls.  [default: none]")
@click.option("--file", type=click.File("rb"), help="A file of ids, one per line; - reads standard input.")
@json_option
@settings_options
@click.argument("ids", metavar="ID...", nargs=-1)
def cancel(
    directory: Path,
    organization: str,
    why: str,
    origin: str,
    file: BinaryIO | None,
    as_json: bool,
    config: Path | None,
    assignments: tuple[str, ...],
    ids: tuple[str, ...],
) -> None:
    """Cancel the calls with these ids: they are no longer counted, and their ids stay used."""
    every = [*ids, *_lines_of_text(file)]
    if not every:
        raise click.UsageError("missing ids: give ID arguments or --file")
    named = [{"origin": origin, "id": id_} for id_ in every]
    body = msgspec.json.encode({"action": "cancel", "ids": named, "why": why})
    _correct(directory, config, assignments, organization, body, as_json)


@correct_group.command("amend")
@existing_data_option
@organization_option
@why_option
@json_option
@settings_options
@click.argument("file", type=click.File("rb"))
def amend(
    directory: Path,
    organization: str,
    why: str,
    as_json: bool,
    config: Path | None,
    assignments: tuple[str, ...],
    file: BinaryIO,
) -> None:
    """Replace calls by the calls with the same ids in FILE, one JSON object per line.

    Each call must be complete, with all its fields; a cancelled call counts again. If FILE is -, standard
    input is read.
    """
    body = msgspec.json.encode({"action": "amend", "why": why, "calls": _calls(file)})
    _correct(directory, config, assignments, organization, body, as_json)


@correct_group.command("replace")
@existing_data_option
@organization_option
@why_option
@click.option("--from", "from_", required=True, metavar="WHEN", help="First day or instant, in UTC.")
@click.option("--to", required=True, metavar="WHEN", help="End: a day or instant, exclusive.")
@click.option(
    "--where",
    multiple=True,
    metavar="NAME=VALUE",
    help=f"Only calls with this value; repeatable. NAME is one of {', '.join(str(d) for d in Dimension)}.",
)
@click.option("--allow-empty", is_flag=True, help="Withdraw all calls of the window if FILE is empty.")
@json_option
@settings_options
@click.argument("file", type=click.File("rb"))
def replace(
    directory: Path,
    organization: str,
    why: str,
    from_: str,
    to: str,
    where: tuple[str, ...],
    allow_empty: bool,
    as_json: bool,
    config: Path | None,
    assignments: tuple[str, ...],
    file: BinaryIO,
) -> None:
    """Replace all counted calls of a window by the calls in FILE, one JSON object per line.

    If FILE is -, standard input is read.
    """
    wanted: dict[str, Any] = {"action": "replace", "why": why, "from": from_, "to": to, **_where(where)}
    calls = _calls(file)
    if not (calls or allow_empty):
        raise click.UsageError(
            f"{file.name} contains no calls; --allow-empty withdraws all calls of the window"
        )
    body = msgspec.json.encode({**wanted, "calls": calls})
    _correct(directory, config, assignments, organization, body, as_json)


@correct_group.command("list")
@data_option
@organization_option
@click.option("--from", "from_", metavar="DATE", help="First day of receipt.  [default: the earliest]")
@click.option("--to", metavar="DATE", help="End of the range: the day after the last one.")
@click.option("--limit", type=int, help="Maximum number of corrections, newest first.  [default: 100]")
@json_option
@settings_options
def list_(
    directory: Path,
    organization: str,
    as_json: bool,
    config: Path | None,
    assignments: tuple[str, ...],
    **filters: Any,
) -> None:
    """List corrections, newest first."""
    params = [(name.rstrip("_"), str(value)) for name, value in filters.items() if value is not None]
    with OwnerClient(directory, read_settings(directory, config, assignments), counting=True) as owner:
        response = owner.ask("GET", _PATH, organization=organization, params=params)
    if as_json:
        print_json(response.content)
        return
    answer = response.json()
    for row in answer["rows"]:
        say(f"{row['received']}  {row['action']} by {row['who']}: {row['why']}")
        say(f"    {_summary(row)}")
        say(f"    {msgspec.json.encode(row['subject']).decode()}")
    if not answer["rows"]:
        say("no corrections")
    more = "; more exist: increase --limit or narrow the range of days" if answer["next"] else ""
    say(f"complete up to {answer['complete_up_to']}{more}", err=True)


def _correct(
    directory: Path,
    config: Path | None,
    assignments: tuple[str, ...],
    organization: str,
    body: bytes,
    as_json: bool,
) -> None:
    settings = read_settings(directory, config, assignments)
    headers = {"Content-Type": "application/json"}
    with OwnerClient(directory, settings, counting=True) as owner:
        response = owner.ask(
            "POST", _PATH, organization=organization, content=body, headers=headers, seconds=None
        )
    if as_json:
        print_json(response.content)
        return
    say(_summary(response.json()))


def _summary(done: dict[str, Any]) -> str:
    withdrawn, restated, added = (counted(done[name], "call") for name in _COUNTS)
    return f"withdrew {withdrawn}, restated {restated}, added {added}"


def _calls(file: BinaryIO) -> list[msgspec.Raw]:
    """The lines of a file as raw JSON; the endpoint validates the calls. Raises `RefusedError`."""
    calls = []
    for number, line in enumerate(file, start=1):
        if line.strip():
            try:
                calls.append(msgspec.json.decode(line, type=msgspec.Raw).copy())
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise RefusedError(f"line {number} of {file.name} is not valid JSON: {error}") from None
    return calls


def _lines_of_text(file: BinaryIO | None) -> list[str]:
    if file is None:
        return []
    try:
        return [line for line in file.read().decode().splitlines() if line]
    except UnicodeDecodeError as error:
        raise RefusedError(f"{file.name} is not UTF-8: {error}") from None


def _where(conditions: tuple[str, ...]) -> dict[str, list[str | int]]:
    where: dict[str, list[str | int]] = {}
    for condition in conditions:
        name, equals, value = condition.partition("=")
        if not equals or name not in Dimension.__members__.values():
            names = ", ".join(Dimension)
            raise click.BadParameter(
                f"{condition!r} is not NAME=VALUE with a name of {names}", param_hint="--where"
            )
        number = name == Dimension.STATUS and value.isascii() and value.isdigit() and len(value) < 10
        where.setdefault(name, []).append(int(value) if number else value)
    return where
