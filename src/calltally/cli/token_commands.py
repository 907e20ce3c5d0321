"""``calltally token``: bearer tokens for programs that cannot log in."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import msgspec
from rich.console import Console
from rich.table import Table

from calltally.cli.office import Office
from calltally.cli.options import data_option, json_option, read_settings


@click.group("token")
def token_group() -> None:
    """Make, list and revoke API tokens."""


@token_group.command("create")
@data_option
@click.option("--client", "client_id", required=True, metavar="CLIENT_ID", help="The client it speaks for.")
@click.option("--name", required=True, help="What the token is used for.")
@json_option
def create(directory: Path, client_id: str, name: str, as_json: bool) -> None:
    """Make a bearer token for a client and print it, this once.

    It is good until it is revoked, and may do what its client may do at the time.
    """
    wanted = {"client_id": client_id, "name": name}
    with Office(directory, read_settings(directory, None, ()), counting=False) as owner:
        made: dict[str, Any] = owner.ask("POST", "/owner/tokens", json=wanted).json()
    if as_json:
        click.echo(msgspec.json.encode(made))
        return
    click.echo(f"token_id  {made['token_id']}")
    click.echo(f"token     {made['token']}")
    click.echo("The token is shown only now. Send it as: Authorization: Bearer <token>", err=True)


@token_group.command("list")
@data_option
@click.option("--organization", metavar="ORG", help="Only those of this organization's clients.")
@click.option("--client", "client_id", metavar="CLIENT_ID", help="Only this client's.")
@json_option
def list_(directory: Path, organization: str | None, client_id: str | None, as_json: bool) -> None:
    """Show tokens by their ids and names; the tokens themselves are not kept."""
    params = [("organization", organization)] if organization else []
    with Office(directory, read_settings(directory, None, ()), counting=False) as owner:
        tokens = owner.ask("GET", "/owner/tokens", params=params).json()["tokens"]
    if client_id:
        tokens = [token for token in tokens if token["client_id"] == client_id]
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(tokens)))
        return
    table = Table(box=None)
    table.add_column("token_id", no_wrap=True)
    for column in ("name", "client_id", "revoked"):
        table.add_column(column, overflow="fold")
    for token in tokens:
        table.add_row(token["token_id"], token["name"], token["client_id"], token["revoked"] or "")
    Console().print(table)


@token_group.command("revoke")
@data_option
@click.argument("token_id")
def revoke(directory: Path, token_id: str) -> None:
    """End a token at once; its client and the client's other tokens stay."""
    with Office(directory, read_settings(directory, None, ()), counting=False) as owner:
        owner.ask("POST", f"/owner/tokens/{quote(token_id, safe='')}/revoke")
    click.echo(f"revoked {token_id}")
