"""The ``calltally`` command."""

import os
import sys

import click
import httpx

from calltally import __version__
from calltally.cli.click_groups import LazyGroup
from calltally.errors import CalltallyError
from calltally.harmless_text import lines_for_terminal
from calltally.server.logs import configure_logs

EXIT_FAILED = 1
"""The command could not do its work. (2, by click, is for a command line that cannot be read.)"""


_PLACES = {
    "serve": "calltally.cli.serve_command:serve",
    "demo": "calltally.cli.demo_command:demo",
    "client": "calltally.cli.client_commands:client_group",
    "token": "calltally.cli.token_commands:token_group",
    "key": "calltally.cli.key_commands:key_group",
    "name": "calltally.cli.name_commands:name_group",
    "import": "calltally.cli.import_command:import_",
    "usage": "calltally.cli.usage_command:usage_group",
    "outcomes": "calltally.cli.outcomes_commands:outcomes_group",
    "correct": "calltally.cli.correct_commands:correct_group",
    "verify": "calltally.cli.verify_command:verify",
    "backup": "calltally.cli.backup_commands:backup",
    "restore": "calltally.cli.backup_commands:restore",
    "export": "calltally.cli.export_command:export",
    "prune": "calltally.cli.prune_command:prune",
    "erase": "calltally.cli.erase_command:erase",
}


@click.group(
    cls=LazyGroup,
    places=_PLACES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, prog_name="calltally")
def cli() -> None:
    """Know exactly who calls your APIs."""


def main() -> None:
    """Runs the command line; errors are told in one line each and end with exit code 1."""
    os.umask(0o077)  # what a command makes is its owner's
    configure_logs("console", "warning")  # to standard error: what a command prints may be for machines
    try:
        cli()
    except CalltallyError as error:
        _complain(str(error))
    except httpx.TransportError as error:
        _complain(f"the server that holds the data directory went away: {error}")
    except OSError as error:  # a file or folder that cannot be what it has to be
        _complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    sys.exit(EXIT_FAILED)


def _complain(message: str) -> None:
    click.echo(f"calltally: {lines_for_terminal(message)}", err=True)
