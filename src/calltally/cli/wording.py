"""Numbers and texts as people read them."""

from rich.console import Console
from rich.table import Table


def counted(number: int, noun: str) -> str:
    """``1 call``, ``1,234 calls``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def harmless(text: str) -> str:
    """A text that senders wrote, on one line that can do nothing to a terminal."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def listing(*columns: str, numbers: tuple[str, ...] = (), texts: tuple[str, ...] = ()) -> Table:
    """A table without lines: first what is never cut, then numbers, then texts, which may take many lines."""
    table = Table(box=None)
    for name in columns:
        table.add_column(name, no_wrap=True)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    for name in texts:
        table.add_column(name, overflow="fold")
    return table


def show(table: Table) -> None:
    """Prints a table as it is; what stands in brackets is no markup."""
    Console(markup=False, highlight=False, emoji=False).print(table)
