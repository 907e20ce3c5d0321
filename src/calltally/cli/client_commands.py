"""``calltally client``: the clients that may log in."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from calltally.cli.options import data_option, json_option, organization_option, read_settings
from calltally.cli.owner_client import OwnerClient
from calltally.cli.wording import listing, print_json, say, show
from calltally.control.permissions import KNOWN


@click.group("client")
def client_group() -> None:
    """Create, list and revoke clients."""


@client_group.command("create")
@data_option
@organization_option
@click.option("--name", required=True, help="A display name for the client.")
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    metavar="PERMISSION",
    help="Grant only this permission; repeatable. By default a client may send and backfill calls and read "
    f"its organization's usage through every API. One of {', '.join(sorted(KNOWN))}.",
)
@json_option
def create(
    directory: Path, organization: str, name: str, permissions: tuple[str, ...], as_json: bool
) -> None:
    """Create a client, and its organization if that is new. Print the secret; it is shown only once."""
    wanted: dict[str, Any] = {"organization": organization, "name": name}
    if permissions:
        wanted["permissions"] = list(permissions)
    with OwnerClient(directory, read_settings(directory, None, ()), counting=False) as owner:
        made = owner.ask("POST", "/owner/clients", json=wanted).json()
    _print_secret(made, as_json)


@client_group.command("list")
@data_option
@click.option("--organization", metavar="ORG", help="Only clients of this organization.")
@json_option
def list_(directory: Path, organization: str | None, as_json: bool) -> None:
    """List clients, without their secrets."""
    params = [("organization", organization)] if organization else []
    with OwnerClient(directory, read_settings(directory, None, ()), counting=False) as owner:
        clients = owner.ask("GET", "/owner/clients", params=params).json()["clients"]
    if as_json:
        print_json(clients, indented=True)
        return
    table = listing("client_id", texts=("organization", "name", "permissions", "revoked"))
    for client in clients:
        permissions = " ".join(client["permissions"])
        table.add_row(
            client["client_id"],
            client["organization"],
            client["name"],
            permissions,
            client["revoked"] or "",
        )
    show(table)


@client_group.command("rotate")
@data_option
@click.argument("client_id")
@json_option
def rotate(directory: Path, client_id: str, as_json: bool) -> None:
    """Replace a client's secret and print the new one, shown only once; the old one stops working."""
    with OwnerClient(directory, read_settings(directory, None, ()), counting=False) as owner:
        made = owner.ask("POST", f"/owner/clients/{quote(client_id, safe='')}/rotate").json()
    _print_secret(made, as_json)


@client_group.command("revoke")
@data_option
@click.argument("client_id")
def revoke(directory: Path, client_id: str) -> None:
    """Revoke a client and all its tokens, with immediate effect."""
    with OwnerClient(directory, read_settings(directory, None, ()), counting=False) as owner:
        owner.ask("POST", f"/owner/clients/{quote(client_id, safe='')}/revoke")
    say(f"revoked {client_id}")


def _print_secret(made: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(made)
        return
    say(f"client_id      {made['client_id']}")
    say(f"client_secret  {made['client_secret']}")
    say("The secret is shown only once. Store it where only this client can read it.", err=True)
