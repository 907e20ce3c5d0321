"""``calltally verify``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from calltally.cli.office import Office, RefusedError, told
from calltally.cli.options import existing_data_option, json_option, read_settings, settings_options
from calltally.cli.wording import counted, harmless, listing, show

EXIT_DIFFERENCES = 3
_SHOWN_DIFFERENCES = 50
_WIDEST = 60


class Verification(msgspec.Struct):
    """What a verification found, as ``--json`` prints it."""

    equal: bool = True
    steps: int = 0
    calls: int = 0
    organizations: int = 0
    days: int = 0
    differences: list[dict[str, Any]] = []


@click.command("verify")
@existing_data_option
@json_option
@settings_options
def verify(directory: Path, as_json: bool, config: Path | None, assignments: tuple[str, ...]) -> None:
    """Recount everything from the calls, and compare it with every number that is stored.

    Every count is recounted by organization and day; what was received is compared with what became of it;
    every column of every table and every frame of the journal is read. A server may go on counting meanwhile.

    Exit code 0: every number is right; 1: the recount could not be brought to its end; 3: there are
    differences, and they are told.
    """
    settings = read_settings(directory, config, assignments)
    with (
        Office(directory, settings, counting=True) as owner,
        _progress(Console(stderr=True, quiet=as_json)) as bars,
    ):
        found = _followed(owner.lines("POST", "/owner/verify"), bars)
    if as_json:
        click.echo(msgspec.json.encode(found))
    else:
        _print(found)
    if not found.equal:
        raise SystemExit(EXIT_DIFFERENCES)


def _followed(lines: Iterator[Any], bars: Progress) -> Verification:
    """Draws the steps as they come; raises `RefusedError` unless they come to their end."""
    found = Verification()
    bar = bars.add_task("Waiting for what is being counted", total=None)
    for line in lines:
        match line:
            case {"step": step}:
                found.differences += step["differences"]
                what = step["what"] if len(step["what"]) <= _WIDEST else f"{step['what'][: _WIDEST - 1]}…"
                bars.update(bar, description=what, completed=step["done"], total=step["total"])
            case {"end": end}:
                found.equal = not found.differences
                found.steps, found.calls = end["steps"], end["calls"]
                found.organizations, found.days = end["organizations"], end["days"]
                return found
            case {"problem": problem}:
                raise RefusedError(f"nothing is proved: {told(msgspec.json.encode(problem))}")
    raise RefusedError("nothing is proved: the recount was broken off")


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True)


def _print(found: Verification) -> None:
    click.echo(
        f"recounted {counted(found.calls, 'call')} of {counted(found.organizations, 'organization')} on "
        f"{counted(found.days, 'day')}, in {counted(found.steps, 'check')}"
    )
    if found.equal:
        click.echo("every number is right")
        return
    table = listing("day", numbers=("stored", "recounted"), texts=("what", "organization", "where"))
    for one in found.differences[:_SHOWN_DIFFERENCES]:
        texts = (harmless(one[name]) for name in ("what", "organization", "key"))
        table.add_row(one["day"] or "", f"{one['stored']:,}", f"{one['recounted']:,}", *texts)
    show(table)
    more = len(found.differences) > _SHOWN_DIFFERENCES
    of_which = f", of which {_SHOWN_DIFFERENCES} are shown; --json tells all" if more else ""
    click.echo(f"{counted(len(found.differences), 'difference')}{of_which}")
