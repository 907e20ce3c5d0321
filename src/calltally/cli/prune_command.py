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
@click.option("--calls-before", type=_DAY, metavar="DATE", help="Let go of the calls of the days before.")
@click.option("--counts-before", type=_DAY, metavar="DATE", help="Let go of the counts of the days before.")
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
    """Let go of old calls, and of old counts, for good; of all organizations.

    Without their calls days (UTC) keep their counts: they can still be asked by client, user, route and
    method, or by source and account, and no longer by hour, status or another time zone. A call for such a
    day is rejected from then on. Counts can go only where the calls went before or go with them.

    Clients, users and other texts that no call and no count has any more are removed with them, which gives
    back their memory.

    Everything is recounted first, and nothing goes when a number is not right. What will go is shown before
    you are asked. The settings retain_calls_days and retain_counts_days prune every day by themselves.
    """
    if not (calls_before or counts_before):
        raise click.UsageError("say --calls-before, --counts-before or both")
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
            click.confirm("Let go of that for good?", abort=True, err=True)
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
        say(f"removed {counted(report['texts'], 'text')} that no call and no count has any more")


def _show(shown: dict[str, Any], bounds: dict[str, str]) -> None:
    for what in ("calls", "counts"):
        if f"{what}_before" not in bounds:
            continue
        found, day = shown[what], bounds[f"{what}_before"]
        whose = "" if what == "calls" else "the counts of "
        organizations = counted(found["organizations"], "organization")
        say(f"before {day}: {whose}{counted(found['calls'], 'call')} of {organizations}", err=True)
        say(f"{what} are kept {_since(shown[f'{what}_from'])} now", err=True)


def _since(day: str | None) -> str:
    return f"since {date.fromisoformat(day).isoformat()}" if day else "since ever"
