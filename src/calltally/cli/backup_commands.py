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
    """Write a consistent snapshot of the data directory to the new folder TO.

    It contains every call acknowledged before the snapshot, and all clients, tokens and names. A running
    server keeps serving. TO must be empty or not exist; it is created completely or not at all. A backup
    contains credentials: protect it as you protect the data directory. calltally restore restores it.
    """
    settings = read_settings(directory, config, assignments)
    with (
        OwnerClient(directory, settings, counting=True) as owner,
        waiting(f"Copying to {to}", quiet=as_json),
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
    help="The data directory to create; it must be empty or not exist.",
)
@json_option
@click.argument("source", metavar="FROM", type=click.Path(path_type=Path, file_okay=False, exists=True))
def restore(directory: Path, as_json: bool, source: Path) -> None:
    """Create a data directory from the backup FROM.

    Every file is checked against its checksum before anything is written, and every copy again afterwards.
    The backup is not changed. Then run calltally serve, or calltally verify to check the numbers.
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
