"""``calltally demo``."""

import shlex
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
import uvloop
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from calltally.cli.options import read_settings
from calltally.data_directory import DataDirectory
from calltally.demo.demo_calls import DemoCalls
from calltally.demo.demo_directory import fresh_demo_directory
from calltally.demo.demo_load import LoadedDemo, load_demo
from calltally.demo.demo_screen import DemoScreen
from calltally.serve import serve
from calltally.server.app_server import PortTakenError, listening_socket
from calltally.server.logs import configure_logs
from calltally.settings import Settings
from calltally.wiring import Installation

EXIT_INTERRUPTED = 130
_PORTS_TRIED = 20


@click.command("demo")
@click.option(
    "--data",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".demo"),
    show_default=True,
    help="The demo's directory: empty, or an earlier demo, which is deleted.",
)
@click.option(
    "--port",
    type=int,
    default=8080,
    show_default=True,
    help="The port to listen on; if it is in use, the next free one.",
)
@click.option(
    "--calls",
    type=click.IntRange(1000, 50_000_000),
    default=2_000_000,
    show_default=True,
    help="Approximate number of calls to load.",
)
def demo(directory: Path, port: int, calls: int) -> None:
    """Run a server with a year of calls of a fictional organization, until Ctrl-C.

    Loads the calls into a new directory, serves them, and prints how to log in and what to try.
    """
    console = Console()
    settings = read_settings(directory, None, (), port=port)
    configure_logs(settings.log_format, "warning")
    story = DemoCalls(datetime.now(UTC), calls=calls)
    try:
        with fresh_demo_directory(directory) as held:
            loaded = uvloop.run(_load(held, settings, story, console))
            free = read_settings(directory, None, (), port=_free_port(settings.host, port))
            screen = DemoScreen(
                console, story, program=_this_program(), python=_this_python(), directory=directory
            )

            async def ready(address: str, _installation: Installation) -> None:
                screen.show(loaded, address, wanted_port=port)

            code = serve(held, free, ready)
    except KeyboardInterrupt:
        console.print("\nStopped before the demo was ready.")
        sys.exit(EXIT_INTERRUPTED)
    console.print("\nStopped.")
    sys.exit(code)


async def _load(
    directory: DataDirectory, settings: Settings, story: DemoCalls, console: Console
) -> LoadedDemo:
    installation = Installation(directory, settings)
    try:
        await installation.open_meter()
        with _progress(console) as bars:
            bar = bars.add_task("Loading a year of calls", total=story.planned)
            return await load_demo(installation, story, lambda done: bars.update(bar, completed=done))
    finally:
        await installation.close()


def _progress(console: Console) -> Progress:
    counted = TextColumn("{task.completed:,} of {task.total:,}")
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        counted,
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def _free_port(host: str, wanted: int) -> int:
    """The wanted port if free, otherwise the next free one; 0 (any port) if none is free in the range."""
    for port in range(wanted, min(wanted + _PORTS_TRIED, 65_536)):
        try:
            listening_socket(host, port).close()
        except PortTakenError:
            continue
        return port
    return 0


def _this_program() -> str:
    """How to run Calltally from here, for a shell."""
    return "calltally" if shutil.which("calltally") else shlex.quote(sys.argv[0])


def _this_python() -> str:
    """The Python that runs Calltally, for a shell; relative if it is below the current directory."""
    python, here = Path(sys.executable), Path.cwd()
    return shlex.quote(str(python.relative_to(here) if python.is_relative_to(here) else python))
