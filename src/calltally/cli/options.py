"""Options that several commands share."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from calltally.data_directory import DataDirectory
from calltally.settings.settings import Settings, load_settings

F = TypeVar("F", bound=Callable[..., Any])


def data_option(function: F) -> F:
    return click.option(
        "--data",
        "directory",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("calltally-data"),
        show_default=True,
        help="The data directory.",
    )(function)


def existing_data_option(function: F) -> F:
    """For commands that would do nothing of use in a directory that they make first."""
    return click.option(
        "--data",
        "directory",
        type=click.Path(path_type=Path, file_okay=False, exists=True),
        default=Path("calltally-data"),
        show_default=True,
        callback=_checked_directory,
        help="The data directory.",
    )(function)


def _checked_directory(_context: click.Context, _parameter: click.Parameter, directory: Path) -> Path:
    if not DataDirectory(directory).control.is_file():
        raise click.BadParameter(f"{directory} is no data directory of Calltally")
    return directory


def organization_option(function: F) -> F:
    return click.option("--organization", required=True, metavar="ORG", help="The organization.")(function)


def json_option(function: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")(function)


def why_option(function: F) -> F:
    return click.option(
        "--why", required=True, metavar="TEXT", help="The reason, kept with what is done; name nobody in it."
    )(function)


def yes_option(function: F) -> F:
    return click.option("--yes", is_flag=True, help="Do not ask.")(function)


def settings_options(function: F) -> F:
    config = click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False, exists=True),
        help="A settings file; by default calltally.toml in the data directory, if there is one.",
    )
    set_ = click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="NAME=VALUE",
        help="A setting, above the file and the environment; see docs/settings.md. Can be repeated.",
    )
    return config(set_(function))


def read_settings(
    directory: Path, config: Path | None, assignments: tuple[str, ...], **flags: Any
) -> Settings:
    """The settings of a command: defaults, file, environment and flags. Raises every fault at once."""
    given = {name: value for name, value in flags.items() if value is not None}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise click.BadParameter(f"{assignment!r} is not NAME=VALUE", param_hint="--set")
        given[name.strip()] = value
    default_file = directory / "calltally.toml"
    file = config or (default_file if default_file.is_file() else None)
    return load_settings(file, os.environ, given)
