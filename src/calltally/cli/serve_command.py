"""``calltally serve``."""

import sys
from pathlib import Path

import click

from calltally.cli.options import data_option, read_settings, settings_options
from calltally.data_directory import DataDirectory
from calltally.serve import serve as serve_directory
from calltally.server.logs import configure_logs


@click.command("serve")
@data_option
@click.option("--host", help="The address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="The port to listen on; 0 for any free port.  [default: 8080]")
@settings_options
def serve(
    directory: Path, host: str | None, port: int | None, config: Path | None, assignments: tuple[str, ...]
) -> None:
    """Run the server on a data directory, until SIGTERM or Ctrl-C.

    The directory is created if it does not exist. This process holds it exclusively until it ends.
    """
    settings = read_settings(directory, config, assignments, host=host, port=port)
    configure_logs(settings.log_format, settings.log_level)
    with DataDirectory(directory) as held:
        sys.exit(serve_directory(held, settings))
