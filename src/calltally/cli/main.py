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
"""The command failed. (Click exits with 2 for an invalid command line.)"""


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
    """Run the command line; an error is printed on standard error and gives exit code 1."""
    os.umask(0o077)  # files that a command creates are readable by their owner only
    configure_logs("console", "warning")  # to standard error: standard output may be parsed
    try:
        cli()
    except CalltallyError as error:
        _complain(str(error))
    except httpx.TransportError as error:
        _complain(f"lost the connection to the server that holds the data directory: {error}")
    except OSError as error:  # a file or folder that cannot be used
        _complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    sys.exit(EXIT_FAILED)


def _complain(message: str) -> None:
    click.echo(f"calltally: {lines_for_terminal(message)}", err=True)
