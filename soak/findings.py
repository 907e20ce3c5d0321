"""What a soak found, as a page for people and as JSON for machines."""

import json
import os
import platform
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from calltally import __version__


@dataclass(slots=True)
class Phase:
    """One part of a soak: figures by name, and what went wrong, if anything did."""

    name: str
    figures: dict[str, int | float | str] = field(default_factory=dict)
    details: dict[str, dict[str, int]] = field(default_factory=dict)
    seconds: float = 0.0
    failure: str = ""

    def note(self, title: str, counts: Counter[str]) -> None:
        """A table of counts; empty ones are left out."""
        if counts:
            self.details[title] = dict(sorted(counts.items()))


@dataclass(slots=True)
class Findings:
    """All phases of a soak."""

    seed: int
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    phases: list[Phase] = field(default_factory=list)

    @property
    def are_good(self) -> bool:
        return all(not phase.failure for phase in self.phases)

    def page(self) -> str:
        machine = f"Python {platform.python_version()}, {os.cpu_count()} processors"
        lines = [
            "# Soak",
            "",
            f"Calltally {__version__}, {machine}, began {self.began:%Y-%m-%d %H:%M} UTC, seed {self.seed}.",
            f"**{'Nothing was lost, and nothing counted twice.' if self.are_good else 'FAILED.'}**",
        ]
        for phase in self.phases:
            lines += ["", f"## {phase.name}, {phase.seconds:.0f} seconds", ""]
            if phase.failure:
                lines += ["**Failed**", "", "```text", phase.failure.rstrip(), "```", ""]
            lines += ["| | |", "|---|---:|"]
            lines += [f"| {name} | {_written(value)} |" for name, value in phase.figures.items()]
            for title, counts in phase.details.items():
                lines += ["", f"| {title} | |", "|---|---:|"]
                lines += [f"| {name} | {_written(count)} |" for name, count in counts.items()]
        return "\n".join(lines) + "\n"

    def write(self, folder: Path) -> Path:
        """Writes ``report.md`` and ``report.json``; returns the page."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.json").write_text(json.dumps(self._as_json(), indent=2) + "\n")
        (folder / "report.md").write_text(self.page())
        return folder / "report.md"

    def _as_json(self) -> dict[str, Any]:
        return {
            "format": 1,
            "version": __version__,
            "began": self.began.isoformat(),
            "seed": self.seed,
            "good": self.are_good,
            "phases": [
                {
                    "name": phase.name,
                    "seconds": round(phase.seconds, 1),
                    "figures": phase.figures,
                    "details": phase.details,
                    "failure": phase.failure,
                }
                for phase in self.phases
            ],
        }


def _written(value: float | str) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
