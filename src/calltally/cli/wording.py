"""The output of commands: tables and lines for users, JSON and CSV for programs.

Senders of calls choose texts that an operator sees. These texts must not move the cursor, overwrite other
output, change the writing direction or act as markup; so commands print only through this module.
"""

import sys
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from calltally.harmless_text import for_terminal, json_for_terminal, lines_for_terminal


class Listing(Table):
    """A table without rules, whose texts are shown literally: brackets are not markup."""

    def add_row(self, *cells: Any, **rest: Any) -> None:
        super().add_row(*(for_terminal(cell) if isinstance(cell, str) else cell for cell in cells), **rest)


def counted(number: int, noun: str) -> str:
    """``1 call``, ``1,234 calls``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listing(*columns: str, numbers: tuple[str, ...] = (), texts: tuple[str, ...] = ()) -> Listing:
    """A table: columns that never wrap, then numbers, then texts, which fold over several lines."""
    table = Listing(box=None)
    for name in columns:
        table.add_column(name, no_wrap=True)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    for name in texts:
        table.add_column(name, overflow="fold")
    return table


def show(table: Listing) -> None:
    """Prints a table."""
    Console(markup=False, highlight=False, emoji=False).print(table)


def say(line: str, *, err: bool = False) -> None:
    """Prints one line."""
    click.echo(for_terminal(line), err=err)


def print_json(value: object, *, indented: bool = False) -> None:
    """Prints a value as JSON; bytes are JSON already."""
    content = value if isinstance(value, bytes) else msgspec.json.encode(value, enc_hook=str)
    if indented:
        content = msgspec.json.format(content)
    click.echo(json_for_terminal(content.decode()))


def print_csv(content: bytes) -> None:
    """Prints CSV unchanged, or escaped if standard output is a terminal."""
    if sys.stdout.isatty():
        content = "\r\n".join(map(lines_for_terminal, content.decode().split("\r\n"))).encode()
    click.echo(content, nl=False)
