"""Programs to try against a running demo, each complete as it stands."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from calltally.demo.demo_calls import DemoCalls
from calltally.demo.demo_load import DemoAccess
from calltally.demo.genesys_program import genesys_program
from calltally.demo.sailpoint_program import sailpoint_program
from calltally.demo.segment_programs import segment_javascript_program, segment_python_program


@dataclass(frozen=True, slots=True)
class DemoProgram:
    """A program, what it is, its file's name, and the package it needs besides its language, if any."""

    title: str
    file_name: str
    package: str
    text: str

    def command(self, directory: Path, python: str) -> str:
        """What installs the package and runs the file, for a shell; ``python`` is ready for it."""
        file = shlex.quote(str(directory / self.file_name))
        if self.file_name.endswith(".mjs"):
            install, run = f"npm install --prefix {shlex.quote(str(directory))}", f"node {file}"
        else:
            install, run = f"{python} -m pip install", f"{python} {file}"
        return f"{install} {self.package} && {run}" if self.package else run


def demo_programs(demo: DemoCalls, access: DemoAccess, address: str) -> list[DemoProgram]:
    """One program for each vendor in Python, and one in JavaScript; none of them may do more than read."""
    reader, token = access.reader, access.reader_token
    return [
        DemoProgram(
            "SailPoint's Python SDK, unmodified",
            "sailpoint_report.py",
            "sailpoint",
            sailpoint_program(demo, reader, address),
        ),
        DemoProgram(
            "Genesys Cloud's Python SDK, unmodified",
            "genesys_report.py",
            "PureCloudPlatformClientV2",
            genesys_program(demo, reader, address),
        ),
        DemoProgram(
            "Segment's API in Python",
            "segment_report.py",
            "",
            segment_python_program(demo, token, address),
        ),
        DemoProgram(
            "Segment's JavaScript SDK, unmodified",
            "segment_report.mjs",
            "@segment/public-api-sdk-typescript",
            segment_javascript_program(demo, token, address),
        ),
    ]


def save_programs(programs: Iterable[DemoProgram], directory: Path) -> None:
    """Writes each into its file; they hold secrets, so the directory is for its owner only."""
    directory.mkdir(mode=0o700, exist_ok=True)
    for program in programs:
        (directory / program.file_name).write_text(program.text, "utf-8")
