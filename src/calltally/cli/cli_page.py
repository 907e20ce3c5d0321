"""docs/cli.md, drawn from the commands themselves."""

from collections.abc import Iterator

import click

from calltally.cli.main import cli

_WIDTH = 100

_INTRODUCTION = """\
# The command line

Every command that reads or changes a data directory works with and without a server.
When a server holds the directory, the command asks that server over the owner's socket in the directory.
When nobody holds it, the command holds it until it is done.

`--json` prints what a machine can read.
Exit code 0 means done.
Exit code 1 means that the work could not be done; the reason is on standard error.
Exit code 2 means that the command line could not be read.
A command that has more exit codes names them in its help.
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
