"""``calltally outcomes``: the verdicts on calls received, and the calls that were not counted."""

from pathlib import Path
from typing import Any

import click
import msgspec

from calltally.cli.click_groups import DefaultGroup
from calltally.cli.options import (
    data_option,
    json_option,
    organization_option,
    read_settings,
    settings_options,
)
from calltally.cli.owner_client import OwnerClient
from calltally.cli.wording import listing, print_json, say, show

_VERDICTS = ("received", "accepted", "duplicate", "conflict", "rejected")


@click.group("outcomes", cls=DefaultGroup, default="days")
def outcomes_group() -> None:
    """Show how many calls were received, accepted and not accepted. Without a command: days."""


@outcomes_group.command("days")
@data_option
@organization_option
@click.option("--from", "from_", metavar="DATE", help="First day of receipt.  [default: this month's first]")
@click.option(
    "--to", metavar="DATE", help="End of the range: the day after the last one.  [default: tomorrow]"
)
@json_option
@settings_options
def days(
    directory: Path,
    organization: str,
    from_: str | None,
    to: str | None,
    as_json: bool,
    config: Path | None,
    assignments: tuple[str, ...],
) -> None:
    """Show the calls received on each day (UTC), by verdict, and why calls were rejected.

    Received is always the sum of accepted, duplicate, conflict and rejected. Refused requests were refused
    as a whole, before any call in them was read.
    """
    content = _get(directory, config, assignments, organization, "/v1/outcomes", {"from": from_, "to": to})
    if as_json:
        print_json(content)
        return
    answer = msgspec.json.decode(content)
    table = listing("day", numbers=_VERDICTS)
    for day in answer["days"]:
        table.add_row(day["day"], *(f"{day[name]:,}" for name in _VERDICTS))
    if answer["days"]:
        show(table)
    else:
        say("nothing")
    for day in answer["days"]:
        for what, name in (("calls rejected by", "rejected_by"), ("requests refused by", "refused")):
            if day[name]:
                say(f"{day['day']}  {what} {_reasons(day[name])}")
    say(f"complete up to {answer['complete_up_to']}", err=True)


@outcomes_group.command("conflicts")
@data_option
@organization_option
@click.option(
    "--from", "from_", metavar="DATE", help="First day of receipt.  [default: the earliest day kept]"
)
@click.option("--to", metavar="DATE", help="End of the range: the day after the last one.")
@click.option("--limit", type=int, help="Maximum number of calls, newest first.  [default: 100]")
@json_option
@settings_options
def conflicts(
    directory: Path,
    organization: str,
    as_json: bool,
    config: Path | None,
    assignments: tuple[str, ...],
    **filters: Any,
) -> None:
    """Show calls that reused the id of an earlier call with different content. The earlier call counts.

    The first thousand of each day are kept.
    """
    content = _get(directory, config, assignments, organization, "/v1/conflicts", filters)
    if as_json:
        print_json(content)
        return
    answer = msgspec.json.decode(content)
    for row in answer["rows"]:
        say(f"{row['received']}  {_content(row)}")
    if answer["not_kept"]:
        say(f"{answer['not_kept']:,} more were received and are not kept", err=True)
    _end(answer)


@outcomes_group.command("rejects")
@data_option
@organization_option
@click.option(
    "--from", "from_", metavar="DATE", help="First day of receipt.  [default: the earliest day kept]"
)
@click.option("--to", metavar="DATE", help="End of the range: the day after the last one.")
@click.option("--code", help="Only calls that broke this rule, such as time.too_late.")
@click.option("--limit", type=int, help="Maximum number of calls, newest first.  [default: 100]")
@json_option
@settings_options
def rejects(
    directory: Path,
    organization: str,
    as_json: bool,
    config: Path | None,
    assignments: tuple[str, ...],
    **filters: Any,
) -> None:
    """Show rejected calls as received: the first twenty of each rule and day."""
    content = _get(directory, config, assignments, organization, "/v1/rejects", filters)
    if as_json:
        print_json(content)
        return
    answer = msgspec.json.decode(content)
    for row in answer["rows"]:
        reason = f"{row['field']} {row['reason']}".strip()
        say(f"{row['received']}  {row['code']}: {reason}")
        say(f"    {_content(row)}")
    _end(answer)


def _get(
    directory: Path,
    config: Path | None,
    assignments: tuple[str, ...],
    organization: str,
    path: str,
    filters: dict[str, Any],
) -> bytes:
    params = [(name.rstrip("_"), str(value)) for name, value in filters.items() if value is not None]
    with OwnerClient(directory, read_settings(directory, config, assignments), counting=True) as owner:
        return owner.ask("GET", path, organization=organization, params=params).content


def _end(answer: dict[str, Any]) -> None:
    if not answer["rows"]:
        say("nothing")
    more = "; more are kept: increase --limit or narrow the range of days" if answer["next"] else ""
    say(f"complete up to {answer['complete_up_to']}{more}", err=True)


def _reasons(reasons: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in reasons.items())


def _content(row: dict[str, Any]) -> str:
    text: str = msgspec.json.encode(row["call"]).decode() if "call" in row else row["text"]
    return text
