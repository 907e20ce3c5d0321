"""``calltally backup`` and ``calltally restore``."""

from pathlib import Path

import click
from rich.filesize import decimal

from calltally.cli.options import existing_data_option, json_option, read_settings, settings_options
from calltally.cli.owner_client import OwnerClient
from calltally.cli.waiting import waiting
from calltally.cli.wording import print_json, say
from calltally.maintenance.restoring import restore as restore_backup


@click.command("backup")
@existing_data_option
@json_option
@settings_options
@click.argument("to", type=click.Path(path_type=Path, file_okay=False))
def backup(
    directory: Path, as_json: bool, config: Path | None, assignments: tuple[str, ...], to: Path
) -> None:
    """Copy everything into the new folder TO, as it is at one instant.

    Every call that was acknowledged before is in it, as are clients, tokens and names. A server goes on
    meanwhile. TO may not exist yet, or must be empty; it is there as a whole or not at all. It lets whoever
    reads it log in, so keep it as safe as the data directory. calltally restore makes a data directory of it.
    """
    settings = read_settings(directory, config, assignments)
    with (
        OwnerClient(directory, settings, counting=True) as owner,
        waiting(f"Copying everything to {to}", quiet=as_json),
    ):
        report = owner.ask("POST", "/owner/backup", json={"to": str(to.absolute())}, seconds=None).json()
    if as_json:
        print_json(report)
        return
    say(
        f"backed up {decimal(report['size'])} in {report['files']} files to {report['folder']}, "
        f"up to position {report['position']:,}"
    )


@click.command("restore")
@click.option(
    "--data",
    "directory",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The data directory to be made; it may not exist yet, or must be empty.",
)
@json_option
@click.argument("source", metavar="FROM", type=click.Path(path_type=Path, file_okay=False, exists=True))
def restore(directory: Path, as_json: bool, source: Path) -> None:
    """Make a data directory of the backup FROM.

    Every file is compared with its checksum before anything is written, and every copy again. The backup
    stays as it is. Then calltally serve counts on from it, and calltally verify proves its numbers.
    """
    with waiting(f"Checking and copying {source}", quiet=as_json):
        report = restore_backup(source, directory)
    if as_json:
        print_json(report)
        return
    say(
        f"restored {decimal(report.size)} in {report.files} files to {report.folder}, "
        f"up to position {report.position:,}"
    )
