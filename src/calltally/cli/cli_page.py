"""docs/cli.md, generated from the commands."""

from collections.abc import Iterator

import click

from calltally.cli.main import cli

_WIDTH = 100

_INTRODUCTION = """\
# The command line

Every command that reads or changes a data directory works with and without a running server.
If a server holds the directory, the command sends its requests to that server over the owner's socket.
Otherwise the command holds the directory itself until it is done.

`--json` prints JSON for programs.
Exit code 0 means success.
Exit code 1 means that the command failed; the reason is on standard error.
Exit code 2 means that the command line is invalid.
A command with further exit codes names them in its help.
"""


def cli_page() -> str:
    """The whole page in Markdown: the help of every command."""
    context = click.Context(cli, info_name="calltally", terminal_width=_WIDTH, **cli.context_settings)
    return "\n".join([_INTRODUCTION, *_sections(context)])


def _sections(context: click.Context) -> Iterator[str]:
    command = context.command
    yield f"## `{context.command_path}`\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None:
                yield from _sections(click.Context(found, info_name=name, parent=context))
