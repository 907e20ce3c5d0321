"""``calltally key``: signing keys of access tokens."""

from pathlib import Path
from typing import Any

import click

from calltally.cli.options import data_option, json_option, read_settings
from calltally.cli.owner_client import OwnerClient
from calltally.cli.wording import listing, print_json, say, show


@click.group("key")
def key_group() -> None:
    """List and rotate the signing keys of access tokens."""


@key_group.command("list")
@data_option
@json_option
def list_(directory: Path, as_json: bool) -> None:
    """List the keys whose tokens may still be valid, the signing key first, without the key material."""
    with OwnerClient(directory, read_settings(directory, None, ()), counting=False) as owner:
        keys: list[dict[str, Any]] = owner.ask("GET", "/owner/keys").json()["keys"]
    if as_json:
        print_json(keys, indented=True)
        return
    table = listing("key_id", texts=("created", "retired", "needed_until"))
    for key in keys:
        table.add_row(key["key_id"], key["created"], key["retired"] or "", key["needed_until"] or "")
    show(table)


@key_group.command("rotate")
@data_option
@click.option(
    "--forget",
    is_flag=True,
    help="Delete earlier keys too, which invalidates every access token. For a leaked key.",
)
@json_option
def rotate(directory: Path, forget: bool, as_json: bool) -> None:
    """Create a new signing key; a running server uses it at once.

    Earlier keys stay published until the last token they signed has expired.
    """
    with OwnerClient(directory, read_settings(directory, None, ()), counting=False) as owner:
        key: dict[str, Any] = owner.ask("POST", "/owner/keys/rotate", json={"forget": forget}).json()
    if as_json:
        print_json(key)
        return
    say(f"tokens are now signed with {key['key_id']}")
