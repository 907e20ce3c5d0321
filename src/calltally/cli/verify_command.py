"""``calltally verify``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

from calltally.cli.options import existing_data_option, json_option, read_settings, settings_options
from calltally.cli.owner_client import OwnerClient, RefusedError, problem_message
from calltally.cli.waiting import bars
from calltally.cli.wording import counted, listing, print_json, say, show

EXIT_DIFFERENCES = 3
COUNTED_TWICE = "a call counted more often than once"
_SHOWN_DIFFERENCES = 50
_SHOWN_RECOVERIES = 20
_WIDEST = 60
_COLUMNS = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())


class Verification(msgspec.Struct):
    """The result of a verification, as ``--json`` prints it."""

    equal: bool = True
    steps: int = 0
    calls: int = 0
    organizations: int = 0
    days: int = 0
    differences: list[dict[str, Any]] = []
    repaired: list[dict[str, Any]] = []
    recoveries: dict[str, Any] = {}


@click.command("verify")
@existing_data_option
@click.option(
    "--repair", is_flag=True, help="First withdraw the extra copies of calls counted more than once."
)
@click.option("--why", metavar="TEXT", help="The reason for the repair, recorded with its corrections.")
@json_option
@settings_options
def verify(
    directory: Path,
    repair: bool,
    why: str | None,
    as_json: bool,
    config: Path | None,
    assignments: tuple[str, ...],
) -> None:
    """Recount everything from the calls, and compare the result with every stored number.

    Every count is recounted by organization and day, calls received are compared with their verdicts, and
    every column of every table, the control database and every frame of the journal are read. A running
    server keeps counting.
    Bytes of the journal that earlier starts truncated or skipped are listed; they are not differences, since
    acknowledged calls are never truncated.

    With --repair, a call whose id was counted more than once on one day is counted once again: its first
    copy, or its latest correction, stays, and a correction withdraws every other copy. Each of these calls is
    printed, and everything is recounted afterwards.

    Exit code 0: every number is right; 1: the recount or the repair could not be completed; 3: there are
    differences, and they are printed.
    """
    if bool(repair) != bool(why):
        raise click.UsageError("--repair and --why are used together")
    settings = read_settings(directory, config, assignments)
    with OwnerClient(directory, settings, counting=True) as owner:
        repaired = []
        for call in _repaired(owner, why) if why else ():
            repaired.append(call)
            if not as_json:
                say(_of_repaired(call))
        with bars(*_COLUMNS, quiet=as_json, transient=True) as progress:
            found = _followed(owner.lines("POST", "/owner/verify"), progress)
    found.repaired = repaired
    if as_json:
        print_json(found)
    else:
        if repair:
            say(f"repaired {counted(len(repaired), 'call')}")
        _print(found)
    if not found.equal:
        raise SystemExit(EXIT_DIFFERENCES)


def _repaired(owner: OwnerClient, why: str) -> Iterator[dict[str, Any]]:
    """Each repaired call; raises `RefusedError` unless the repair is completed."""
    for line in owner.lines("POST", "/owner/repair", json={"why": why}):
        match line:
            case {"call": call}:
                yield call
            case {"end": _}:
                return
            case {"problem": problem}:
                raise RefusedError(
                    f"the repair is not complete: {problem_message(msgspec.json.encode(problem))}"
                )
    raise RefusedError("the repair is not complete: it was interrupted")


def _of_repaired(call: dict[str, Any]) -> str:
    who = " ".join(
        f"{name}={call[name]}" for name in ("client_id", "user_id", "method", "route") if call[name]
    )
    times = f"counted {call['counted']} times, now counted {'once' if call['counts'] else '0 times'}"
    received = ", ".join(call["received"])
    return (
        f"{call['organization']}: call of {call['time']} {who} status={call['status']}: {times}; "
        f"received {received}"
    )


def _followed(lines: Iterator[Any], progress: Progress) -> Verification:
    """Shows each step as received; raises `RefusedError` unless the recount is completed."""
    found = Verification()
    bar = progress.add_task("Waiting for pending calls", total=None)
    for line in lines:
        match line:
            case {"step": step}:
                found.differences += step["differences"]
                what = step["what"] if len(step["what"]) <= _WIDEST else f"{step['what'][: _WIDEST - 1]}…"
                progress.update(bar, description=what, completed=step["done"], total=step["total"])
            case {"end": end}:
                found.equal = not found.differences
                found.steps, found.calls = end["steps"], end["calls"]
                found.organizations, found.days = end["organizations"], end["days"]
                found.recoveries = end["recoveries"]
                return found
            case {"problem": problem}:
                raise RefusedError(
                    f"the recount is not complete: {problem_message(msgspec.json.encode(problem))}"
                )
    raise RefusedError("the recount is not complete: it was interrupted")


def _print(found: Verification) -> None:
    say(
        f"recounted {counted(found.calls, 'call')} of {counted(found.organizations, 'organization')} on "
        f"{counted(found.days, 'day')}, in {counted(found.steps, 'check')}"
    )
    _print_recoveries(found.recoveries)
    if found.equal:
        say("every number is right")
        return
    if any(one["what"] == COUNTED_TWICE for one in found.differences):
        say("calls counted more than once can be repaired: calltally verify --repair --why …")
    table = listing("day", numbers=("stored", "recounted"), texts=("what", "organization", "where"))
    for one in found.differences[:_SHOWN_DIFFERENCES]:
        texts = (one[name] for name in ("what", "organization", "key"))
        table.add_row(one["day"] or "", f"{one['stored']:,}", f"{one['recounted']:,}", *texts)
    show(table)
    more = len(found.differences) > _SHOWN_DIFFERENCES
    of_which = f", of which {_SHOWN_DIFFERENCES} are shown; --json lists all" if more else ""
    say(f"{counted(len(found.differences), 'difference')}{of_which}")


def _print_recoveries(recoveries: dict[str, Any]) -> None:
    latest, earlier, unreadable = recoveries["latest"], recoveries["earlier"], recoveries["unreadable"]
    if not latest and not earlier and not unreadable:
        return
    say(f"starts recovered the journal {counted(len(latest) + earlier, 'time')}:")
    for one in latest[-_SHOWN_RECOVERIES:]:
        did, reason = one["kind"].replace("_", " "), one["reason"]
        say(
            f"  {one['at']}  {did}: {one['bytes']:,} bytes at byte {one['offset']:,} of {one['file']}, "
            f"positions {one['first_position']} to {one['last_position']}: {reason}"
        )
    if len(latest) > _SHOWN_RECOVERIES or earlier:
        say(f"  and {len(latest[:-_SHOWN_RECOVERIES]) + earlier:,} before; --json lists the latest 200")
    if unreadable:
        say(f"  and {unreadable:,} whose entries cannot be read")
