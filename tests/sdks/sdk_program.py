"""A small program around a vendor's SDK: it is told on standard input what to ask, and prints the answers."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache"
SDKS = CACHE / "sdks"

_LIGHT_BUILD = (
    "-gcflags=github.com/sailpoint-oss/...=-N -l -dwarf=false",
    "-gcflags=github.com/mypurecloud/...=-N -l -dwarf=false",
    "-ldflags=-s -w",
)
"""These packages are huge: without optimization the compiler takes a fifth less memory, 2.4 to 3 GB."""


@dataclass(frozen=True)
class Visit:
    """Where a program goes and as whom.

    It logs in with id and secret, or shows a token that it was given; with neither it comes as nobody.
    """

    base_url: str
    client_id: str = ""
    client_secret: str = ""
    token: str = ""


@dataclass(frozen=True)
class Answer:
    """What the SDK handed to its user. ``error`` is the text of what it threw; status 0 is no answer."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class SdkProgram:
    """Runs a program to its end for every visit."""

    command: Sequence[str | Path]
    environment: Mapping[str, str] = field(default_factory=dict)

    def ask(self, visit: Visit, *questions: Mapping[str, object]) -> list[Answer]:
        """An answer to each question; what a question looks like is the program's business."""
        told = json.dumps({"visit": asdict(visit), "questions": questions})
        environment = os.environ | self.environment | _sailpoint_environment(visit)
        done = subprocess.run(
            self.command, input=told, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return [Answer(**answer) for answer in json.loads(done.stdout)]

    def ask_one(self, visit: Visit, **question: object) -> Answer:
        (answer,) = self.ask(visit, question)
        return answer


def node_program(folder: str, program: str) -> SdkProgram:
    """A program for node; the first time on a machine npm fetches what is locked in its folder."""
    source = HERE / folder
    home = SDKS / f"{folder}-{_digest(source, 'package-lock.json')}"
    if not home.exists():
        with _workshop() as fresh:
            project = Path(fresh) / "project"
            project.mkdir()
            for name in ("package.json", "package-lock.json"):
                shutil.copy(source / name, project)
            install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            subprocess.run(install, cwd=project, check=True)
            _put(project, home)
    shutil.copy(source / program, home)
    return SdkProgram(["node", home / program], {"HOME": str(home)})


def go_program(folder: str) -> SdkProgram:
    """A program in Go; the first time on a machine, and after a change of it, it is built."""
    source = HERE / folder
    home = SDKS / f"{folder}-{_digest(source, 'go.mod', 'go.sum', 'main.go')}"
    if not home.exists():
        with _workshop() as fresh:
            project = Path(fresh) / "project"
            project.mkdir()
            build = ["go", "build", "-buildvcs=false", "-trimpath", *_LIGHT_BUILD, "-o"]
            environment = os.environ | {"GOCACHE": str(CACHE / "go-build")}
            subprocess.run([*build, project / "program", "."], cwd=source, env=environment, check=True)
            _put(project, home)
    return SdkProgram([home / "program"], {"HOME": str(home)})


def _digest(folder: Path, *names: str) -> str:
    digest = hashlib.sha256()
    for name in names:
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()[:16]


def _workshop() -> tempfile.TemporaryDirectory[str]:
    SDKS.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(dir=SDKS)


def _put(project: Path, home: Path) -> None:
    """Puts what is ready in its place at once, so that nobody finds it half done."""
    try:
        project.rename(home)
    except OSError:
        assert home.exists()  # someone else was faster


def _sailpoint_environment(visit: Visit) -> dict[str, str]:
    """The variables by which SailPoint's SDKs are configured."""
    return {
        "SAIL_BASE_URL": visit.base_url,
        "SAIL_CLIENT_ID": visit.client_id,
        "SAIL_CLIENT_SECRET": visit.client_secret,
    }
