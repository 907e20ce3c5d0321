"""``calltally key``: what access tokens are signed with."""

from pathlib import Path
from typing import Any

import click

from calltally.cli.options import data_option, json_option, read_settings
from calltally.cli.owner_client import OwnerClient
from calltally.cli.wording import listing, print_json, say, show


@click.group("key")
def key_group() -> None:
    """List and rotate the keys that access tokens are signed with."""


@key_group.command("list")
@data_option
@json_option
def list_(directory: Path, as_json: bool) -> None:
    """Show the keys whose tokens may be good, the one that signs first; never the keys themselves."""
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
    help="Forget the keys before it, too, and so end every access token. For a key that leaked.",
)
@json_option
def rotate(directory: Path, forget: bool, as_json: bool) -> None:
    """Sign with a new key from now on, in a running server too.

    The keys before it stay published until the last token that they signed has expired.
    """
    with OwnerClient(directory, read_settings(directory, None, ()), counting=False) as owner:
        key: dict[str, Any] = owner.ask("POST", "/owner/keys/rotate", json={"forget": forget}).json()
    if as_json:
        print_json(key)
        return
    say(f"tokens are signed with {key['key_id']} from now on")
