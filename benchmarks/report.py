"""Figures as a table for people and as JSON for machines."""

import json
import os
import platform
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.figure import Figure

FORMAT = 1
"""Rises when the JSON changes in a way that a reader must know of."""

RESULTS = Path(__file__).parent / "results"
_PACKAGES = ("calltally", "duckdb", "msgspec", "numpy", "pyarrow", "uvicorn", "uvloop")


def load_average() -> str:
    """How busy the machine is: runnable processes on average over 1, 5 and 15 minutes."""
    return " ".join(f"{load:.2f}" for load in os.getloadavg())


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    cpu = next((line for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "").partition(":")
    memory = next((line for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), "0 0").split()
    return {
        "processor": f"{cpu[2].strip() or platform.processor()}, {os.cpu_count()} virtual cores",
        "memory": f"{int(memory[1]) / 2**20:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **{package: version(package) for package in _PACKAGES},
    }


class Report:
    """Gathers figures as they come, prints each and writes all of them at the end."""

    def __init__(self) -> None:
        self._started = datetime.now(UTC)
        self._load_before = load_average()
        self._groups: list[tuple[str, Mapping[str, object], list[tuple[Figure, str]]]] = []

    def group(self, benchmark: str, sizes: Mapping[str, object]) -> None:
        """Figures that follow are of this benchmark, run with these sizes."""
        self._groups.append((benchmark, sizes, []))
        print(f"\n{benchmark}: {', '.join(f'{name} {value}' for name, value in sizes.items())}")

    def add(self, figures: Sequence[Figure]) -> None:
        for figure in figures:
            self._groups[-1][2].append((figure, load_average()))
            print("  " + " | ".join(cell for cell in _cells(figure) if cell), flush=True)

    def write(self, folder: Path = RESULTS) -> Path:
        """Writes ``latest.md`` and ``latest.json``; returns the table's path."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "latest.json").write_text(json.dumps(self._as_json(), indent=2) + "\n", "utf-8")
        table = folder / "latest.md"
        table.write_text(self.table(), "utf-8")
        return table

    def table(self) -> str:
        facts = {"date": f"{self._started:%Y-%m-%d %H:%M} UTC", **machine()}
        lines = ["# Benchmarks", ""]
        lines += [f"- {name}: {value}" for name, value in facts.items()]
        lines.append(f"- load average before and after: {self._load_before}; {load_average()}")
        for benchmark, sizes, figures in self._groups:
            lines += ["", f"## {benchmark}", "", _told(sizes), ""]
            lines += [
                "| What | Calltally | Rival | Rival's | Better by | Load |",
                "|---|--:|---|--:|--:|--:|",
            ]
            lines += [f"| {' | '.join(_cells(figure))} | {load.split()[0]} |" for figure, load in figures]
        return "\n".join(lines) + "\n"

    def _as_json(self) -> dict[str, object]:
        return {
            "format": FORMAT,
            "date": self._started.isoformat(timespec="seconds"),
            "machine": machine(),
            "arguments": sys.argv[1:],
            "load_average": {"before": self._load_before, "after": load_average()},
            "benchmarks": [
                {
                    "name": benchmark,
                    "sizes": dict(sizes),
                    "figures": [{**asdict(f), "ratio": f.ratio, "load_average": load} for f, load in figures],
                }
                for benchmark, sizes, figures in self._groups
            ],
        }


def _cells(figure: Figure) -> tuple[str, str, str, str, str]:
    theirs = "" if figure.theirs is None else f"{_number(figure.theirs)} {figure.unit}"
    ratio = "" if figure.ratio is None else f"{_number(figure.ratio)} times"
    return figure.name, f"{_number(figure.ours)} {figure.unit}", figure.rival, theirs, ratio


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:#.3g}".rstrip(".")


def _told(sizes: Mapping[str, object]) -> str:
    return "Sizes: " + ", ".join(f"{name} {value}" for name, value in sizes.items()) + "."


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text("utf-8").splitlines() if file.exists() else []
