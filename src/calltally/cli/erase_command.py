"""``calltally erase``."""

from pathlib import Path

import click

from calltally.cli.options import (
    existing_data_option,
    json_option,
    organization_option,
    read_settings,
    settings_options,
    why_option,
    yes_option,
)
from calltally.cli.owner_client import OwnerClient
from calltally.cli.waiting import waiting
from calltally.cli.wording import counted, print_json, say


@click.command("erase")
@existing_data_option
@organization_option
@why_option
@yes_option
@json_option
@settings_options
@click.argument("kind", type=click.Choice(["user", "account"]))
@click.argument("id_", metavar="ID")
def erase(
    directory: Path,
    organization: str,
    why: str,
    yes: bool,
    as_json: bool,
    config: Path | None,
    assignments: tuple[str, ...],
    kind: str,
    id_: str,
) -> None:
    """Forget who a user or an account was, and not what was counted.

    A replacement that tells nothing takes the place of the ID in every call of the organization received so
    far, in paths, in names and in what is kept for inspection; every count stays what it is. The journal
    is dropped as far as it held the ID; blocks that the store's file freed may hold it until the next start
    of a server or command, which writes that file anew. Backups and exports made before still hold the ID.
    """
    settings = read_settings(directory, config, assignments)
    with OwnerClient(directory, settings, counting=True) as owner:
        if not yes:
            asked = [("organization", organization), ("kind", kind), ("identifier", id_)]
            found = owner.ask("GET", "/owner/erase", params=asked).json()
            say(f"{kind} {id_} of {organization} has {counted(found['calls'], 'call')}", err=True)
            click.confirm("Erase it for good?", abort=True, err=True)
        wanted = {"organization": organization, "kind": kind, "id": id_, "why": why}
        with waiting("Eraser", quiet=as_json):
            response = owner.ask("POST", "/owner/erase", json=wanted, seconds=None)
    if as_json:
        print_json(response.content)
        return
    say(f"erased; the {kind} is {response.json()['replacement']} from now on")
    say("Backups and exports made before still hold the old id. Make new ones, and delete those.", err=True)
