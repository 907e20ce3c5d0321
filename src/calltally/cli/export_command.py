"""``calltally export``."""

from pathlib import Path
from typing import Any, get_args

import click
from rich.filesize import decimal

from calltally.cli.options import (
    existing_data_option,
    json_option,
    organization_option,
    read_settings,
    settings_options,
)
from calltally.cli.owner_client import OwnerClient
from calltally.cli.waiting import waiting
from calltally.cli.wording import counted, print_json, say
from calltally.store.export import Form, What


@click.command("export")
@existing_data_option
@organization_option
@click.option("--from", "from_", required=True, metavar="WHEN", help="First day or instant, in UTC.")
@click.option("--to", required=True, metavar="WHEN", help="End: a day or instant, exclusive.")
@click.option(
    "--what",
    type=click.Choice(get_args(What)),
    default="calls",
    show_default=True,
    help="Every call, counts by day, client, user, route and method, or counts by day, source and account.",
)
@click.option("--format", "form", type=click.Choice(get_args(Form)), help="[default: the extension of FILE]")
@click.option(
    "--every-entry",
    is_flag=True,
    help="Include withdrawn entries, with a weight of -1; the sum of all weights is the count.",
)
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@json_option
@settings_options
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def export(
    directory: Path,
    organization: str,
    from_: str,
    to: str,
    what: str,
    form: str | None,
    every_entry: bool,
    force: bool,
    as_json: bool,
    config: Path | None,
    assignments: tuple[str, ...],
    file: Path,
) -> None:
    """Write an organization's calls or counts to FILE, as Parquet or CSV.

    The file is a snapshot of one instant, written by the process that holds the data directory, completely
    or not at all. The order of calls is unspecified.
    """
    wanted: dict[str, Any] = {
        "organization": organization,
        "from": from_,
        "to": to,
        "what": what,
        "format": form or _form_of(file),
        "file": str(file.absolute()),
        "every_entry": every_entry,
        "replace": force,
    }
    settings = read_settings(directory, config, assignments)
    with OwnerClient(directory, settings, counting=True) as owner, waiting(f"Writing {file}", quiet=as_json):
        response = owner.ask("POST", "/owner/export", json=wanted, seconds=None)
    if as_json:
        print_json(response.content)
        return
    report = response.json()
    say(f"wrote {counted(report['rows'], 'row')}, {decimal(report['size'])}, to {file}")


def _form_of(file: Path) -> str:
    form = file.suffix.removeprefix(".").lower()
    if form not in get_args(Form):
        raise click.UsageError(f"{file} does not end in .parquet or .csv: give --format")
    return form
