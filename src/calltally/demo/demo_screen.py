"""What a demo says on the terminal."""

import shlex
from pathlib import Path

from rich.console import Console

from calltally.demo.demo_calls import DemoCalls
from calltally.demo.demo_load import DemoAccess, LoadedDemo
from calltally.demo.demo_programs import demo_programs, save_programs
from calltally.demo.demo_sights import sights_of
from calltally.demo.demo_story import ORGANIZATION

_TRY = "try"


class DemoScreen:
    """Tells a visitor how to get in, what to look at and what to try.

    Whatever is meant to be pasted stands at the start of its line and is never wrapped or indented.
    """

    def __init__(
        self, console: Console, demo: DemoCalls, *, program: str, python: str, directory: Path
    ) -> None:
        """``program`` is how to run Calltally from here, ``python`` its Python, both ready for a shell."""
        self._console = console
        self._demo = demo
        self._program = program
        self._python = python
        self._directory = directory

    def show(self, loaded: LoadedDemo, address: str, *, wanted_port: int) -> None:
        """Everything, once the server answers at the address."""
        self._headline(loaded, address, wanted_port)
        self._access(loaded.access)
        self._sights()
        self._requests(loaded.access, address)
        self._programs(loaded.access, address)
        self._console.print()
        self._console.rule(style="dim")
        self._say(f"[bold green]{address}[/]  [bold]Ctrl-C[/] stops the demo; the next one starts afresh.")

    def _headline(self, loaded: LoadedDemo, address: str, wanted_port: int) -> None:
        first_day, until = self._demo.story.first_day, f"{self._demo.until:%Y-%m-%d %H:%M} UTC"
        rate = loaded.calls / max(loaded.seconds, 0.001)
        self._say(f"\n[bold green]Calltally is ready at[/] [bold]{address}[/]")
        if wanted_port and not address.endswith(f":{wanted_port}"):
            self._say(f"[yellow]Port {wanted_port} is taken, so another one was chosen.[/]")
        self._say(
            f"[bold]{ORGANIZATION}[/] has {loaded.calls:,} calls, from {first_day} to {until}.\n"
            f"They were checked, de-duplicated, written to disk and counted in {loaded.seconds:.1f} s "
            f"({rate:,.0f} a second)."
        )

    def _access(self, access: DemoAccess) -> None:
        self._heading("Log in")
        for client, what in ((access.client, "sends and reads"), (access.reader, "only reads")):
            self._say(f"A client that {what}:")
            self._paste(f"client_id      {client.client_id}\nclient_secret  {client.client_secret}")

    def _sights(self) -> None:
        self._heading("Look at this")
        usage = (
            f"{self._program} usage --data {shlex.quote(str(self._directory))} --organization {ORGANIZATION}"
        )
        for sight in sights_of(self._demo):
            self._say(f"[bold]•[/] {sight.what}")
            self._paste(f"{usage} {sight.question}")

    def _requests(self, access: DemoAccess, address: str) -> None:
        bearer = f"-H 'Authorization: Bearer {access.token}'"
        question = "group_by=client_id&metrics=calls,status_429&order_by=-calls&limit=5"
        call = (
            f'{{"id": "my-first-call", "time": "{self._demo.until:%Y-%m-%dT%H:%M:%SZ}", "client_id": "me", '
            '"method": "GET", "path": "/orders/17", "status": 200}'
        )
        self._heading("Ask over HTTP, and send a call")
        self._say("Who called most this month:")
        self._paste(f"curl -s {bearer} '{address}/v1/usage?{question}'")
        self._say("A call of your own; sent twice it is a duplicate, and counted once:")
        self._paste(f"curl -s {bearer} -H 'Content-Type: application/json' -d '{call}' '{address}/v1/calls'")

    def _programs(self, access: DemoAccess, address: str) -> None:
        directory = self._directory / _TRY
        programs = demo_programs(self._demo, access, address)
        save_programs(programs, directory)
        for program in programs:
            self._heading(program.title)
            self._say("Run it, or paste it into a file of your own:")
            self._paste(program.command(directory, self._python))
            self._console.print()
            self._paste(program.text.rstrip())

    def _heading(self, text: str) -> None:
        self._console.print()
        self._console.rule(f"[bold]{text}", align="left", style="dim")

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False)

    def _paste(self, text: str) -> None:
        self._console.print(text, style="cyan", markup=False, highlight=False, soft_wrap=True)
