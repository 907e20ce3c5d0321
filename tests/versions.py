"""Runs tests with the lowest and the newest libraries that pyproject.toml allows, each set in a fresh place.

    python -m tests.versions

The tests are of what a library could change for a client: decoding, faults, answers and settings. The program
itself and the test tools come from the environment that runs this.
"""

import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESOLUTIONS = {"lowest": "lowest-direct", "newest": "highest"}
TESTS = (
    *("tests/unit/ingest", "tests/unit/settings", "tests/unit/api", "tests/unit/auth", "tests/unit/control"),
    *("tests/spec/test_ingest.py", "tests/spec/test_usage_answers.py", "tests/spec/test_correction_doors.py"),
    "tests/contract/test_duckdb_store.py",
)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        return max(_passes(Path(folder) / name, name, resolution) for name, resolution in RESOLUTIONS.items())


def _passes(environment: Path, name: str, resolution: str) -> int:
    uv = Path(sysconfig.get_path("scripts")) / "uv"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, environment], check=True)
    python = environment / "bin" / "python"
    install = [uv, "pip", "install", "--quiet", "--python", python, "--resolution", resolution]
    subprocess.run([*map(str, install), "--requirements", "pyproject.toml"], cwd=ROOT, check=True)
    _add_last(python, Path(sysconfig.get_path("purelib")))
    sys.stdout.write(f"with the {name} allowed versions:\n")
    sys.stdout.flush()
    return subprocess.run(
        [python, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", *TESTS],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        check=False,
    ).returncode


def _add_last(python: Path, packages: Path) -> None:
    """Lets an environment find in others' packages what it does not have itself."""
    ask = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    own = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
    (Path(own) / "zz_last.pth").write_text(f"{packages}\n")


if __name__ == "__main__":
    sys.exit(main())
