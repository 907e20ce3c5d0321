"""``calltally name``: display names of clients, sources and accounts."""

from pathlib import Path
from urllib.parse import quote

import click

from calltally.cli.options import data_option, json_option, organization_option, read_settings
from calltally.cli.owner_client import OwnerClient
from calltally.cli.wording import listing, print_json, say, show

_KINDS = click.Choice(["client", "source", "account"])


@click.group("name")
def name_group() -> None:
    """Name clients, sources and accounts, and list their names."""


@name_group.command("set")
@data_option
@organization_option
@click.argument("kind", type=_KINDS)
@click.argument("id_", metavar="ID")
@click.argument("name")
def set_(directory: Path, organization: str, kind: str, id_: str, name: str) -> None:
    """Set the display name of a client, source or account; it overrides names in calls."""
    path = f"/v1/{kind}s/{quote(id_, safe='')}"
    with OwnerClient(directory, read_settings(directory, None, ()), counting=True) as owner:
        owner.ask("PUT", path, organization=organization, json={"name": name})
    say(f"{kind} {id_} is {name}")


@name_group.command("list")
@data_option
@organization_option
@click.argument("kind", type=_KINDS)
@json_option
def list_(directory: Path, organization: str, kind: str, as_json: bool) -> None:
    """List the names of one kind."""
    with OwnerClient(directory, read_settings(directory, None, ()), counting=True) as owner:
        rows = owner.ask("GET", f"/v1/{kind}s", organization=organization).json()["rows"]
    if as_json:
        print_json(rows)
        return
    table = listing(texts=("id", "name"))
    for row in rows:
        table.add_row(row["id"], row["name"])
    show(table)
