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
    """The data directory, which must exist: for commands that are useless on an empty one."""
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
        raise click.BadParameter(f"{directory} is not a Calltally data directory")
    return directory


def organization_option(function: F) -> F:
    return click.option("--organization", required=True, metavar="ORG", help="The organization.")(function)


def json_option(function: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def why_option(function: F) -> F:
    return click.option(
        "--why",
        required=True,
        metavar="TEXT",
        help="The reason, which is recorded; do not include personal data.",
    )(function)


def yes_option(function: F) -> F:
    return click.option("--yes", is_flag=True, help="Do not ask for confirmation.")(function)


def settings_options(function: F) -> F:
    config = click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False, exists=True),
        help="A settings file.  [default: calltally.toml in the data directory, if it exists]",
    )
    set_ = click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="NAME=VALUE",
        help="A setting; overrides the file and the environment. Repeatable. See docs/settings.md.",
    )
    return config(set_(function))


def read_settings(
    directory: Path, config: Path | None, assignments: tuple[str, ...], **flags: Any
) -> Settings:
    """The settings of a command: defaults, file, environment and flags. Raises one error for all faults."""
    given = {name: value for name, value in flags.items() if value is not None}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise click.BadParameter(f"{assignment!r} is not NAME=VALUE", param_hint="--set")
        given[name.strip()] = value
    default_file = directory / "calltally.toml"
    file = config or (default_file if default_file.is_file() else None)
    return load_settings(file, os.environ, given)
