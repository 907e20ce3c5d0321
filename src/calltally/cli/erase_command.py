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
    """Erase the ID of a user or an account; counts do not change.

    A meaningless replacement takes the place of the ID in every call of the organization received so far, in
    paths, in names and in calls kept for inspection. Journal files that contain the ID are deleted; freed
    blocks of the store's file may contain it until the next start of a server or command, which rewrites that
    file. Earlier backups and exports still contain the ID.
    """
    settings = read_settings(directory, config, assignments)
    with OwnerClient(directory, settings, counting=True) as owner:
        if not yes:
            params = [("organization", organization), ("kind", kind), ("identifier", id_)]
            found = owner.ask("GET", "/owner/erase", params=params).json()
            say(f"{kind} {id_} of {organization} has {counted(found['calls'], 'call')}", err=True)
            click.confirm("Erase it permanently?", abort=True, err=True)
        wanted = {"organization": organization, "kind": kind, "id": id_, "why": why}
        with waiting("Erasing", quiet=as_json):
            response = owner.ask("POST", "/owner/erase", json=wanted, seconds=None)
    if as_json:
        print_json(response.content)
        return
    say(f"erased; the {kind} is {response.json()['replacement']} from now on")
    say("Earlier backups and exports still contain the old id. Create new ones and delete those.", err=True)
