"""The ``calltally`` command."""

import os
import sys

import click
import httpx

from calltally import __version__
from calltally.cli.backup_commands import backup, restore
from calltally.cli.books_commands import books_group
from calltally.cli.client_commands import client_group
from calltally.cli.correct_commands import correct_group
from calltally.cli.demo_command import demo
from calltally.cli.erase_command import erase
from calltally.cli.export_command import export
from calltally.cli.import_command import import_
from calltally.cli.key_commands import key_group
from calltally.cli.name_commands import name_group
from calltally.cli.prune_command import prune
from calltally.cli.serve_command import serve
from calltally.cli.token_commands import token_group
from calltally.cli.usage_command import usage_group
from calltally.cli.verify_command import verify
from calltally.errors import CalltallyError
from calltally.server.logs import configure_logs

EXIT_FAILED = 1
"""The command could not do its work. (2, by click, is for a command line that cannot be read.)"""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="calltally")
def cli() -> None:
    """Know exactly who calls your APIs."""


for command in (
    *(serve, demo, client_group, token_group, key_group, name_group),
    *(import_, usage_group, books_group, correct_group),
    *(verify, backup, restore, export, prune, erase),
):
    cli.add_command(command)


def main() -> None:
    """Runs the command line; errors are told in one line each and end with exit code 1."""
    os.umask(0o077)  # what a command makes is its owner's
    configure_logs("console", "warning")  # to standard error: what a command prints may be for machines
    try:
        cli()
    except CalltallyError as error:
        click.echo(f"calltally: {error}", err=True)
    except httpx.TransportError as error:
        click.echo(f"calltally: the server that holds the data directory went away: {error}", err=True)
    sys.exit(EXIT_FAILED)
