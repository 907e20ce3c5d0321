"""The wheel has the native code in it: where it is installed, calls are counted without a compiler."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import calltally

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def run(*command: str | Path, **variables: str) -> str:
    environment = {**os.environ, **variables}
    return subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True, env=environment
    ).stdout


def test_the_version_of_the_native_code_is_that_of_the_program() -> None:
    crate = tomllib.loads((ROOT / "native" / "Cargo.toml").read_text())["package"]["version"]

    assert crate == calltally.__version__


def test_an_installed_wheel_counts_calls_where_there_is_no_compiler(tmp_path: Path) -> None:
    run(BIN / "maturin", "build", "--release", "--out", tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    home = tmp_path / "installed"
    run(BIN / "uv", "venv", "--quiet", "--python", sys.executable, home)
    install = (BIN / "uv", "pip", "install", "--quiet", "--constraint", "requirements.lock")
    run(*install, wheel, VIRTUAL_ENV=str(home))
    log = tmp_path / "access.log"
    log.write_text('203.0.113.9 - ann [10/Oct/2025:13:55:36 +0000] "GET /users/17 HTTP/1.1" 200 512\n' * 3)
    options = ("--data", tmp_path / "data", "--organization", "acme")

    run(home / "bin" / "calltally", "import", *options, log, PATH=str(home / "bin"))
    answer = run(
        home / "bin" / "calltally",
        "usage",
        *options,
        "--from",
        "2025-10-01",
        "--to",
        "2025-11-01",
        "--json",
        PATH=str(home / "bin"),
    )

    assert re.search(r'"calls": ?3\b', answer)
