"""What a command shows on standard error while it works."""

from rich.console import Console
from rich.progress import Progress, ProgressColumn, Task
from rich.status import Status
from rich.text import Text

from calltally.harmless_text import for_terminal


def waiting(what: str, *, quiet: bool) -> Status:
    """Tells what is being done, until the end of the context."""
    return Console(stderr=True, quiet=quiet).status(Text(for_terminal(what)))


def bars(*columns: ProgressColumn, quiet: bool, transient: bool) -> Progress:
    """Bars, each with its description before it, which is shown as `for_terminal` makes it."""
    console = Console(stderr=True, quiet=quiet)
    return Progress(_Description(), *columns, console=console, transient=transient)


class _Description(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(for_terminal(task.description))
