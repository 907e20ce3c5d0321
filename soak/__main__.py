"""A long trial: kills, power cuts, any operations in any order, damaged inputs, and load.

    python -m soak --seconds 2100

Exits with 1 when an acknowledged call was lost, a call was counted twice, or anything else went wrong; the
directory that shows it is then kept.
"""

import argparse
import shutil
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from soak.findings import Findings, Phase
from soak.phases import PHASES, Trial

RESULTS = Path(__file__).parent / "results"


def main() -> int:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "--seconds", type=float, default=2100, help="how long it takes, about (default: 2100)"
    )
    parser.add_argument("--only", choices=PHASES, nargs="+", help="some phases only; they share the time")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="what chance depends on")
    parser.add_argument("--folder", type=Path, default=RESULTS, help="where the report and failures are kept")
    options = parser.parse_args()
    findings = Findings(options.seed)
    chosen = {name: phase for name, phase in PHASES.items() if not options.only or name in options.only}
    shares = sum(share for share, _ in chosen.values())
    for name, (share, run) in chosen.items():
        folder = (options.folder / f"{findings.began:%Y%m%d-%H%M%S}-{name}").resolve()
        trial = Trial(
            folder, options.seconds * share / shares, options.seed, _teller(name), options.seconds >= 1800
        )
        findings.phases.append(_tried(name, run, trial))
        findings.write(options.folder)
    print(findings.page())
    print(f"written to {findings.write(options.folder)}")
    return 0 if findings.are_good else 1


def _tried(name: str, run: Callable[[Trial, Phase], None], trial: Trial) -> Phase:
    """A phase with what it found; its folder is kept only when it failed."""
    phase = Phase(name)
    trial.folder.mkdir(parents=True)
    print(f"{name}: about {trial.seconds:.0f} seconds in {trial.folder}", flush=True)
    began = time.monotonic()
    try:
        run(trial, phase)
    except BaseException as error:
        phase.failure = "".join(traceback.format_exception(error)) + (
            f"\nThe files are in {trial.folder}, with each server's log beside its directory."
            f"\nTo look into one: calltally verify --data {trial.folder}/data, or calltally serve --data …\n"
        )
        print(phase.failure, file=sys.stderr, flush=True)
        if not isinstance(error, Exception):
            raise
    else:
        shutil.rmtree(trial.folder)
    finally:
        phase.seconds = time.monotonic() - began
    return phase


def _teller(name: str) -> Callable[[str], None]:
    """Says how far it is, every ten seconds at most."""
    last = 0.0

    def tell(text: str) -> None:
        nonlocal last
        if time.monotonic() - last > 10:
            last = time.monotonic()
            print(f"  {name}: {text}", flush=True)

    return tell


if __name__ == "__main__":
    sys.exit(main())
