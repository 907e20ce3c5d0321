"""Verifies runs against the store, and finds what is left to be read from it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import structlog

from calltally.ingest.identities.identity_run import IdentityRun
from calltally.ingest.identities.run_chain import first_chain, whole_since
from calltally.ingest.identities.run_file import Boundary, DamagedRunError, RunHead
from calltally.store.usage_store import IdentityTally, UsageStore

log = structlog.get_logger()


Chain = Sequence[IdentityRun]
"""Runs of which each begins with the cut that ends the previous one."""


def proven(runs: Sequence[IdentityRun], store: UsageStore) -> list[Chain]:
    """Those of ``runs`` that match the store exactly, oldest first; the others are removed.

    A run's own head is never sufficient. A chain of runs together must have as many identities, with the same
    exclusive or, as the store has at the same positions. A run that overlaps a proven chain is useless,
    whatever its content.
    """
    left, found = list(runs), list[Chain]()
    while left:
        whole = first_chain(left)
        chain = _without_wide_ends(whole)
        left = [run for run in left if run not in whole]
        if chain and _is_proven(chain, store):
            found.append(chain)
            left = [run for run in left if _lies_behind(run.head, chain[-1].head.last)]
        else:
            log.warning(
                "runs of identities are read from the store instead",
                reason="they do not match the store",
                runs=[run.path.name for run in whole],
            )
    kept = [run for chain in found for run in chain]
    for run in runs:
        if run not in kept:
            run.remove()
    return found


class Gap(NamedTuple):
    """What is between two cuts and in no run, except identities at the cuts' own positions."""

    since: Boundary
    end: Boundary

    @property
    def within(self) -> tuple[int, int]:
        """The first and the last position without identities in any run; the first is greater if there are
        none."""
        return self.since.last + 1, self.end.first - 1

    @property
    def seams(self) -> list[int]:
        """The positions that a cut goes through, of which runs have some identities."""
        return _seams(self.since, self.end)

    @property
    def is_empty(self) -> bool:
        first, last = self.within
        return first > last and not self.seams


def gaps(chains: Sequence[Chain], last_position: int) -> Iterator[Gap]:
    """What is before proven chains, oldest first, between them and after them, up to a position.

    Two chains of which one ends with the cut that the other begins with were each proven separately, so there
    is a gap between them too.
    """
    reached = Boundary.behind(0)
    for chain in chains:
        yield Gap(reached, chain[0].head.since)
        reached = chain[-1].head.last
    yield Gap(reached, Boundary.behind(last_position))


def _is_proven(chain: Chain, store: UsageStore) -> bool:
    """Whether a chain matches the store at the positions between its cuts, and otherwise has only identities
    of the positions that its cuts go through."""
    since, last = chain[0].head.since, chain[-1].head.last
    received_from_ms = whole_since([run.head for run in chain])
    if received_from_ms is None or last.last > store.position:
        return False
    held = sum((IdentityTally(run.head.size, run.head.low_xor) for run in chain), IdentityTally())
    stored = store.tally(received_from_ms, since.last + 1, last.first - 1)
    try:
        for position in _seams(since, last):
            for block in store.identities(received_from_ms, position, position):
                if found := type(chain[0]).find_in(chain, block.high, block.low):
                    stored += IdentityTally.of(block.low[found[0]])
    except DamagedRunError:
        return False
    return held == stored


def _without_wide_ends(chain: Chain) -> Chain:
    """A chain up to cuts that go through at most one position.

    Runs that were read from the store unordered, between the same two positions, are useful only all
    together.
    """
    first, end = 0, len(chain)
    while first < end and _is_wide(chain[first].head.since):
        first += 1
    while first < end and _is_wide(chain[end - 1].head.last):
        end -= 1
    return chain[first:end]


def _is_wide(cut: Boundary) -> bool:
    return cut.first < cut.last


def _seams(*cuts: Boundary) -> list[int]:
    return sorted({cut.first for cut in cuts if cut.first == cut.last})


def _lies_behind(head: RunHead, cut: Boundary) -> bool:
    """Whether a run begins at or after a cut's own position, and does not end there."""
    return head.since.first >= cut.last and head.last.last > cut.last
