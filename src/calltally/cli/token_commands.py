"""``calltally token``: bearer tokens for programs that cannot log in."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from calltally.cli.options import data_option, json_option, read_settings
from calltally.cli.owner_client import OwnerClient
from calltally.cli.wording import listing, print_json, say, show


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
    with OwnerClient(directory, read_settings(directory, None, ()), counting=False) as owner:
        made: dict[str, Any] = owner.ask("POST", "/owner/tokens", json=wanted).json()
    if as_json:
        print_json(made)
        return
    say(f"token_id  {made['token_id']}")
    say(f"token     {made['token']}")
    say("The token is shown only now. Send it as: Authorization: Bearer <token>", err=True)


@token_group.command("list")
@data_option
@click.option("--organization", metavar="ORG", help="Only those of this organization's clients.")
@click.option("--client", "client_id", metavar="CLIENT_ID", help="Only this client's.")
@json_option
def list_(directory: Path, organization: str | None, client_id: str | None, as_json: bool) -> None:
    """Show tokens by their ids and names; the tokens themselves are not kept."""
    params = [("organization", organization)] if organization else []
    with OwnerClient(directory, read_settings(directory, None, ()), counting=False) as owner:
        tokens = owner.ask("GET", "/owner/tokens", params=params).json()["tokens"]
    if client_id:
        tokens = [token for token in tokens if token["client_id"] == client_id]
    if as_json:
        print_json(tokens, indented=True)
        return
    table = listing("token_id", texts=("name", "client_id", "revoked"))
    for token in tokens:
        table.add_row(token["token_id"], token["name"], token["client_id"], token["revoked"] or "")
    show(table)


@token_group.command("revoke")
@data_option
@click.argument("token_id")
def revoke(directory: Path, token_id: str) -> None:
    """End a token at once; its client and the client's other tokens stay."""
    with OwnerClient(directory, read_settings(directory, None, ()), counting=False) as owner:
        owner.ask("POST", f"/owner/tokens/{quote(token_id, safe='')}/revoke")
    say(f"revoked {token_id}")
