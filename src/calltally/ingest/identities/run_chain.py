"""Chains of adjacent runs."""

from collections.abc import Iterator, Sequence

from calltally.ingest.identities.identity_run import IdentityRun
from calltally.ingest.identities.run_file import Boundary, RunHead


def chains_of(runs: Sequence[IdentityRun]) -> Iterator[list[IdentityRun]]:
    """All runs as chains of maximal length; see `first_chain`."""
    left = list(runs)
    while left:
        chain = first_chain(left)
        left = [run for run in left if run not in chain]
        yield chain


def first_chain(runs: Sequence[IdentityRun]) -> list[IdentityRun]:
    """The chain that begins first, of ``runs`` that may overlap.

    If several begin with the same cut, the largest is used: a merged run instead of the first of its parts.
    """
    following: dict[Boundary, IdentityRun] = {}
    for run in sorted(runs, key=lambda run: run.head.size):
        following[run.head.since] = run
    ends = {run.head.last for run in runs}
    beginnings = [run for run in following.values() if run.head.since not in ends]
    chain = [
        min(beginnings or following.values(), key=lambda run: (run.head.since.first, run.head.last.last))
    ]
    while (further := following.get(chain[-1].head.last)) is not None and further not in chain:
        if whole_since([run.head for run in (*chain, further)]) is None:
            break
        chain.append(further)
    return chain


def whole_since(heads: Sequence[RunHead]) -> int | None:
    """The instant since which runs together have everything that was received, and nothing from before.

    None if there is no such instant, since one of them has what another leaves out.
    """
    latest = max(head.received_from_ms for head in heads)
    fits = all(head.received_from_ms == latest or head.first_received_ms >= latest for head in heads)
    return latest if fits else None
