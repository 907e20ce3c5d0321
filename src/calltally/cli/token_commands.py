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
    """Create, list and revoke API tokens."""


@token_group.command("create")
@data_option
@click.option(
    "--client",
    "client_id",
    required=True,
    metavar="CLIENT_ID",
    help="The client that the token authenticates.",
)
@click.option("--name", required=True, help="What the token is used for.")
@json_option
def create(directory: Path, client_id: str, name: str, as_json: bool) -> None:
    """Create a bearer token for a client and print it; it is shown only once.

    It is valid until revoked, and has the current permissions of its client.
    """
    wanted = {"client_id": client_id, "name": name}
    with OwnerClient(directory, read_settings(directory, None, ()), counting=False) as owner:
        made: dict[str, Any] = owner.ask("POST", "/owner/tokens", json=wanted).json()
    if as_json:
        print_json(made)
        return
    say(f"token_id  {made['token_id']}")
    say(f"token     {made['token']}")
    say("The token is shown only once. Send it as: Authorization: Bearer <token>", err=True)


@token_group.command("list")
@data_option
@click.option("--organization", metavar="ORG", help="Only tokens of this organization's clients.")
@click.option("--client", "client_id", metavar="CLIENT_ID", help="Only tokens of this client.")
@json_option
def list_(directory: Path, organization: str | None, client_id: str | None, as_json: bool) -> None:
    """List tokens by id and name; the tokens themselves are not stored."""
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
    """Revoke a token with immediate effect; its client and the client's other tokens stay valid."""
    with OwnerClient(directory, read_settings(directory, None, ()), counting=False) as owner:
        owner.ask("POST", f"/owner/tokens/{quote(token_id, safe='')}/revoke")
    say(f"revoked {token_id}")
