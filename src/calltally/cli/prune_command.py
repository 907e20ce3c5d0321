"""``calltally prune``."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from calltally.cli.options import (
    existing_data_option,
    json_option,
    read_settings,
    settings_options,
    yes_option,
)
from calltally.cli.owner_client import OwnerClient
from calltally.cli.waiting import waiting
from calltally.cli.wording import counted, print_json, say

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command("prune")
@existing_data_option
@click.option("--calls-before", type=_DAY, metavar="DATE", help="Delete calls of earlier days.")
@click.option("--counts-before", type=_DAY, metavar="DATE", help="Delete counts of earlier days.")
@yes_option
@json_option
@settings_options
def prune(
    directory: Path,
    calls_before: datetime | None,
    counts_before: datetime | None,
    yes: bool,
    as_json: bool,
    config: Path | None,
    assignments: tuple[str, ...],
) -> None:
    """Permanently delete old calls and old counts of all organizations.

    A day (UTC) without its calls keeps its counts: queries by client, user, route and method, or by source
    and account, still work; queries by hour, status or another time zone do not. New calls for such a day are
    rejected. Counts can be deleted only if their calls are deleted, before or together with them.

    Clients, users and other texts that no remaining call or count uses are removed too, which releases their
    memory.

    Everything is recounted first, and nothing is deleted if a number is wrong. The command shows what it will
    delete and asks for confirmation. The settings retain_calls_days and retain_counts_days prune daily.
    """
    if not (calls_before or counts_before):
        raise click.UsageError("give --calls-before, --counts-before or both")
    bounds = {
        name: day.date().isoformat()
        for name, day in (("calls_before", calls_before), ("counts_before", counts_before))
        if day
    }
    settings = read_settings(directory, config, assignments)
    with OwnerClient(directory, settings, counting=True) as owner:
        if not yes:
            shown = owner.ask("GET", "/owner/prune", params=list(bounds.items())).json()
            _show(shown, bounds)
            click.confirm("Delete permanently?", abort=True, err=True)
        with waiting("Recounting, then pruning", quiet=as_json):
            response = owner.ask("POST", "/owner/prune", json=bounds, seconds=None)
    if as_json:
        print_json(response.content)
        return
    report = response.json()
    rows, calls = counted(report["calls"], "row"), counted(report["counts"], "call")
    say(f"pruned {rows} of the ledger of calls, and the counts of {calls}")
    say(f"calls are kept {_since(report['calls_from'])}, counts {_since(report['counts_from'])}")
    if report["texts"]:
        say(f"removed {counted(report['texts'], 'text')} that no call or count uses any more")


def _show(shown: dict[str, Any], bounds: dict[str, str]) -> None:
    for what in ("calls", "counts"):
        if f"{what}_before" not in bounds:
            continue
        found, day = shown[what], bounds[f"{what}_before"]
        prefix = "" if what == "calls" else "the counts of "
        organizations = counted(found["organizations"], "organization")
        say(f"before {day}: {prefix}{counted(found['calls'], 'call')} of {organizations}", err=True)
        say(f"{what} are kept {_since(shown[f'{what}_from'])} now", err=True)


def _since(day: str | None) -> str:
    return f"since {date.fromisoformat(day).isoformat()}" if day else "without limit"
