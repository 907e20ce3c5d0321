"""A demo that runs, and what can be done with what it prints."""

import re
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import httpx

from calltally.demo.demo_calls import DemoCalls

CALLTALLY = str(Path(sys.executable).with_name("calltally"))
_PATIENCE = 300
CALLS = 60_000
"""Enough that a busy account is active in most months, whatever today is."""


@dataclass(frozen=True)
class PrintedProgram:
    """A program on the demo's screen, under a title, with the command that runs it."""

    title: str
    command: str
    text: str

    @property
    def file(self) -> Path:
        """The file that the command runs, seen from where the demo was started."""
        return Path(shlex.split(self.command)[-1])

    def output(self, folder: Path, interpreter: str | Path, suffix: str = "") -> list[str]:
        """The lines it prints when it is pasted into a file in this folder; nothing may go wrong.

        The file has the suffix of the program's own one, or another.
        """
        pasted = folder / f"pasted{suffix or self.file.suffix}"
        pasted.write_text(self.text, "utf-8")
        done = subprocess.run([interpreter, pasted], capture_output=True, text=True, check=False)
        assert (done.stderr, done.returncode) == ("", 0)
        return done.stdout.splitlines()


class RunningDemo:
    """A demo in ``.demo`` of a folder, as somebody starts it there, and what it printed."""

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        self.folder = folder
        self._out, self._err = folder / "out.txt", folder / "err.txt"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            command = [CALLTALLY, "demo", "--calls", str(CALLS), "--port", str(port)]
            self._process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=err)

    def __enter__(self) -> Self:
        end = time.monotonic() + _PATIENCE
        try:
            while "Ctrl-C stops" not in self.printed:
                assert self._process.poll() is None, self._err.read_text("utf-8")
                assert time.monotonic() < end, f"the demo was not ready within {_PATIENCE} seconds"
                time.sleep(0.05)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def printed(self) -> str:
        return self._out.read_text("utf-8")

    @property
    def address(self) -> str:
        return self._found(r"ready at (http\S+)")

    @property
    def token(self) -> str:
        return self._found(r"Bearer (\S+)'")

    @property
    def programs(self) -> list[PrintedProgram]:
        """The programs, to the byte."""
        headed = re.split(r"(?m)^(?:(.+) )?─+$", self.printed)[1:]
        sections = [
            (title, *body.strip("\n").split("\n", 2))
            for title, body in zip(headed[::2], headed[1::2], strict=True)
        ]
        return [
            PrintedProgram(title, command, text.lstrip("\n") + "\n")
            for title, _, command, text in (section for section in sections if len(section) == 4)
            if "/try/" in command
        ]

    @property
    def curls(self) -> list[str]:
        return [line for line in self.printed.splitlines() if line.startswith("curl ")]

    @property
    def questions(self) -> list[str]:
        return [line for line in self.printed.splitlines() if " usage --data " in line]

    def story(self) -> DemoCalls:
        """The calls that the demo must have loaded."""
        until = datetime.strptime(self._found(r" to (\S+ \S+) UTC"), "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
        return DemoCalls(until, calls=CALLS)

    def ask(self, path: str, token: str = "") -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return httpx.get(f"{self.address}{path}", headers=headers)

    def interrupt(self) -> int:
        """Presses Ctrl-C and returns the exit code."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(30)

    def _found(self, pattern: str) -> str:
        match = re.search(pattern, self.printed)
        assert match is not None, self.printed
        return match[1]


def send(curl: str) -> httpx.Response:
    """Does what a curl command with headers and a body would do."""
    words = iter(shlex.split(curl)[1:])
    headers, body, url = {}, None, ""
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = next(words)
        elif word != "-s":
            url = word
    return httpx.request("POST" if body else "GET", url, headers=headers, content=body)


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([CALLTALLY, *arguments], cwd=folder, capture_output=True, text=True, check=False)
