"""Progress of a command on standard error."""

from rich.console import Console
from rich.progress import Progress, ProgressColumn, Task
from rich.status import Status
from rich.text import Text

from calltally.harmless_text import for_terminal


def waiting(what: str, *, quiet: bool) -> Status:
    """Shows the current action until the end of the context."""
    return Console(stderr=True, quiet=quiet).status(Text(for_terminal(what)))


def bars(*columns: ProgressColumn, quiet: bool, transient: bool) -> Progress:
    """Progress bars, each after its description, which is escaped by `for_terminal`."""
    console = Console(stderr=True, quiet=quiet)
    return Progress(_Description(), *columns, console=console, transient=transient)


class _Description(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(for_terminal(task.description))
